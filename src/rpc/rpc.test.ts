/** Calls between nodes over a router that delivers bytes, under time that a test moves by hand. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import {
  FoundationError,
  RemoteError,
  resolveRules,
  silentLog,
  toError,
  type Host,
} from '../kernel/index.ts'
import type { Inbound, MessageHandler, SendOutcome } from '../transport/index.ts'
import { encodeValue, messageCodes } from '../wire/index.ts'
import { rpcDefaults, rpcRules, type RpcOptions } from './options.ts'
import { abortPayload, replyPayload, requestPayload } from './rpc-frames.ts'
import { Rpc } from './rpc.ts'
import type { RpcContext } from './served-call.ts'

class ManualHost implements Host {
  #now = 1_000
  #timers = new Map<number, { at: number; run: () => void }>()
  #next = 0
  chance = 0

  get timers(): number {
    return this.#timers.size
  }
  nowMs(): number {
    return this.#now
  }
  wallClockMs(): number {
    throw new Error('the wall clock decides nothing here')
  }
  random(): number {
    return this.chance
  }
  randomBytes(count: number): Uint8Array {
    return new Uint8Array(count)
  }
  after(delayMs: number, run: () => void): { cancel(): void } {
    const id = this.#next++
    this.#timers.set(id, { at: this.#now + delayMs, run })
    return { cancel: () => this.#timers.delete(id) }
  }
  defer(run: () => void): void {
    this.after(0, run)
  }
  /** Lets what was sent arrive first, and leaves what then happens to the caller to await. */
  async advance(ms: number): Promise<void> {
    await quiet()
    this.#now += ms
    for (const [id, timer] of [...this.#timers].sort((a, b) => a[1].at - b[1].at)) {
      if (timer.at <= this.#now && this.#timers.delete(id)) timer.run()
    }
  }
}

/** Until nothing more happens without time passing. */
const quiet = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** One node: its rpc, and a router of which only the bytes matter. */
class Node {
  readonly name: string
  readonly rpc: Rpc
  readonly handlers = new Map<number, MessageHandler>()
  readonly sent: { peer: string; payload: Buffer }[] = []
  readonly rejected: Error[] = []
  outcome: SendOutcome = 'accepted'
  /** Payloads to keep back instead of delivering. */
  holds: (payload: Uint8Array) => boolean = () => false
  held: (() => void)[] = []

  constructor(net: Net, name: string, given: { options?: object; development?: boolean } = {}) {
    this.name = name
    const router = {
      handle: (code: number, handler: MessageHandler) => this.handlers.set(code, handler),
      send: (peer: string, _class: string, payload: Uint8Array) => {
        if (this.outcome !== 'accepted') return this.outcome
        if (!net.nodes.has(peer)) return 'disconnected' as const
        this.sent.push({ peer, payload: Buffer.from(payload) })
        const deliver = (): void => net.nodes.get(peer)?.receive(name, payload)
        if (this.holds(payload)) this.held.push(deliver)
        else queueMicrotask(deliver)
        return 'accepted' as const
      },
    }
    const options: RpcOptions = resolveRules(rpcRules, given.options)
    this.rpc = new Rpc(
      {
        router: router as never,
        host: net.host,
        log: silentLog,
        telemetry: () => undefined,
        self: () => name,
        isPeer: (peer) => net.statuses.get(peer) ?? 'unknown',
        development: given.development ?? false,
      },
      options,
    )
    this.rpc.start()
    net.nodes.set(name, this)
    net.statuses.set(name, 'alive')
  }

  /** As the real router: a handler that throws is counted, never more. */
  receive(from: string, payload: Uint8Array): void {
    const inbound = { from, class: 'control', epoch: 1, sequence: 1, payload } as Inbound
    try {
      this.handlers.get(payload[0] ?? 0)?.(new Uint8Array(payload).subarray(1), inbound)
    } catch (thrown) {
      this.rejected.push(toError(thrown))
    }
  }
}

class Net {
  readonly host = new ManualHost()
  readonly nodes = new Map<string, Node>()
  readonly statuses = new Map<string, 'alive' | 'down' | 'unknown'>()
}

const strays: unknown[] = []
const onStray = (reason: unknown): void => {
  strays.push(reason)
}
before(() => {
  process.on('unhandledRejection', onStray)
})
after(async () => {
  await quiet()
  process.off('unhandledRejection', onStray)
  assert.deepEqual(strays, [], 'a rejection was left to nobody')
})

let net: Net
let a: Node
let b: Node
beforeEach(() => {
  net = new Net()
  a = new Node(net, 'a')
  b = new Node(net, 'b')
})
/** Ends with nothing pending, nothing at work and no timer left. */
const assertClean = (): void => {
  for (const { rpc } of net.nodes.values()) {
    const { pendingCalls, inboundCalls } = rpc.stats()
    assert.deepEqual({ pendingCalls, inboundCalls }, { pendingCalls: 0, inboundCalls: 0 })
  }
  assert.equal(net.host.timers, 0, 'timers left')
}
const never = (): Promise<never> => new Promise<never>(() => undefined)

describe('call()', () => {
  it('gets what the handler returned, by value, and tells it who calls', async () => {
    b.rpc.handle('sum', (args: { of: number[] }, context) => {
      return { sum: args.of.reduce((x, y) => x + y), from: context.from, name: context.name }
    })
    const value = await a.rpc.call('b', 'sum', { of: [1, 2, 3] })
    assert.deepEqual(value, { sum: 6, from: 'a', name: 'sum' })
    assertClean()
  })

  it('carries undefined both ways, and waits for promises', async () => {
    b.rpc.handle('echo', async (args) => {
      await quiet()
      return args
    })
    assert.equal(await a.rpc.call('b', 'echo'), undefined)
    assert.deepEqual(await a.rpc.call('b', 'echo', new Map([[1, 2n]])), new Map([[1, 2n]]))
  })

  it('keeps many calls apart, also when replies overtake one another', async () => {
    const waiting: (() => void)[] = []
    b.rpc.handle('later', (n: number) => {
      return new Promise((resolve) =>
        waiting.push(() => {
          resolve(n * 2)
        }),
      )
    })
    const calls = Promise.all([1, 2, 3].map((n) => a.rpc.call('b', 'later', n)))
    await quiet()
    for (const run of waiting.reverse()) run()
    assert.deepEqual(await calls, [2, 4, 6])
  })

  it('goes through the codec also to the node itself', async () => {
    const args = { list: [1] }
    a.rpc.handle('own', (given: typeof args) => {
      given.list.push(2)
      return given
    })
    const value = await a.rpc.call('a', 'own', args)
    assert.deepEqual(value, { list: [1, 2] })
    assert.deepEqual(args, { list: [1] })
    assert.equal(a.sent.length, 0)
    await assert.rejects(
      a.rpc.call('a', 'own', () => 1),
      { code: 'FND_MESSAGE_INVALID' },
    )
    await assert.rejects(a.rpc.call('a', 'none'), { code: 'FND_HANDLER_UNKNOWN' })
    assertClean()
  })

  it('sends the time it still waits, not a point in time', async () => {
    let context: RpcContext | undefined
    b.rpc.handle('x', (_args, given) => {
      context = given
      return never()
    })
    const call = a.rpc.call('b', 'x', 0, { timeoutMs: 250.2 })
    await quiet()
    assert.equal(a.sent[0]?.payload.readUInt32BE(7), 251)
    assert.equal(context?.deadlineMs, 1_251)
    await net.host.advance(251)
    await assert.rejects(call, { code: 'FND_TIMED_OUT', retryable: true })
  })

  it('rejects after 5 s when no deadline is given', async () => {
    b.rpc.handle('x', never)
    const call = a.rpc.call('b', 'x')
    let isSettled = false
    call.catch(() => (isSettled = true))
    await net.host.advance(4_999)
    await quiet()
    assert.equal(isSettled, false)
    await net.host.advance(1)
    await assert.rejects(call, { code: 'FND_TIMED_OUT', message: /"x" on node "b".*5000 ms/ })
    assertClean()
  })

  it('refuses a deadline that is none', async () => {
    for (const timeoutMs of [0, -1, NaN, Infinity, 2 ** 31]) {
      await assert.rejects(a.rpc.call('b', 'x', 0, { timeoutMs }), { code: 'FND_OPTION_INVALID' })
    }
  })

  it('refuses arguments that cannot be carried, naming the part', async () => {
    const call = a.rpc.call('b', 'x', { f: () => 1 })
    await assert.rejects(call, { code: 'FND_MESSAGE_INVALID', message: /message\.f is a function/ })
    assertClean()
  })

  it('refuses arguments that are too large', async () => {
    const call = a.rpc.call('b', 'x', Buffer.alloc(rpcDefaults.messageMaxBytes))
    await assert.rejects(call, { code: 'FND_MESSAGE_TOO_LARGE' })
    assertClean()
  })
})

describe('call() to a node that cannot answer', () => {
  it('rejects: nobody of that name, known to be down, no link, queue full', async () => {
    await assert.rejects(a.rpc.call('zed', 'x'), { code: 'FND_NODE_UNKNOWN', message: /zed/ })
    net.statuses.set('b', 'down')
    await assert.rejects(a.rpc.call('b', 'x'), { code: 'FND_NODE_DOWN' })
    net.statuses.set('b', 'alive')
    a.outcome = 'disconnected'
    await assert.rejects(a.rpc.call('b', 'x'), { code: 'FND_NODE_DOWN' })
    a.outcome = 'full'
    await assert.rejects(a.rpc.call('b', 'x'), { code: 'FND_LIMIT_REACHED' })
    assertClean()
  })

  for (const how of ['nodeDown', 'linkDown'] as const) {
    it(`rejects at once on ${how}, and only calls to that node`, async () => {
      const c = new Node(net, 'c')
      b.rpc.handle('x', never)
      c.rpc.handle('x', never)
      const toB = [a.rpc.call('b', 'x'), a.rpc.call('b', 'x')]
      const toC = a.rpc.call('c', 'x', 0, { timeoutMs: 9 })
      await quiet()
      a.rpc[how]('b')
      for (const call of toB) await assert.rejects(call, { code: 'FND_NODE_DOWN' })
      assert.equal(a.rpc.stats().pendingCalls, 1)
      await net.host.advance(9)
      await assert.rejects(toC, { code: 'FND_TIMED_OUT' })
    })
  }

  it('works again when the node is back', async () => {
    b.rpc.handle('x', () => 1)
    a.rpc.nodeDown('b')
    assert.equal(await a.rpc.call('b', 'x'), 1)
  })

  it('rejects when this node is not running, before start and after stop', async () => {
    b.rpc.handle('x', never)
    const call = a.rpc.call('b', 'x')
    await quiet()
    a.rpc.stop()
    a.rpc.stop()
    await assert.rejects(call, { code: 'FND_NOT_RUNNING' })
    await assert.rejects(a.rpc.call('b', 'x'), { code: 'FND_NOT_RUNNING' })
    a.rpc.start()
    await assert.rejects(a.rpc.call('b', 'x'), { code: 'FND_NOT_RUNNING' })
    await assert.rejects(b.rpc.call('a', 'x'), { code: 'FND_NOT_RUNNING', message: /"a"/ })
  })
})

describe('an aborted call', () => {
  it('rejects with the reason of the signal and aborts the handler', async () => {
    let signal: AbortSignal | undefined
    b.rpc.handle('x', (_args, context) => {
      signal = context.signal
      return never()
    })
    const controller = new AbortController()
    const call = a.rpc.call('b', 'x', 0, { signal: controller.signal })
    await quiet()
    assert.equal(signal?.aborted, false)
    const reason = new Error('changed my mind')
    controller.abort(reason)
    await assert.rejects(call, (thrown) => thrown === reason)
    await quiet()
    assert.equal(signal.aborted, true)
    assert.equal((signal.reason as Error).name, 'AbortError')
    assert.equal(b.rpc.stats().overdueHandlers, 1)
    assertClean()
  })

  it('is never sent when the signal was aborted before', async () => {
    const signal = AbortSignal.abort('no')
    await assert.rejects(a.rpc.call('b', 'x', 0, { signal }), (thrown) => thrown === 'no')
    assert.equal(a.sent.length, 0)
  })

  it('leaves no listener on the signal of a call that ended well', async () => {
    b.rpc.handle('x', () => 1)
    const controller = new AbortController()
    await a.rpc.call('b', 'x', 0, { signal: controller.signal })
    controller.abort()
    await quiet()
    assert.deepEqual(
      a.sent.map(({ payload }) => payload[0]),
      [messageCodes.rpcRequest],
    )
  })

  it('shows an aborted signal also to a handler that looks later', async () => {
    let context: RpcContext | undefined
    b.rpc.handle('x', (_args, given) => {
      context = given
      return never()
    })
    const call = a.rpc.call('b', 'x', 0, { timeoutMs: 5 })
    await net.host.advance(5)
    await assert.rejects(call, { code: 'FND_TIMED_OUT' })
    assert.equal(context?.signal.aborted, true)
    assert.equal((context.signal.reason as FoundationError).code, 'FND_TIMED_OUT')
  })
})

describe('a handler', () => {
  const failures: readonly (readonly [string, () => unknown, object])[] = [
    [
      'throws',
      () => {
        throw Object.assign(new TypeError('bad'), { code: 'E_BAD' })
      },
      { message: 'bad', remoteName: 'TypeError', remoteCode: 'E_BAD' },
    ],
    ['rejects', () => Promise.reject(new RangeError('far')), { remoteName: 'RangeError' }],
    ['rejects with a word', () => Promise.reject('word' as never), { message: 'word' }],
    [
      'throws what has no description',
      () => {
        throw Object.create(null) as Error
      },
      { message: /cannot be described/ },
    ],
    [
      'throws an error whose message throws',
      () => {
        throw Object.defineProperty(new Error('x'), 'message', {
          get: () => {
            throw new Error('inner')
          },
        })
      },
      { message: /cannot be described/ },
    ],
    [
      'throws an endless message',
      () => {
        throw new Error('x'.repeat(1_000_000))
      },
      { message: 'x'.repeat(4_096) },
    ],
    [
      'returns a thenable that throws',
      () => ({
        then: () => {
          throw new Error('thenable')
        },
      }),
      { message: 'thenable' },
    ],
  ]
  for (const [what, handler, expected] of failures) {
    it(`that ${what} makes the call reject with a RemoteError`, async () => {
      b.rpc.handle('x', handler)
      await assert.rejects(a.rpc.call('b', 'x'), (error) => {
        assert.ok(error instanceof RemoteError)
        assert.equal(error.code, 'FND_REMOTE_FAILED')
        assert.equal(error.nodeName, 'b')
        assert.equal(error.remoteStack, undefined)
        assert.throws(() => {
          throw error
        }, expected)
        return true
      })
      assertClean()
    })
  }

  it('sends its stack only from a node in development', async () => {
    const dev = new Node(net, 'dev', { development: true })
    dev.rpc.handle('x', () => {
      throw new Error('bad')
    })
    await assert.rejects(a.rpc.call('dev', 'x'), (error) => {
      assert.match((error as RemoteError).remoteStack ?? '', /Error: bad\n.*rpc\.test/)
      return true
    })
  })

  it('that returns what cannot be carried makes the call reject, naming the part', async () => {
    b.rpc.handle('x', () => ({ open: () => 1 }))
    const message = /result of handler "x": message\.open is a function/
    await assert.rejects(a.rpc.call('b', 'x'), { code: 'FND_MESSAGE_INVALID', message })
    b.rpc.handle('getter', () => ({
      get x(): number {
        throw new Error('no')
      },
    }))
    await assert.rejects(a.rpc.call('b', 'getter'), { code: 'FND_MESSAGE_INVALID' })
    assertClean()
  })

  it('that returns too much makes the call reject', async () => {
    b.rpc.handle('x', () => Buffer.alloc(rpcDefaults.messageMaxBytes))
    await assert.rejects(a.rpc.call('b', 'x'), { code: 'FND_MESSAGE_TOO_LARGE' })
    assertClean()
  })

  it('that never ends holds no place after its deadline', async () => {
    const one = new Node(net, 'one', { options: { maxInbound: 1 } })
    one.rpc.handle('never', never)
    one.rpc.handle('x', () => 'free')
    const stuck = a.rpc.call('one', 'never', 0, { timeoutMs: 10 })
    await quiet()
    await assert.rejects(a.rpc.call('one', 'x'), { code: 'FND_LIMIT_REACHED' })
    await net.host.advance(10)
    await assert.rejects(stuck, { code: 'FND_TIMED_OUT' })
    assert.equal(await a.rpc.call('one', 'x'), 'free')
    assert.equal(one.rpc.stats().overdueHandlers, 1)
  })

  it('that ends after the deadline sends nothing', async () => {
    let finish: (value: unknown) => void = () => undefined
    b.rpc.handle('x', () => new Promise((resolve) => (finish = resolve)))
    const call = a.rpc.call('b', 'x', 0, { timeoutMs: 10 })
    await net.host.advance(10)
    await assert.rejects(call, { code: 'FND_TIMED_OUT' })
    finish(1)
    await quiet()
    assert.equal(b.sent.length, 0)
    assert.equal(b.rpc.stats().droppedReplies, 1)
    assert.equal(b.rpc.stats().overdueHandlers, 0)
  })

  it('sees its signal abort when the link to its caller ends, and a later link gets nothing', async () => {
    let finish: (value: unknown) => void = () => undefined
    let reason: unknown
    b.rpc.handle('x', (_args, { signal }) => {
      signal.addEventListener('abort', () => (reason = signal.reason))
      return new Promise((resolve) => (finish = resolve))
    })
    const call = a.rpc.call('b', 'x')
    await quiet()
    b.rpc.linkDown('a')
    assert.equal((reason as FoundationError).code, 'FND_NODE_DOWN')
    finish(1)
    await quiet()
    assert.equal(b.sent.length, 0)
    a.rpc.linkDown('b')
    await assert.rejects(call, { code: 'FND_NODE_DOWN' })
    assertClean()
  })

  it('sees its signal abort when its own node stops', async () => {
    let signal: AbortSignal | undefined
    b.rpc.handle('x', (_args, context) => {
      signal = context.signal
      return never()
    })
    const call = a.rpc.call('b', 'x', 0, { timeoutMs: 5 })
    await quiet()
    b.rpc.stop()
    assert.equal((signal?.reason as FoundationError).code, 'FND_NOT_RUNNING')
    await net.host.advance(5)
    await assert.rejects(call, { code: 'FND_TIMED_OUT' })
    assertClean()
  })
})

describe('handle()', () => {
  it('gives a name to one handler, until it is taken back', async () => {
    const takeBack = b.rpc.handle('x', () => 1)
    assert.throws(() => b.rpc.handle('x', () => 2), { code: 'FND_HANDLER_EXISTS', message: /"x"/ })
    takeBack()
    await assert.rejects(a.rpc.call('b', 'x'), { code: 'FND_HANDLER_UNKNOWN', message: /"x"/ })
    b.rpc.handle('x', () => 2)
    takeBack()
    assert.equal(await a.rpc.call('b', 'x'), 2)
  })

  it('finds nothing by names every object has', async () => {
    for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      await assert.rejects(a.rpc.call('b', name), { code: 'FND_HANDLER_UNKNOWN' })
    }
    b.rpc.handle('__proto__', () => 'mine')
    assert.equal(await a.rpc.call('b', '__proto__'), 'mine')
  })

  it('takes names of 1 to 255 bytes', async () => {
    for (const name of ['', 'n'.repeat(256), '€'.repeat(86)]) {
      assert.throws(() => b.rpc.handle(name, () => 1), { code: 'FND_OPTION_INVALID' })
      await assert.rejects(a.rpc.call('b', name), { code: 'FND_OPTION_INVALID' })
    }
    b.rpc.handle('€'.repeat(85), () => 'long')
    assert.equal(await a.rpc.call('b', '€'.repeat(85)), 'long')
  })
})

describe('bounds', () => {
  it('hold the calls to one node without a reply, not those to another', async () => {
    const small = new Node(net, 'small', { options: { maxPending: 2 } })
    b.rpc.handle('x', never)
    a.rpc.handle('x', () => 'ok')
    const calls = [1, 2].map((n) => small.rpc.call('b', 'x', n, { timeoutMs: 10 }))
    await assert.rejects(small.rpc.call('b', 'x'), { code: 'FND_LIMIT_REACHED', message: /"b"/ })
    assert.equal(await small.rpc.call('a', 'x'), 'ok')
    await net.host.advance(10)
    for (const call of calls) await assert.rejects(call, { code: 'FND_TIMED_OUT' })
    assertClean()
  })

  it('hold the bytes of calls to one node, and let one large call through', async () => {
    const small = new Node(net, 'small', { options: { maxPendingBytes: 1_024 } })
    b.rpc.handle('x', (args: Buffer) => args.length)
    assert.equal(await small.rpc.call('b', 'x', Buffer.alloc(5_000)), 5_000)
    const first = small.rpc.call('b', 'x', Buffer.alloc(600))
    await assert.rejects(small.rpc.call('b', 'x', Buffer.alloc(600)), { code: 'FND_LIMIT_REACHED' })
    assert.equal(await first, 600)
    assert.equal(await small.rpc.call('b', 'x', Buffer.alloc(600)), 600)
  })

  it('hold the calls worked on at once', async () => {
    const busy = new Node(net, 'busy', { options: { maxInbound: 2 } })
    let finish: (value: unknown) => void = () => undefined
    busy.rpc.handle('x', () => new Promise((resolve) => (finish = resolve)))
    const calls = [1, 2, 3].map((n) => a.rpc.call('busy', 'x', n, { timeoutMs: 50 }))
    await assert.rejects(calls[2] ?? never(), { code: 'FND_LIMIT_REACHED' })
    finish('second')
    assert.equal(await calls[1], 'second')
    await net.host.advance(50)
    await assert.rejects(calls[0] ?? never(), { code: 'FND_TIMED_OUT' })
  })
})

describe('bytes of a peer', () => {
  it('that answer a call after it is over are dropped and counted', async () => {
    b.rpc.handle('x', () => 1)
    b.holds = (payload) => payload[0] === messageCodes.rpcReply
    const call = a.rpc.call('b', 'x', 0, { timeoutMs: 10 })
    await quiet()
    await net.host.advance(10)
    await assert.rejects(call, { code: 'FND_TIMED_OUT' })
    for (const deliver of b.held) deliver()
    assert.equal(a.rpc.stats().lateReplies, 1)
  })

  it('never answer a call to another node', async () => {
    const c = new Node(net, 'c')
    b.rpc.handle('x', never)
    const call = a.rpc.call('b', 'x', 0, { timeoutMs: 10 })
    await quiet()
    const callId = a.sent[0]?.payload.readUIntBE(1, 6) ?? 0
    a.receive(c.name, replyPayload(callId, 0, 'forged'))
    assert.equal(a.rpc.stats().lateReplies, 1)
    await net.host.advance(10)
    await assert.rejects(call, { code: 'FND_TIMED_OUT' })
  })

  it('never abort the call of another node', async () => {
    let signal: AbortSignal | undefined
    b.rpc.handle('x', (_args, context) => {
      signal = context.signal
      return never()
    })
    const call = a.rpc.call('b', 'x', 0, { timeoutMs: 10 })
    await quiet()
    b.receive('c', abortPayload(a.sent[0]?.payload.readUIntBE(1, 6) ?? 0))
    assert.equal(signal?.aborted, false)
    await net.host.advance(10)
    await assert.rejects(call, { code: 'FND_TIMED_OUT' })
  })

  it('that are no reply reject the call', async () => {
    const bodies = [
      Buffer.concat([replyPayload(0, 0, 1).subarray(0, 8), Buffer.from([0xc1])]),
      replyPayload(0, 1, 'no failure'),
      replyPayload(0, 1, { name: 1, message: 'x' }),
      replyPayload(0, 2, { code: 5 }),
      replyPayload(0, 77, 'no outcome'),
    ]
    for (const body of bodies) {
      b.rpc.handle('x', never)()
      const call = a.rpc.call('b', 'y', 0, { timeoutMs: 10 })
      const callId = a.sent.at(-1)?.payload.readUIntBE(1, 6) ?? 0
      body.writeUIntBE(callId, 1, 6)
      a.receive('b', body)
      await assert.rejects(call, { code: 'FND_FRAME_INVALID' })
      await quiet()
    }
  })

  it('that refuse with a code of a later version reject as FND_REMOTE_FAILED', async () => {
    const call = a.rpc.call('b', 'y')
    const callId = a.sent[0]?.payload.readUIntBE(1, 6) ?? 0
    a.receive('b', replyPayload(callId, 2, { code: 'FND_LATER', message: 'm' }))
    await assert.rejects(call, {
      code: 'FND_REMOTE_FAILED',
      details: { nodeName: 'b', code: 'FND_LATER' },
    })
  })

  it('that are no request are told so, or counted by the router', async () => {
    b.rpc.handle('x', never)
    const request = requestPayload({ callId: 5, timeoutMs: 10, name: 'x' }, 1)
    const noValue = Buffer.concat([request.subarray(0, request.length - 1), Buffer.from([0xc1])])
    b.receive('a', noValue)
    assert.equal(b.sent[0]?.payload[7], 2)
    b.receive('a', request)
    b.receive('a', request)
    b.receive('a', request.subarray(0, 9))
    b.receive('a', Buffer.from([messageCodes.rpcAbort, 1]))
    b.receive('a', Buffer.from([messageCodes.rpcReply]))
    assert.equal(b.rejected.length, 4)
    assert.equal(b.rpc.stats().inboundCalls, 1)
    await net.host.advance(10)
    assertClean()
  })

  it('with a deadline longer than a timer can hold wait as long as a timer can', async () => {
    let context: RpcContext | undefined
    b.rpc.handle('x', (_args, given) => {
      context = given
      return never()
    })
    b.receive('a', requestPayload({ callId: 5, timeoutMs: 2 ** 32 - 1, name: 'x' }, 1))
    assert.equal(context?.deadlineMs, 1_000 + 2 ** 31 - 1)
    b.rpc.linkDown('a')
    assertClean()
  })

  it('of any kind never throw out of the part', () => {
    b.rpc.handle('x', () => 1)
    let state = 9
    const chance = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0)
    for (let round = 0; round < 5_000; round++) {
      const body = Buffer.from(requestPayload({ callId: 1, timeoutMs: 1, name: 'x' }, ['a', 1]))
      body[0] = 64 + ((chance() >>> 16) % 3)
      body[1 + ((chance() >>> 16) % (body.length - 1))] = chance() >>> 24
      b.receive('a', body.subarray(0, 1 + ((chance() >>> 16) % body.length)))
    }
    assert.ok(b.rejected.every((error) => 'code' in error && error.code === 'FND_FRAME_INVALID'))
    b.rpc.stop()
  })
})

describe('multicall()', () => {
  it('asks every node once, itself included, and tells failures apart from values', async () => {
    const c = new Node(net, 'c')
    for (const node of [a, b]) node.rpc.handle('who', () => node.name)
    c.rpc.handle('who', () => {
      throw new Error('not me')
    })
    const outcomes = await a.rpc.multicall('who', 0, { nodes: ['a', 'b', 'c', 'zed', 'b'] })
    assert.deepEqual(outcomes.slice(0, 2), [
      { node: 'a', value: 'a' },
      { node: 'b', value: 'b' },
    ])
    const errors = outcomes.slice(2).map((outcome) => {
      return [outcome.node, 'error' in outcome ? (outcome.error as FoundationError).code : '']
    })
    assert.deepEqual(errors, [
      ['c', 'FND_REMOTE_FAILED'],
      ['zed', 'FND_NODE_UNKNOWN'],
    ])
    assert.equal(a.sent.length, 2)
    assertClean()
  })

  it('sends each node the same bytes, encoded once', async () => {
    const c = new Node(net, 'c')
    for (const node of [b, c]) node.rpc.handle('x', () => 1)
    let reads = 0
    const args = {
      get x(): number {
        reads += 1
        return 1
      },
    }
    await a.rpc.multicall('x', args, { nodes: ['b', 'c'] })
    assert.deepEqual(a.sent[0]?.payload, a.sent[1]?.payload)
    assert.equal(reads, 2, 'one look and one write')
  })

  it('gives the nodes that hang an error at the deadline, and the others their value', async () => {
    const c = new Node(net, 'c')
    b.rpc.handle('x', never)
    c.rpc.handle('x', () => 1)
    const call = a.rpc.multicall('x', 0, { nodes: ['b', 'c'], timeoutMs: 10 })
    await quiet()
    await net.host.advance(10)
    const [hung, good] = await call
    assert.equal(
      hung && 'error' in hung ? (hung.error as FoundationError).code : '',
      'FND_TIMED_OUT',
    )
    assert.deepEqual(good, { node: 'c', value: 1 })
  })

  it('rejects as a whole for bad arguments, and with the reason of an abort', async () => {
    b.rpc.handle('x', never)
    const nodes = ['a', 'b']
    const bad = a.rpc.multicall('x', Symbol('s'), { nodes })
    await assert.rejects(bad, { code: 'FND_MESSAGE_INVALID' })
    const controller = new AbortController()
    const call = a.rpc.multicall('x', 0, { nodes, signal: controller.signal })
    await quiet()
    controller.abort('enough')
    await assert.rejects(call, (thrown) => thrown === 'enough')
    await quiet()
    assertClean()
  })

  it('of no node is an empty list', async () => {
    assert.deepEqual(await a.rpc.multicall('x', 0, { nodes: [] }), [])
  })
})

describe('numbers of calls', () => {
  it('start at a random one and go round below 2^48', async () => {
    net.host.chance = 1 - 2 ** -48
    const late = new Node(net, 'late')
    b.rpc.handle('x', (n) => n)
    assert.deepEqual(await Promise.all([1, 2].map((n) => late.rpc.call('b', 'x', n))), [1, 2])
    const ids = late.sent.map(({ payload }) => payload.readUIntBE(1, 6))
    assert.deepEqual(ids, [0, 1])
  })

  it('are not needed to carry a value: encodeValue of the args is what follows the header', async () => {
    b.rpc.handle('x', (n) => n)
    await a.rpc.call('b', 'x', { k: 1 })
    assert.deepEqual(a.sent[0]?.payload.subarray(13), encodeValue({ k: 1 }))
  })
})

/** Handlers: what they may do, who finds them, how many run. */
import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { type FoundationError, RemoteError } from '../kernel/index.ts'
import { rpcDefaults } from './options.ts'
import { type Net, never, newPair, Node, quiet } from './rpc-fixture.test.ts'

let net: Net
let a: Node
let b: Node
beforeEach(() => {
  ;({ net, a, b } = newPair())
})

const failures: readonly (readonly [string, () => unknown, object])[] = [
  [
    'throws',
    () => {
      throw Object.assign(new TypeError('bad'), { code: 'E_BAD' })
    },
    { message: 'bad', remoteName: 'TypeError', remoteCode: 'E_BAD' },
  ],
  ['rejects', () => Promise.reject(new RangeError('far')), { remoteName: 'RangeError' }],
  [
    'rejects with a word',
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what is tested
    () => Promise.reject('word'),
    { message: 'word' },
  ],
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

describe('a handler', () => {
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
      net.assertClean()
    })
  }
})

describe('what a handler returns', () => {
  it('sends its stack only from a node in development', async () => {
    const dev = new Node(net, 'dev', { development: true })
    dev.rpc.handle('x', () => {
      throw new Error('bad')
    })
    await assert.rejects(a.rpc.call('dev', 'x'), (error) => {
      assert.match((error as RemoteError).remoteStack ?? '', /Error: bad\n.*serving\.test/)
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
    net.assertClean()
  })

  it('that returns too much makes the call reject', async () => {
    b.rpc.handle('x', () => Buffer.alloc(rpcDefaults.messageMaxBytes))
    await assert.rejects(a.rpc.call('b', 'x'), { code: 'FND_MESSAGE_TOO_LARGE' })
    net.assertClean()
  })
})

describe('a handler whose call is over', () => {
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
})

describe('the signal of a handler', () => {
  it('aborts when the link to its caller ends, and a later link gets nothing', async () => {
    let finish: (value: unknown) => void = () => undefined
    let reason: unknown
    b.rpc.handle('x', (_args, { signal }) => {
      signal.addEventListener('abort', () => {
        reason = signal.reason
      })
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
    net.assertClean()
  })

  it('aborts when its own node stops', async () => {
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
    net.assertClean()
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

  it('takes back only its own registration, also of the same function', async () => {
    const same = (): number => 1
    const takeBack = b.rpc.handle('x', same)
    takeBack()
    b.rpc.handle('x', same)
    takeBack()
    assert.equal(await a.rpc.call('b', 'x'), 1)
  })

  it('refuses what is no function', () => {
    const handler = 5 as unknown as () => number
    assert.throws(() => b.rpc.handle('x', handler), { code: 'FND_OPTION_INVALID', message: /"x"/ })
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

describe('Rpc: before a node stops', () => {
  it('calls at work get their replies, and no new ones are taken', async () => {
    const seen: string[] = []
    let finish = (): void => undefined
    b.rpc.handle(
      'slow',
      () =>
        new Promise(
          (resolve) =>
            (finish = (): void => {
              resolve('done')
            }),
        ),
    )
    a.rpc.handle('echo', (value) => value)
    const call = a.rpc.call('b', 'slow')
    await quiet()
    void b.rpc.drain().then(() => seen.push('drained'))
    await quiet()
    assert.deepEqual(seen, [])
    await assert.rejects(a.rpc.call('b', 'slow'), { code: 'FND_NOT_RUNNING' })
    assert.equal(await b.rpc.call('a', 'echo', 1), 1, 'a handler at work may still call others')
    finish()
    assert.equal(await call, 'done')
    await quiet()
    assert.deepEqual([...seen], ['drained'])
  })

  it('does not wait where nothing runs, nor for ever', async () => {
    await b.rpc.drain()
    const seen: string[] = []
    a.rpc.handle('never', never)
    const call = assert.rejects(b.rpc.call('a', 'never'))
    await quiet()
    void a.rpc.drain().then(() => seen.push('drained'))
    await net.host.advance(rpcDefaults.drainTimeoutMs - 1)
    await quiet()
    assert.deepEqual(seen, [])
    await net.host.advance(1)
    await quiet()
    assert.deepEqual([...seen], ['drained'])
    b.rpc.stop()
    await call
  })
})

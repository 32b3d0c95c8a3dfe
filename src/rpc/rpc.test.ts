/** Calling another node, and what ends a call early. */
import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { beforeEach, describe, it } from 'node:test'
import { currentTrace, runInTrace, type FoundationError } from '../kernel/index.ts'
import { messageCodes } from '../wire/index.ts'
import { rpcDefaults } from './options.ts'
import { type Net, never, newPair, Node, quiet } from './rpc-fixture.test.ts'
import type { RpcContext } from './served-call.ts'

let net: Net
let a: Node
let b: Node
beforeEach(() => {
  ;({ net, a, b } = newPair())
})

describe('call()', () => {
  it('gets what the handler returned, by value, and tells it who calls', async () => {
    b.rpc.handle('sum', (args: { of: number[] }, context) => {
      return { sum: args.of.reduce((x, y) => x + y), from: context.from, name: context.name }
    })
    const value = await a.rpc.call('b', 'sum', { of: [1, 2, 3] })
    assert.deepEqual(value, { sum: 6, from: 'a', name: 'sum' })
    net.assertClean()
  })

  it('carries undefined both ways, and waits for promises', async () => {
    b.rpc.handle('echo', async (args) => {
      await quiet()
      return args
    })
    assert.equal(await a.rpc.call('b', 'echo'), undefined)
    assert.deepEqual(await a.rpc.call('b', 'echo', new Map([[1, 2n]])), new Map([[1, 2n]]))
  })

  it('runs the handler in the trace of the caller, if there is one', async () => {
    b.rpc.handle('trace', () => currentTrace())
    const trace = { correlationId: 'r-1', traceparent: '00-1-2-01' }
    assert.deepEqual(await runInTrace(trace, () => a.rpc.call('b', 'trace')), trace)
    assert.equal(await a.rpc.call('b', 'trace'), undefined)
    net.assertClean()
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
    net.assertClean()
  })
})

describe('the deadline and the size of a call', () => {
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
    net.assertClean()
  })

  it('refuses a deadline that is none', async () => {
    for (const timeoutMs of [0, -1, NaN, Infinity, 2 ** 31]) {
      await assert.rejects(a.rpc.call('b', 'x', 0, { timeoutMs }), { code: 'FND_OPTION_INVALID' })
    }
  })

  it('refuses arguments that cannot be carried, naming the part', async () => {
    const call = a.rpc.call('b', 'x', { f: () => 1 })
    await assert.rejects(call, { code: 'FND_MESSAGE_INVALID', message: /message\.f is a function/ })
    net.assertClean()
  })

  it('refuses arguments that are too large', async () => {
    const call = a.rpc.call('b', 'x', Buffer.alloc(rpcDefaults.messageMaxBytes))
    await assert.rejects(call, { code: 'FND_MESSAGE_TOO_LARGE' })
    net.assertClean()
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
    net.assertClean()
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
    net.assertClean()
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
    assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
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

/** Bounds of calls, and bytes of a hostile peer. */
import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { messageCodes } from '../wire/index.ts'
import { abortPayload, replyPayload, requestPayload } from './rpc-frames.ts'
import { type Net, never, newPair, Node, quiet } from './rpc-fixture.test.ts'
import type { RpcContext } from './served-call.ts'

let net: Net
let a: Node
let b: Node
beforeEach(() => {
  ;({ net, a, b } = newPair())
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
    net.assertClean()
  })

  it('hold the bytes of calls to one node, and let one large call through', async () => {
    const small = new Node(net, 'small', { options: { maxPendingBytes: 1_024 } })
    b.rpc.handle('x', (args: Buffer) => args.length)
    assert.equal(await small.rpc.call('b', 'x', Buffer.alloc(5_000)), 5_000)
    const first = small.rpc.call('b', 'x', Buffer.alloc(600))
    await assert.rejects(small.rpc.call('b', 'x', Buffer.alloc(600)), { code: 'FND_LIMIT_REACHED' })
    assert.equal(await first, 600)
    const both = [1, 2].map(() => small.rpc.call('b', 'x', Buffer.alloc(300)))
    assert.deepEqual(await Promise.all(both), [300, 300])
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
})

describe('bytes of a peer that break the format', () => {
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
    net.assertClean()
  })
})

describe('more bytes of a peer', () => {
  it('with a deadline longer than a timer can hold wait as long as a timer can', () => {
    let context: RpcContext | undefined
    b.rpc.handle('x', (_args, given) => {
      context = given
      return never()
    })
    b.receive('a', requestPayload({ callId: 5, timeoutMs: 2 ** 32 - 1, name: 'x' }, 1))
    assert.equal(context?.deadlineMs, 1_000 + 2 ** 31 - 1)
    b.rpc.linkDown('a')
    net.assertClean()
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

/** The bytes of a call, which never change. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { runInTrace } from '../kernel/index.ts'
import {
  abortPayload,
  readAbort,
  readReply,
  readRequest,
  replyOutcomes,
  replyPayload,
  requestPayload,
} from './rpc-frames.ts'

describe('the bytes of a call', () => {
  it('are the same as ever: request, reply, abort', () => {
    const request = requestPayload({ callId: 2 ** 40 + 1, timeoutMs: 5_000, name: 'a.b' }, [1])
    assert.equal(request.toString('hex'), '40' + '010000000001' + '00001388' + '03612e62' + '9101')
    const reply = replyPayload(7, replyOutcomes.thrown, 'x')
    assert.equal(reply.toString('hex'), '41' + '000000000007' + '01' + 'a178')
    assert.equal(abortPayload(7).toString('hex'), '42' + '000000000007')
  })

  it('are the same as ever in a trace', () => {
    const trace = { traceparent: 'ab', correlationId: 'c' }
    const order = { callId: 1, timeoutMs: 5_000, name: 'a.b' }
    const request = runInTrace(trace, () => requestPayload(order, [1]))
    const golden = '43' + '000000000001' + '00001388' + '03612e62' + '0261620163' + '9101'
    assert.equal(request.toString('hex'), golden)
    const read = readRequest(request.subarray(1), true)
    assert.deepEqual([read.trace, read.name, read.args()], [trace, 'a.b', [1]])
  })

  it('come back as they went, whatever the name', () => {
    const ids = fc.maxSafeNat().map((number) => number % 2 ** 48)
    const names = fc.string({ unit: 'grapheme', maxLength: 20 })
    fc.assert(
      fc.property(ids, fc.nat(), names, (callId, timeoutMs, name) => {
        const payload = requestPayload({ callId, timeoutMs, name }, { at: callId })
        const request = readRequest(new Uint8Array(payload.subarray(1)))
        assert.deepEqual(
          [request.callId, request.timeoutMs, request.name, request.args()],
          [callId, timeoutMs, name, { at: callId }],
        )
        const reply = readReply(replyPayload(callId, 0, name).subarray(1))
        assert.deepEqual([reply.callId, reply.outcome, reply.value()], [callId, 0, name])
        assert.equal(readAbort(abortPayload(callId).subarray(1)), callId)
      }),
    )
  })

  it('are refused when cut short', () => {
    const invalid = { code: 'FND_FRAME_INVALID' }
    const request = requestPayload({ callId: 1, timeoutMs: 1, name: 'abc' }, 1).subarray(1)
    for (let length = 0; length < request.length; length++) {
      const cut = request.subarray(0, length)
      assert.throws(() => readRequest(cut).args(), invalid)
      if (length < 14) assert.throws(() => readRequest(cut), invalid)
    }
    const reply = replyPayload(1, 0, 1).subarray(1)
    for (let length = 0; length < reply.length; length++) {
      assert.throws(() => readReply(reply.subarray(0, length)).value(), invalid)
    }
    assert.throws(() => readAbort(Buffer.alloc(5)), invalid)
  })
})

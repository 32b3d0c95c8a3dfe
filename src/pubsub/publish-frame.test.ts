import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isFoundationError } from '../kernel/index.ts'
import { decodeValue, encodeValue } from '../wire/index.ts'
import { PublishHead, readPublishFrame } from './publish-frame.ts'

function encode(topic: string, value: unknown, sentAt: number): Buffer {
  const head = PublishHead.of(topic)
  const payload = encodeValue(value, head.length)
  head.writeTo(payload, sentAt)
  return payload
}

describe('publish frame', () => {
  it('has these bytes, always', () => {
    const golden =
      '30' + // code 48
      '00' + // flags
      '4278bcfe56800000' + // 1 700 000 000 000 as f64
      '0008' + // bytes of the topic
      '6576656e74732e78' + // events.x
      '81a16101' // { a: 1 }
    assert.equal(encode('events.x', { a: 1 }, 1_700_000_000_000).toString('hex'), golden)
  })

  it('has these bytes when it belongs to a trace, and not one of them otherwise', () => {
    const head = PublishHead.of('events.x').traced({ traceparent: 'ab', correlationId: 'c' })
    const payload = encodeValue({ a: 1 }, head.length)
    head.writeTo(payload, 1_700_000_000_000)
    const golden = '30' + '01' + '4278bcfe56800000' + '0008' + '6576656e74732e78'
    assert.equal(payload.toString('hex'), golden + '0261620163' + '81a16101')
    const { trace, topicAt, topicEnd, valueAt } = readPublishFrame(payload)
    assert.deepEqual(trace, { traceparent: 'ab', correlationId: 'c' })
    assert.deepEqual([topicAt, topicEnd, valueAt], [12, 20, 25])
  })

  it('is refused with a flag of a later version', () => {
    const payload = encode('events.x', 1, 1)
    payload[1] = 2
    assert.throws(() => readPublishFrame(payload), { code: 'FND_FRAME_INVALID' })
  })

  it('is read as it was written', () => {
    const token = fc.stringMatching(/^[a-zäöü0-9:_/-]{1,8}$/)
    const topics = fc.array(token, { minLength: 1, maxLength: 5 }).map((tokens) => tokens.join('.'))
    const values = fc.jsonValue().filter((value) => !JSON.stringify(value).includes('__proto__'))
    const times = fc.double({ noNaN: true, noDefaultInfinity: true })
    fc.assert(
      fc.property(topics, values, times, (topic, value, sentAt) => {
        const payload = encode(topic, value, sentAt)
        const frame = readPublishFrame(payload)
        assert.equal(frame.sentAt, sentAt)
        assert.equal(payload.toString('utf8', frame.topicAt, frame.topicEnd), topic)
        const plain = JSON.stringify(value)
        assert.equal(JSON.stringify(decodeValue(payload, frame.valueAt)), plain)
      }),
    )
  })

  it('takes any bytes for a frame or refuses them, and never throws anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (payload) => {
        try {
          const { valueAt } = readPublishFrame(payload)
          assert.ok(valueAt < payload.length)
        } catch (thrown) {
          assert.ok(isFoundationError(thrown) && thrown.code === 'FND_FRAME_INVALID')
        }
      }),
      { numRuns: 2_000 },
    )
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isFoundationError } from '../kernel/index.ts'
import { decodeValue, encodeValue } from '../wire/index.ts'
import { publishHead, readPublishFrame, writePublishHead } from './publish-frame.ts'

function encode(topic: string, value: unknown, sentAt: number): Buffer {
  const head = publishHead(topic)
  const payload = encodeValue(value, head.length)
  writePublishHead(payload, head, sentAt)
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

  it('is read as it was written', () => {
    const token = fc.stringMatching(/^[a-zäöü0-9:_/-]{1,8}$/)
    const topics = fc.array(token, { minLength: 1, maxLength: 5 }).map((tokens) => tokens.join('.'))
    const times = fc.double({ noNaN: true, noDefaultInfinity: true })
    fc.assert(
      fc.property(topics, fc.jsonValue(), times, (topic, value, sentAt) => {
        const body = encode(topic, value, sentAt).subarray(1)
        const frame = readPublishFrame(body)
        assert.equal(frame.sentAt, sentAt)
        assert.equal(body.toString('utf8', frame.topicAt, frame.valueAt), topic)
        const plain = JSON.stringify(value)
        assert.equal(JSON.stringify(decodeValue(body, frame.valueAt)), plain)
      }),
    )
  })

  it('takes any bytes for a frame or refuses them, and never throws anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (body) => {
        try {
          const { valueAt } = readPublishFrame(body)
          assert.ok(valueAt < body.length)
        } catch (thrown) {
          assert.ok(isFoundationError(thrown) && thrown.code === 'FND_FRAME_INVALID')
        }
      }),
      { numRuns: 2_000 },
    )
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isFoundationError } from '../kernel/index.ts'
import { readTraceBlock, traceBlock } from './trace-block.ts'

describe('trace block', () => {
  it('has these bytes, always', () => {
    assert.equal(
      traceBlock({ traceparent: 'ab', correlationId: 'c' }).toString('hex'),
      '0261620163',
    )
    assert.equal(traceBlock({}).toString('hex'), '0000')
  })

  it('comes back as it went; a part that is too long is left out', () => {
    const texts = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(texts, texts, (traceparent, correlationId) => {
        const bytes = Buffer.concat([Buffer.of(7), traceBlock({ traceparent, correlationId })])
        const { trace, end } = readTraceBlock(bytes, 1)
        assert.deepEqual(trace, { traceparent, correlationId })
        assert.equal(end, bytes.length)
      }),
    )
    const long = traceBlock({ correlationId: 'x'.repeat(256), traceparent: 't' })
    assert.deepEqual(readTraceBlock(long, 0).trace, { traceparent: 't' })
  })

  it('takes any bytes for a block or refuses them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
        try {
          assert.ok(readTraceBlock(bytes, 0).end <= bytes.length)
        } catch (thrown) {
          assert.ok(isFoundationError(thrown) && thrown.code === 'FND_FRAME_INVALID')
        }
      }),
    )
  })
})

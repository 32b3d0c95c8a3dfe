import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseTraceparent, traceparentOf } from './traceparent.ts'

describe('traceparent', () => {
  const place = {
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    spanId: '00f067aa0ba902b7',
    traceFlags: 1,
  }

  it('goes there and back', () => {
    const text = traceparentOf(place)
    assert.equal(text, '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01')
    assert.deepEqual(parseTraceparent(text), { ...place, isRemote: true })
  })

  it('is nothing when it is malformed', () => {
    const zeros = `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`
    const later = `ff-${place.traceId}-${place.spanId}-01`
    for (const text of [undefined, '', 'x', zeros, later])
      assert.equal(parseTraceparent(text), undefined)
  })
})

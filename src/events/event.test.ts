import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isEventOf, sourceOf } from './event.ts'

const event = {
  specversion: '1.0',
  id: '1',
  source: 'a@host',
  type: 'orders.created',
  time: '2026-01-01T00:00:00.000Z',
  data: {},
}
const named = { nodeName: 'a@host', type: 'orders.created' }

describe('an event', () => {
  it('is told from any other message on the same topic', () => {
    assert.equal(isEventOf(event, named), true)
    const others: unknown[] = [
      null,
      'text',
      {},
      { ...event, specversion: '0.3' },
      { ...event, type: 'orders.paid' },
      { ...event, id: 1 },
      { ...event, time: 'yesterday' },
      { ...event, correlationid: 7 },
    ]
    for (const other of others) assert.equal(isEventOf(other, named), false)
  })

  it('can only be of the node that sent it', () => {
    assert.equal(isEventOf({ ...event, source: 'b@host' }, named), false)
  })

  it('has its node as source, as a URI reference', () => {
    assert.equal(sourceOf('shop-1@host'), 'shop-1@host')
    assert.equal(sourceOf('a:b/c'), 'a%3Ab%2Fc')
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { FoundationEvent } from './event.ts'
import { EventHistory, type EventQuery } from './history.ts'

const startMs = Date.UTC(2026, 0, 1)

function event(number: number, given: Partial<FoundationEvent> = {}): FoundationEvent {
  const time = new Date(startMs + number).toISOString()
  return {
    specversion: '1.0',
    id: String(number),
    source: 'a',
    type: 'x',
    time,
    data: null,
    ...given,
  }
}

const idsOf = (events: readonly FoundationEvent[]): string[] => events.map(({ id }) => id)

describe('EventHistory', () => {
  it('finds what a search through all of the latest would find', () => {
    const types = fc.constantFrom('x', 'orders.created', 'orders.paid', 'orders')
    const sources = fc.constantFrom('a', 'b')
    const causes = fc.constantFrom('r-1', 'r-2', undefined)
    const events = fc.array(fc.record({ type: types, source: sources, correlationid: causes }), {
      maxLength: 60,
    })
    const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
      fc.option(value, { nil: undefined })
    const queries = fc.record({
      type: maybe(fc.constantFrom('x', 'orders.*', '>', 'orders')),
      source: maybe(sources),
      correlationId: maybe(fc.constantFrom('r-1', 'r-9')),
      since: maybe(fc.integer({ min: 0, max: 60 }).map((ms) => startMs + ms)),
      until: maybe(fc.integer({ min: 0, max: 60 }).map((ms) => new Date(startMs + ms))),
      limit: maybe(fc.integer({ min: 0, max: 10 })),
    })
    fc.assert(
      fc.property(events, queries, (given, query) => {
        const history = new EventHistory({ historyMaxEvents: 20, historyMaxBytes: 1e6 })
        const all = given.map(({ correlationid, ...rest }, at) =>
          event(at, { ...rest, ...(correlationid !== undefined && { correlationid }) }),
        )
        for (const each of all) history.add(each, 10)
        assert.deepEqual(idsOf(history.query(query)), idsOf(searched(all.slice(-20), query)))
        assert.equal(history.dropped, Math.max(0, all.length - 20))
      }),
      { numRuns: 500 },
    )
  })

  it('drops the oldest when it has too many bytes, and forgets them in every index', () => {
    const history = new EventHistory({ historyMaxEvents: 100, historyMaxBytes: 30 })
    for (let at = 0; at < 5; at++) history.add(event(at, { correlationid: 'r' }), 10)
    assert.deepEqual([history.size, history.bytes, history.dropped], [3, 30, 2])
    for (const query of [{}, { type: 'x' }, { source: 'a' }, { correlationId: 'r' }]) {
      assert.deepEqual(idsOf(history.query(query)), ['2', '3', '4'])
    }
    history.add(event(9), 31)
    assert.deepEqual([history.size, history.bytes, history.dropped], [0, 0, 6])
  })

  it('stays small however many events come', () => {
    const history = new EventHistory({ historyMaxEvents: 10, historyMaxBytes: 1e6 })
    for (let at = 0; at < 20_000; at++) history.add(event(at), 1)
    assert.deepEqual(idsOf(history.query({ limit: 2 })), ['19998', '19999'])
    assert.equal(history.size, 10)
  })
})

/** The same in the plainest way. */
function searched(events: readonly FoundationEvent[], query: EventQuery): FoundationEvent[] {
  const patterns: Record<string, RegExp> = {
    x: /^x$/,
    orders: /^orders$/,
    'orders.*': /^orders\.\w+$/,
    '>': /./,
  }
  const found = events
    .filter((each) => query.since === undefined || Date.parse(each.time) >= Number(query.since))
    .filter((each) => query.until === undefined || Date.parse(each.time) <= Number(query.until))
    .filter(
      (each) =>
        (query.type === undefined || patterns[query.type]?.test(each.type)) &&
        (query.source === undefined || each.source === query.source) &&
        (query.correlationId === undefined || each.correlationid === query.correlationId),
    )
  return query.limit === 0 ? [] : found.slice(-(query.limit ?? found.length))
}

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { RoundTrip } from './round-trip.ts'

describe('RoundTrip', () => {
  it('smooths, and measures queueing against the smallest of late', () => {
    const trip = new RoundTrip()
    assert.equal(trip.smoothedMs, undefined)
    assert.deepEqual(trip.sample(20, 0), { baseMs: 20, recentMs: 0, lastingMs: 0 })
    trip.sample(28, 50)
    assert.equal(trip.smoothedMs, 21)
    assert.equal(trip.baseMs, 20)
  })

  it('takes one late sample for chance, two for recent and four for lasting', () => {
    const trip = new RoundTrip()
    trip.sample(20, 0)
    assert.deepEqual(trip.sample(30, 50), { baseMs: 20, recentMs: 0, lastingMs: 0 })
    assert.deepEqual(trip.sample(31, 100), { baseMs: 20, recentMs: 10, lastingMs: 0 })
    assert.deepEqual(trip.sample(32, 150), { baseMs: 20, recentMs: 11, lastingMs: 0 })
    assert.deepEqual(trip.sample(33, 200), { baseMs: 20, recentMs: 12, lastingMs: 10 })
  })

  it('learns a longer route within 20 seconds', () => {
    const trip = new RoundTrip()
    trip.sample(5, 0)
    for (let nowMs = 100; nowMs < 20_000; nowMs += 100) trip.sample(50, nowMs)
    assert.equal(trip.baseMs, 5)
    trip.sample(50, 20_000)
    assert.equal(trip.baseMs, 50)
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HybridClock } from './hybrid-clock.ts'
import { compareStamps } from './version.ts'

function clockAt(startMs: number): { clock: HybridClock; set: (ms: number) => void } {
  let wallMs = startMs
  const host = { wallClockMs: () => wallMs }
  const set = (ms: number): void => {
    wallMs = ms
  }
  return { clock: new HybridClock(host, { driftMaxMs: 1_000 }), set }
}

describe('HybridClock', () => {
  it('gives later stamps while the wall clock stands still or goes back', () => {
    const { clock, set } = clockAt(5_000)
    const stamps = [clock.now(), clock.now()]
    set(1_000)
    stamps.push(clock.now())
    for (const [at, stamp] of stamps.slice(1).entries()) {
      assert.ok(compareStamps(stamps[at] ?? stamp, stamp) < 0)
    }
  })

  it('is later than what it observed', () => {
    const { clock } = clockAt(5_000)
    assert.ok(clock.observe({ wallMs: 5_900, counter: 7 }))
    assert.deepEqual(clock.now(), { wallMs: 5_900, counter: 8 })
  })

  it('is not dragged along by a clock that is wrong', () => {
    const { clock } = clockAt(5_000)
    assert.equal(clock.observe({ wallMs: 6_001, counter: 0 }), false)
    assert.deepEqual(clock.now(), { wallMs: 5_000, counter: 0 })
  })

  it('gives a stamp after a given one, however far ahead, and then goes on as before', () => {
    const { clock } = clockAt(5_000)
    assert.deepEqual(clock.now({ wallMs: 99_000, counter: 1 }), { wallMs: 99_000, counter: 2 })
    assert.equal(clock.now().wallMs, 5_000)
  })
})

/** Stamps of messages: exact where time passes between them, shared in a burst. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemHost, type Host } from '../kernel/index.ts'
import { StampClock } from './stamp-clock.ts'

interface FakeHost {
  readonly host: Host
  readonly set: (ms: number) => void
  readonly endTurn: () => void
  readonly reads: () => number
}

/** A clock set by hand that counts how often it is read, and turns ended by hand. */
function fakeHost(): FakeHost {
  let nowMs = 1_000
  let reads = 0
  let atTurnEnd: (() => void)[] = []
  const host: Host = {
    ...systemHost,
    wallClockMs: () => {
      reads += 1
      return nowMs
    },
    defer: (run) => {
      atTurnEnd.push(run)
    },
  }
  return {
    host,
    set: (ms) => {
      nowMs = ms
    },
    endTurn: () => {
      const due = atTurnEnd
      atTurnEnd = []
      for (const run of due) run()
    },
    reads: () => reads,
  }
}

describe('StampClock', () => {
  it('reads the clock for every message while time passes between them', () => {
    const { host, set } = fakeHost()
    const clock = new StampClock(host)
    const stamps = [1_000, 1_001, 1_005, 900].map((ms) => {
      set(ms)
      return clock.now()
    })
    assert.deepEqual(stamps, [1_000, 1_001, 1_005, 900])
  })

  it('reads it for one message in sixteen during a burst', () => {
    const { host, reads } = fakeHost()
    const clock = new StampClock(host)
    for (let message = 0; message < 161; message += 1) assert.equal(clock.now(), 1_000)
    assert.equal(reads(), 11)
  })

  it('reads it anew in the next turn', () => {
    const { host, set, endTurn } = fakeHost()
    const clock = new StampClock(host)
    clock.now()
    clock.now()
    set(60_000)
    assert.equal(clock.now(), 1_000)
    endTurn()
    assert.equal(clock.now(), 60_000)
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemHost, type Host } from '../../kernel/index.ts'
import { Heartbeat } from './heartbeat.ts'
import type { Lane } from './lane.ts'

/** Time that only moves when told; one timer at a time is enough here. */
class Clock {
  nowMs = 0
  #due: { atMs: number; run: () => void } | undefined
  readonly host: Host = {
    ...systemHost,
    nowMs: () => this.nowMs,
    after: (delayMs, run) => {
      const due = { atMs: this.nowMs + delayMs, run }
      this.#due = due
      return {
        cancel: () => {
          if (this.#due === due) this.#due = undefined
        },
      }
    },
  }

  get isIdle(): boolean {
    return this.#due === undefined
  }

  /** Fires the timer, `lateMs` after its time. */
  next(lateMs = 0): void {
    const due = this.#due
    assert.ok(due)
    this.#due = undefined
    this.nowMs = due.atMs + lateMs
    due.run()
  }
}

function controlLane(): { lane: Lane; pings: number[]; beats: number[]; clock: Clock } {
  const clock = new Clock()
  const pings: number[] = []
  const beats: number[] = []
  const connection = {
    heardAtMs: 0,
    owesPing: false,
    ping: () => pings.push(clock.nowMs),
    beat: (elapsedMs: number) => beats.push(elapsedMs),
  }
  return { lane: { connection } as unknown as Lane, pings, beats, clock }
}

const options = { pingIntervalMs: 500, silentAfterMs: 30_000 }

describe('Heartbeat', () => {
  it('asks at every interval, more often while credit is in the way, and stops', () => {
    const { lane, pings, clock } = controlLane()
    const heartbeat = new Heartbeat(
      { host: clock.host, lanes: [lane], tellCredit: () => undefined },
      options,
    )
    heartbeat.start()
    clock.next()
    heartbeat.hurry()
    clock.next()
    clock.next()
    assert.deepEqual(pings, [0, 500, 550, 1_050])
    heartbeat.stop()
    assert.ok(clock.isIdle)
    heartbeat.hurry()
    assert.ok(clock.isIdle)
  })

  it('does not take a pause of its own process for silence of the peer', () => {
    const { lane, beats, clock } = controlLane()
    const heartbeat = new Heartbeat(
      { host: clock.host, lanes: [lane], tellCredit: () => undefined },
      options,
    )
    heartbeat.start()
    clock.next(60_000)
    clock.next()
    assert.deepEqual(beats, [0, 1_000, 500])
    heartbeat.stop()
  })

  it('ends a link whose peer does not answer a challenge', () => {
    const { lane, clock } = controlLane()
    const heartbeat = new Heartbeat(
      { host: clock.host, lanes: [lane], tellCredit: () => undefined },
      options,
    )
    heartbeat.start()
    clock.next()
    let isSilent = false
    heartbeat.challenge(() => {
      isSilent = true
    })
    clock.next()
    assert.ok(isSilent)
    assert.equal(heartbeat.silentMs, 2_000)
  })
})

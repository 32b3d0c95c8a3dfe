import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import type { Host } from '../kernel/index.ts'
import { VirtualClock } from '../testing/virtual-host.ts'
import { SlackTimers } from './slack-timers.ts'

/** Timers on a virtual clock, and how often the process was woken up. */
function world(): { clock: VirtualClock; timers: SlackTimers; wakeUps: () => number } {
  const clock = new VirtualClock({ seed: 1 })
  const real = clock.host('a')
  let wakeUps = 0
  const counting: Host = {
    ...real,
    after: (delayMs, run) =>
      real.after(delayMs, () => {
        wakeUps += 1
        run()
      }),
  }
  return { clock, timers: new SlackTimers(counting), wakeUps: () => wakeUps }
}

it('SlackTimers: one that may go off early does so with another that is due, in one wake-up', async () => {
  const { clock, timers, wakeUps } = world()
  const fired: [string, number][] = []
  timers.after({ delayMs: 1_000, slackMs: 0 }, () => fired.push(['due', clock.nowMs]))
  timers.after({ delayMs: 1_400, slackMs: 500 }, () => fired.push(['early', clock.nowMs]))
  timers.after({ delayMs: 1_600, slackMs: 500 }, () => fired.push(['own', clock.nowMs]))
  await clock.advance(2_000)
  const expected = [
    ['due', 1_000],
    ['early', 1_000],
    ['own', 1_600],
  ]
  assert.deepEqual(fired, expected)
  assert.equal(wakeUps(), 2)
})

it('SlackTimers: an earlier one set later is not kept waiting, nor is one set from another', async () => {
  const { clock, timers } = world()
  const fired: number[] = []
  timers.after({ delayMs: 1_000, slackMs: 0 }, () => fired.push(clock.nowMs))
  timers.after({ delayMs: 100, slackMs: 0 }, () => {
    fired.push(clock.nowMs)
    timers.after({ delayMs: 50, slackMs: 0 }, () => fired.push(clock.nowMs))
  })
  await clock.advance(2_000)
  assert.deepEqual(fired, [100, 150, 1_000])
})

it('SlackTimers: a cancelled one never goes off, also when a neighbour cancels it; no alarm stays', async () => {
  const { clock, timers, wakeUps } = world()
  const fired: string[] = []
  timers.after({ delayMs: 100, slackMs: 0 }, () => {
    fired.push('first')
    neighbour.cancel()
  })
  const neighbour = timers.after({ delayMs: 100, slackMs: 0 }, () => fired.push('neighbour'))
  const lone = timers.after({ delayMs: 200, slackMs: 0 }, () => fired.push('lone'))
  await clock.advance(150)
  lone.cancel()
  await clock.advance(1_000)
  assert.deepEqual(fired, ['first'])
  assert.equal(wakeUps(), 1)
})

const windows = fc.array(
  fc.record({
    setAtMs: fc.integer({ min: 0, max: 500 }),
    delayMs: fc.integer({ min: 0, max: 500 }),
    slackMs: fc.integer({ min: 0, max: 500 }),
  }),
  { maxLength: 20 },
)

it('SlackTimers: each goes off once, within its window', async () => {
  await fc.assert(
    fc.asyncProperty(windows, async (given) => {
      const { clock, timers } = world()
      const firedAtMs = given.map((): number[] => [])
      const other = clock.host('b')
      given.forEach(({ setAtMs, ...window }, index) => {
        other.after(setAtMs, () => timers.after(window, () => firedAtMs[index]?.push(clock.nowMs)))
      })
      await clock.advance(2_000)
      given.forEach(({ setAtMs, delayMs, slackMs }, index) => {
        const times = firedAtMs[index] ?? []
        const latestMs = setAtMs + delayMs
        assert.equal(times.length, 1)
        for (const atMs of times) {
          assert.ok(atMs <= latestMs && atMs >= Math.max(setAtMs, latestMs - slackMs))
        }
      })
    }),
  )
})

/**
 * Names: how many registrations a second three processes manage, until every one of them knows all;
 * how soon one is seen on another; and how fast lookups are.
 */
import { formFleet } from './crash-detection.mjs'
import { monotonicMs } from './harness/clock.mjs'
import { closeFleet, openFleet } from './harness/fleet.mjs'
import { printGoal, printTable, spreadText, threeDigits } from './harness/report.mjs'
import { median, percentile } from './harness/statistics.mjs'

const names = ['node-1', 'node-2', 'node-3']
const total = 100_000
const concurrency = 200
const slowCount = 300
const minuteMs = 60_000

/** Registrations, visibility and lookups on three processes. */
export const registrations = {
  summary: 'registrations/s incl. convergence, visibility on another node, lookups/s, 3 processes',
  async run({ rounds, profileFolder }) {
    const runs = []
    for (let round = 1; round <= rounds; round += 1) {
      const run = await measure(profileFolder)
      const rate = threeDigits(run.perSecond)
      console.log(`round ${round} of ${rounds}: ${rate} registrations/s`)
      runs.push(run)
    }
    print(runs)
    return { registrations: runs }
  },
}

async function measure(profileFolder) {
  const fleet = await openFleet({ system: 'foundation', names, profileFolder })
  try {
    await formFleet(fleet)
    const before = await cpuMs(fleet)
    const perSecond = await registerAll(fleet)
    const cpuMicros = (((await cpuMs(fleet)) - before) * 1_000) / total
    const visibleMs = await visibility(fleet)
    const lookups = { count: 10_000, forMs: 500 }
    const own = await fleet[0].call('lookUp', { prefix: 'node-1', ...lookups })
    const remote = await fleet[0].call('lookUp', { prefix: 'node-2', ...lookups })
    if (own.misses + remote.misses > 0) throw new Error('lookups missed names')
    return {
      perSecond,
      cpuMicros,
      visibleMs,
      ownLookups: own.perSecond,
      remoteLookups: remote.perSecond,
    }
  } finally {
    await closeFleet(fleet)
  }
}

/** Processor time of all processes so far. */
async function cpuMs(fleet) {
  const all = await Promise.all(fleet.map((one) => one.call('vitals')))
  return all.reduce((sum, vitals) => sum + vitals.cpuMs, 0)
}

/** The clock runs from the first registration until every process knows all names. */
async function registerAll(fleet) {
  const count = Math.floor(total / fleet.length)
  const work = fleet.map(({ name }, index) =>
    fleet[index].call('registerMany', { prefix: name, count, concurrency }),
  )
  const known = { count: count * fleet.length, timeoutMs: 2 * minuteMs }
  const done = await Promise.all(work)
  const seen = await Promise.all(fleet.map((one) => one.call('awaitNames', known)))
  const beganAtMs = Math.min(...done.map((one) => one.beganAtMs))
  const endedAtMs = Math.max(...done.map((one) => one.endedAtMs), ...seen.map((one) => one.atMs))
  return (count * fleet.length) / ((endedAtMs - beganAtMs) / 1_000)
}

async function visibility([writer, reader]) {
  const plan = { prefix: 'slow', count: slowCount }
  const seen = reader.call('watchNames', plan)
  const registered = await writer.call('registerSlowly', plan)
  const { atMs } = await seen
  return atMs.map((moment, index) => Math.max(0, moment - registered.atMs[index]))
}

function print(runs) {
  const rate = median(runs.map((run) => run.perSecond))
  const visibleMs = runs.flatMap((run) => run.visibleMs)
  const lookups = Math.min(...runs.flatMap((run) => [run.ownLookups, run.remoteLookups]))
  console.log()
  printTable([
    {
      'registrations/s': spreadText(runs.map((run) => run.perSecond)),
      'processor µs each, over all': spreadText(runs.map((run) => run.cpuMicros)),
      'visible after ms, p50': threeDigits(percentile(visibleMs, 0.5)),
      p99: threeDigits(percentile(visibleMs, 0.99)),
      'lookups/s, own': spreadText(runs.map((run) => run.ownLookups)),
      'of another': spreadText(runs.map((run) => run.remoteLookups)),
    },
  ])
  printGoal({
    ...{ what: `registrations of ${total} names`, goal: '>= 25 000/s' },
    ...{ measured: `${threeDigits(rate)}/s`, reached: rate >= 25_000 },
  })
  const p99 = percentile(visibleMs, 0.99)
  printGoal({
    ...{ what: 'visible on another node, p99', goal: '<= 50 ms' },
    ...{ measured: `${threeDigits(p99)} ms`, reached: p99 <= 50 },
  })
  printGoal({
    ...{ what: 'lookups', goal: '>= 1 000 000/s' },
    ...{ measured: `${threeDigits(lookups)}/s`, reached: lookups >= 1_000_000 },
  })
}

/**
 * Commits of settings: how long one takes on an idle cluster whose code is warm, and what the first
 * ones cost; how many go through; how soon a `set` is seen elsewhere. In memory, and with a file that
 * is synced before each vote. Beside it etcd, the same number of members on this machine, one
 * transaction at a time over its JSON gateway.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { monotonicMs } from './harness/clock.mjs'
import { missingEtcd, startEtcd } from './harness/etcd.mjs'
import { closeFleet, openFleet } from './harness/fleet.mjs'
import { watchOthers } from './harness/noise.mjs'
import { printGoal, printTable, spreadText, threeDigits } from './harness/report.mjs'
import { median, percentile } from './harness/statistics.mjs'
import { formFleet } from './crash-detection.mjs'

const sizes = [3, 5, 9]
/** Commits of a cluster that has made none before. */
const firstCount = 50
/** Warm means that this many blocks have brought no median that is lower by a twentieth. */
const warm = { blockSize: 250, blocksInVain: 3, blocksMax: 40, lowerBy: 0.05 }
/** Commits and round trips take turns, so that a slow moment of the machine meets both. */
const measured = { blocks: 20, commits: 100, trips: 25 }
const forMs = 3000
const lanes = 16
const setCount = 100

export const commits = {
  summary: 'two-phase commits of settings, in memory and with a file, next to etcd',
  async run({ rounds, isWanted }) {
    const rows = sizes.flatMap((size) => [
      { id: `foundation ${size} memory`, system: 'foundation', size, hasFile: false },
      { id: `foundation ${size} file`, system: 'foundation', size, hasFile: true },
      { id: `etcd ${size}`, system: 'etcd', size, hasFile: true },
    ])
    const wanted = rows.filter(({ system }) => isWanted(system) && !isMissing(system))
    const results = new Map(wanted.map(({ id }) => [id, []]))
    for (let round = 1; round <= rounds; round += 1) {
      for (const row of wanted) {
        console.log(`round ${round} of ${rounds}: ${row.id}`)
        results.get(row.id).push(await measure(row))
      }
    }
    print(wanted, results)
    printGoals(results)
    return { commits: Object.fromEntries(results) }
  },
}

function isMissing(system) {
  const reason = system === 'etcd' ? missingEtcd() : undefined
  if (reason) console.log(`left out: ${reason}`)
  return reason !== undefined
}

function measure(row) {
  return row.system === 'etcd' ? measureEtcd(row) : measureFoundation(row)
}

async function measureFoundation({ size, hasFile }) {
  const names = Array.from({ length: size }, (_, at) => `member-${at + 1}`)
  const folder = await mkdtemp(path.join(tmpdir(), 'foundation-commits-'))
  const fleet = await openFleetWith({ names, folder, hasFile })
  try {
    await formFleet(fleet)
    await Promise.all(fleet.map((one) => one.call('serveSettings')))
    const [coordinator, ...others] = fleet
    const latencies = await measureLatencies({
      pids: fleet.map(({ pid }) => pid),
      commit: (count) => latenciesOf(coordinator.call('commitOneByOne', { count, path: 'one' })),
      trip: (count) => latenciesOf(coordinator.call('callOneByOne', { peer: names[1], count })),
      takeTurns: () =>
        coordinator.call('commitsAndCalls', { path: 'one', peer: names[1], ...measured }),
    })
    const { perSecond } = await coordinator.call('commitFor', { forMs, paths: lanes })
    const visibleMs = await measureVisible(coordinator, others)
    return { ...latencies, perSecond, visibleMs }
  } finally {
    await closeFleet(fleet)
    await rm(folder, { recursive: true, force: true })
  }
}

/** Each process its own file: settings of a fleet are the same for all, so the name is filled in. */
function openFleetWith({ names, folder, hasFile }) {
  const settings = hasFile ? { configFolder: folder } : {}
  return openFleet({ system: 'foundation', names, settings })
}

async function latenciesOf(call) {
  const { latenciesMs } = await call
  return latenciesMs
}

/**
 * The first commits of a cluster, then many once it is warm.
 *
 * @param {{ pids: readonly number[], commit: (count: number) => Promise<number[]>,
 *   trip?: (count: number) => Promise<number[]>,
 *   takeTurns: () => Promise<{ commitsMs: number[], tripsMs: number[] }> }} subject `commit` makes that
 *   many, one after the other, and gives how long each took; `trip` the same for calls that do nothing;
 *   `takeTurns` does both as in `measured`
 */
async function measureLatencies({ pids, commit, trip, takeTurns }) {
  const firstMs = await commit(firstCount)
  await trip?.(warm.blockSize)
  const warmUpCount = await commitUntilWarm(commit)
  const othersShare = watchOthers(pids)
  const { commitsMs, tripsMs } = await takeTurns()
  return {
    warmUpCount,
    othersShare: othersShare(),
    firstMs: firstMs[0],
    firstP50Ms: median(firstMs),
    p50Ms: median(commitsMs),
    p99Ms: percentile(commitsMs, 0.99),
    p999Ms: percentile(commitsMs, 0.999),
    tripP50Ms: median(tripsMs),
    tripP99Ms: percentile(tripsMs, 0.99),
  }
}

/** @returns how many commits that took */
async function commitUntilWarm(commit) {
  let lowestMs = Infinity
  let inVain = 0
  let blocks = 0
  while (inVain < warm.blocksInVain && blocks < warm.blocksMax) {
    const blockMs = median(await commit(warm.blockSize))
    blocks += 1
    inVain = blockMs < lowestMs * (1 - warm.lowerBy) ? 0 : inVain + 1
    lowestMs = Math.min(lowestMs, blockMs)
  }
  return blocks * warm.blockSize
}

async function measureVisible(coordinator, others) {
  const { setAtMs } = await coordinator.call('setOneByOne', { count: setCount })
  await new Promise((resolve) => setTimeout(resolve, 200))
  const seen = await Promise.all(others.map((one) => one.call('seenValues')))
  const delays = seen.flatMap(({ seen: pairs }) =>
    pairs.map(([value, atMs]) => atMs - setAtMs[value]),
  )
  return percentile(delays, 0.99)
}

async function measureEtcd({ size }) {
  const etcd = await startEtcd(size)
  try {
    const latencies = await measureLatencies({
      pids: etcd.pids,
      commit: (count) => etcdOneByOne(etcd, count),
      takeTurns: async () => ({
        commitsMs: await etcdOneByOne(etcd, measured.blocks * measured.commits),
        tripsMs: [],
      }),
    })
    return { ...latencies, perSecond: await etcdPerSecond(etcd) }
  } finally {
    await etcd.stop()
  }
}

async function etcdOneByOne(etcd, count) {
  const latenciesMs = []
  for (let at = 0; at < count; at += 1) {
    const startedAtMs = monotonicMs()
    await etcd.transact('one', String(at))
    latenciesMs.push(monotonicMs() - startedAtMs)
  }
  return latenciesMs
}

async function etcdPerSecond(etcd) {
  const startedAtMs = monotonicMs()
  const lane = async (index) => {
    let done = 0
    while (monotonicMs() - startedAtMs < forMs) {
      await etcd.transact(`lane.${index}`, String(done))
      done += 1
    }
    return done
  }
  const done = await Promise.all(Array.from({ length: lanes }, (_, index) => lane(index)))
  return done.reduce((sum, one) => sum + one, 0) / ((monotonicMs() - startedAtMs) / 1000)
}

function print(rows, results) {
  console.log()
  printTable(
    rows.map(({ id, system, size, hasFile }) => {
      const runs = results.get(id)
      const column = (key, format = threeDigits) =>
        spreadText(runs.map((run) => run[key]).filter(Number.isFinite), format)
      return {
        system: system === 'etcd' ? 'etcd, JSON gateway' : 'Foundation',
        members: String(size),
        synced: hasFile ? 'yes' : 'no',
        'p50 ms': column('p50Ms'),
        'p99 ms': column('p99Ms'),
        'p99.9 ms': column('p999Ms'),
        'first ms': column('firstMs'),
        [`first ${firstCount}, p50 ms`]: column('firstP50Ms'),
        [`commits/s, ${lanes} at once`]: column('perSecond'),
        'control round trip, p50 ms': column('tripP50Ms'),
        'control round trip, p99 ms': column('tripP99Ms'),
        'set seen elsewhere, p99 ms': column('visibleMs'),
        'used by other programs': column('othersShare', percent),
      }
    }),
  )
}

function percent(share) {
  return `${(share * 100).toFixed(0)} %`
}

function printGoals(results) {
  const runs = results.get('foundation 3 memory') ?? []
  if (runs.length === 0) return
  const p99Ms = median(runs.map((run) => run.p99Ms))
  const goalMs = 2 * median(runs.map((run) => run.tripP50Ms)) + 2
  printGoal({
    what: 'commit on an idle cluster of three, warm, p99',
    goal: `<= two control round trips + 2 ms = ${threeDigits(goalMs)} ms`,
    measured: `${threeDigits(p99Ms)} ms`,
    reached: p99Ms <= goalMs,
  })
}

/**
 * Children: calls to one on another process beside NATS request/reply and gRPC; how long 300 children
 * take to run elsewhere when their process is killed; how long a planned move takes.
 */
import { monotonicMs } from './harness/clock.mjs'
import { closeFleet, openFleet } from './harness/fleet.mjs'
import { printGoal, printTable, spreadText, threeDigits, thousands } from './harness/report.mjs'
import { runRounds } from './harness/rounds.mjs'
import { median, percentile } from './harness/statistics.mjs'
import { formFleet } from './crash-detection.mjs'

const names = ['node-1', 'node-2', 'victim']
const childCount = 300
const failoverGoalMs = 250
const loads = [1, 32, 256]
const callMs = 2000
const stateSizes = [0, 64 * 1024, 1024 * 1024]
const movesEach = 10

const callRows = [
  { id: 'foundation', system: 'foundation', title: 'Foundation, registry.get()' },
  { id: 'nats', system: 'nats', title: 'NATS request/reply' },
  { id: 'grpc', system: 'grpc', title: 'gRPC (grpc-js)' },
]

export const children = {
  summary: 'calls to a service elsewhere, failover of 300 children, planned moves',
  async run({ rounds, isWanted, profileFolder }) {
    const rows = callRows.filter(({ system }) => isWanted(system))
    const measure = (row, server) => measureCalls({ row, server, profileFolder })
    const calls = await runRounds({ rows, rounds, measure })
    printCalls(rows, calls)
    const failovers = []
    const moves = []
    if (isWanted('foundation')) {
      for (let round = 0; round < rounds; round += 1) {
        failovers.push(await measureFailover())
        moves.push(await measureMoves())
      }
      printFailovers(failovers)
      printMoves(moves)
    }
    return { calls: Object.fromEntries(calls), failovers, moves }
  },
}

async function measureCalls({ row, server, profileFolder }) {
  const fleet = await openFleet({
    system: row.system,
    server,
    names: names.slice(0, 2),
    profileFolder,
  })
  try {
    const [caller, answerer] = fleet
    await caller.call('reach', { peers: [answerer.name], topics: [] })
    await answerer.call('serveCalls')
    await new Promise((resolve) => setTimeout(resolve, 500))
    await caller.call('callFor', { peer: answerer.name, inFlight: 32, forMs: 500 })
    const results = {}
    for (const inFlight of loads) {
      const { latenciesMs, count, tookMs } = await caller.call('callFor', {
        ...{ peer: answerer.name, inFlight, forMs: callMs },
      })
      const p50Ms = percentile(latenciesMs, 0.5)
      const p99Ms = percentile(latenciesMs, 0.99)
      results[inFlight] = { perSecond: (count / tookMs) * 1000, p50Ms, p99Ms }
    }
    return results
  } finally {
    await closeFleet(fleet)
  }
}

/** Kills one of three processes with its share of the children. */
async function measureFailover() {
  const fleet = await openFleet({ system: 'foundation', names })
  try {
    await formFleet(fleet)
    const [first, second, victim] = fleet
    const { byNode } = await first.call('startChildren', { prefix: 'child', count: childCount })
    const killedMs = monotonicMs()
    victim.signal('SIGKILL')
    const wait = { count: childCount, without: victim.name, timeoutMs: 30_000 }
    await Promise.all([first, second].map((one) => one.call('awaitChildren', wait)))
    const births = await Promise.all([first, second].map((one) => one.call('births')))
    const lateMs = births.flatMap((each) => Object.values(each)).filter((atMs) => atMs > killedMs)
    const duplicates = Object.keys(births[0]).filter((id) => id in births[1]).length
    const result = {
      onVictim: byNode[victim.name],
      allMs: Math.max(...lateMs) - killedMs,
      duplicates,
    }
    console.log(`failover: ${result.onVictim} children after ${threeDigits(result.allMs)} ms`)
    return result
  } finally {
    await closeFleet(fleet)
  }
}

/** Moves children with states of several sizes from one process to the other. */
async function measureMoves() {
  const fleet = await openFleet({ system: 'foundation', names: names.slice(0, 2) })
  try {
    await formFleet(fleet)
    const [first, second] = fleet
    const results = {}
    for (const stateBytes of stateSizes) {
      const order = { prefix: `state-${stateBytes}`, count: movesEach, stateBytes }
      const { ids } = await first.call('startChildren', order)
      await first.call('moveChildren', { ids, to: first.name })
      results[stateBytes] = await first.call('moveChildren', { ids, to: second.name })
    }
    return results
  } finally {
    await closeFleet(fleet)
  }
}

function printCalls(rows, results) {
  for (const inFlight of loads) {
    console.log(`\n${inFlight} in flight`)
    printTable(
      rows
        .filter((row) => results.get(row.id)?.length > 0)
        .map((row) => {
          const runs = results.get(row.id).map((run) => run[inFlight])
          return {
            system: row.title,
            encrypted: row.system === 'foundation' ? 'yes' : 'no',
            'calls/s': spreadText(
              runs.map((run) => run.perSecond),
              thousands,
            ),
            'p50 ms': spreadText(runs.map((run) => run.p50Ms)),
            'p99 ms': spreadText(runs.map((run) => run.p99Ms)),
          }
        }),
    )
  }
  console.log()
}

function printFailovers(results) {
  const allMs = results.map((result) => result.allMs)
  const duplicates = results.reduce((sum, result) => sum + result.duplicates, 0)
  printGoal({
    what: `${childCount} children, one of three processes killed: all run elsewhere`,
    goal: `<= ${failoverGoalMs} ms`,
    measured: `${spreadText(allMs)} ms, ${duplicates} twice`,
    reached: median(allMs) <= failoverGoalMs && duplicates === 0,
  })
}

function printMoves(results) {
  printTable(
    stateSizes.map((bytes) => {
      const tookMs = results.flatMap((result) => result[bytes])
      return {
        'planned move, state': `${bytes / 1024} KiB`,
        'p50 ms': threeDigits(percentile(tookMs, 0.5)),
        'p99 ms': threeDigits(percentile(tookMs, 0.99)),
      }
    }),
  )
}

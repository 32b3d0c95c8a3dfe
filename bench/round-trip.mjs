/**
 * Round trip of one small message at a time on an idle system: 200 pings a second, each timed
 * from the moment it was due. The answer is published by the other process's subscriber.
 */
import { closeFleet, openFleet } from './harness/fleet.mjs'
import { printGoal, printTable, spreadText, threeDigits } from './harness/report.mjs'
import { runRounds } from './harness/rounds.mjs'
import { median, pairedRatios, percentile } from './harness/statistics.mjs'
import { systems } from './systems/system.mjs'

const ping = 'events.ping'
const pong = 'events.pong'
const load = { topic: ping, ratePerSecond: 200 }
const goal = 1.5

export const roundTrip = {
  summary: 'round trip of small messages on an idle system, 200 a second',
  async run({ rounds, isWanted, profileFolder }) {
    const rows = Object.entries(systems)
      .filter(([system]) => isWanted(system))
      .map(([system, { title }]) => ({ id: system, system, title }))
    const measure = (row, server) => measureRoundTrip({ row, server, profileFolder })
    const results = await runRounds({ rows, rounds, measure })
    print(rows, results)
    printGoals(results)
    return { roundTrip: Object.fromEntries(results) }
  },
}

async function measureRoundTrip({ row, server, profileFolder }) {
  const names = ['asker', 'answerer']
  const { system, settings } = row
  const fleet = await openFleet({ system, settings, server, names, profileFolder })
  try {
    const [asker, answerer] = fleet
    await startEcho({ asker, answerer, ping, pong })
    await asker.call('ping', { ...load, forMs: 1500 })
    const { latenciesMs, unanswered } = await asker.call('ping', { ...load, forMs: 5000 })
    const p50Ms = percentile(latenciesMs, 0.5)
    return { p50Ms, p99Ms: percentile(latenciesMs, 0.99), unanswered }
  } finally {
    await closeFleet(fleet)
  }
}

/** Makes `answerer` send back every ping and `asker` hear it. Both fleets of two use it. */
export async function startEcho({ asker, answerer, ping: from, pong: to }) {
  await answerer.call('echo', { from, to })
  await asker.call('hearEchoes', { topic: to })
  await Promise.all([
    asker.call('reach', { peers: [answerer.name], topics: [from] }),
    answerer.call('awaitReached', { peers: [asker.name], topics: [to] }),
  ])
}

function print(rows, results) {
  const ours = results.get('foundation') ?? []
  printTable(
    rows
      .filter((row) => results.get(row.id)?.length > 0)
      .map((row) => {
        const runs = results.get(row.id)
        return {
          system: row.title,
          encrypted: systems[row.system].encrypted ? 'yes' : 'no',
          'p50 ms': spreadText(runs.map((run) => run.p50Ms)),
          'p99 ms': spreadText(runs.map((run) => run.p99Ms)),
          'Foundation / it, p50': spreadText(ratiosOf(ours, runs, 'p50Ms')),
          unanswered: String(runs.reduce((sum, run) => sum + run.unanswered, 0)),
        }
      }),
  )
}

function printGoals(results) {
  const ours = results.get('foundation') ?? []
  const theirs = results.get('bare-tls') ?? []
  for (const key of ['p50Ms', 'p99Ms']) {
    const ratios = ratiosOf(ours, theirs, key)
    if (ratios.length === 0) continue
    const ratio = median(ratios)
    printGoal({
      what: `round trip ${key.slice(0, 3)} against a bare TLS socket`,
      goal: `<= ${goal} x`,
      measured: `${threeDigits(ratio)} x`,
      reached: ratio <= goal,
    })
  }
}

function ratiosOf(ours, theirs, key) {
  return pairedRatios(
    ours.map((run) => run[key]),
    theirs.map((run) => run[key]),
  )
}

/**
 * How soon a newcomer is found: one node has been up for a while, another starts on the same host
 * with nothing but the strategy's name. The time that counts runs from when the newcomer listens
 * until both have each other as members: discovery, dial and handshake.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { closeFleet, clusterKeys, freePorts, startWorker } from './harness/fleet.mjs'
import { printGoal, printTable, spreadText, threeDigits } from './harness/report.mjs'
import { median } from './harness/statistics.mjs'

const strategies = [
  { strategy: 'gossip', goalMs: 300 },
  { strategy: 'mdns', goalMs: 1000 },
]
/** The first node has said and asked what a start has it say and ask. */
const settledMs = 5000

export const discoveryNewcomer = {
  summary: 'time until a newcomer on the same host is found, by gossip and by mDNS',
  async run({ rounds }) {
    const rows = []
    for (const { strategy, goalMs } of strategies) {
      const runs = await measure(strategy, rounds)
      rows.push({ strategy, goalMs, runs })
    }
    print(rows)
    return { discoveryNewcomer: rows }
  },
}

async function measure(strategy, rounds) {
  const shared = {
    system: 'foundation',
    settings: { cluster: { strategy } },
    roster: [],
    ...clusterKeys(),
  }
  const [port] = await freePorts(1)
  const settled = startWorker('settled')
  const runs = []
  try {
    await settled.call('openTimed', { ...shared, name: 'settled', host: '127.0.0.1', port })
    for (let round = 1; round <= rounds; round += 1) {
      await sleep(settledMs)
      const foundMs = await findOnce({ settled, shared, name: `newcomer-${round}` })
      console.log(`round ${round} of ${rounds}: ${strategy}: ${threeDigits(foundMs)} ms`)
      runs.push(foundMs)
    }
  } finally {
    await closeFleet([settled])
  }
  return runs
}

async function findOnce({ settled, shared, name }) {
  const [port] = await freePorts(1)
  const newcomer = startWorker(name)
  try {
    const both = { count: 1, timeoutMs: 30_000 }
    const { atMs } = await newcomer.call('openTimed', { ...shared, name, host: '127.0.0.1', port })
    const seen = [settled, newcomer].map((one) => one.call('awaitMembers', both))
    const times = (await Promise.all(seen)).map((one) => one.atMs)
    return Math.max(0, Math.max(...times) - atMs)
  } finally {
    await closeFleet([newcomer])
  }
}

function print(rows) {
  console.log()
  printTable(
    rows.map(({ strategy, runs }) => ({
      strategy,
      rounds: String(runs.length),
      'found, ms after the newcomer listened': spreadText(runs),
    })),
  )
  for (const { strategy, goalMs, runs } of rows) {
    const measured = `${threeDigits(median(runs))} ms`
    const reached = median(runs) <= goalMs
    printGoal({ what: `newcomer found by ${strategy}`, goal: `<= ${goalMs} ms`, measured, reached })
  }
}

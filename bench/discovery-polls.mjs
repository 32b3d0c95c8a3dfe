/**
 * What discovery costs while nothing changes: 100 topologies of one strategy at their default
 * intervals, each with ten peers that are all connected; processor time of this process over a
 * stretch of wall time, as a share of one core. The services run in a process of their own.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { benchFolder } from './harness/fleet.mjs'
import { printGoal, printTable, spreadText } from './harness/report.mjs'
import { median } from './harness/statistics.mjs'

const topologyCount = 100
const warmUpMs = 8_000
const stretchMs = 10_000
const goalPercent = 1
/** A process for each lookup costs what a process costs. */
const hasNoGoal = new Set(['exec'])

export const discoveryPolls = {
  summary: `processor time of ${topologyCount} idle topologies, by strategy`,
  async run({ rounds, isWanted }) {
    if (!isWanted('foundation')) return undefined
    const standIn = fork(path.join(benchFolder, 'harness', 'service-stand-in.mjs'))
    const folder = await mkdtemp(path.join(tmpdir(), 'foundation-bench-'))
    try {
      const [{ port }] = await once(standIn, 'message')
      const file = await hostsFile(folder)
      const rows = []
      const configs = configsFor(`http://127.0.0.1:${port}`, file)
      for (const [name, configOf] of Object.entries(configs)) {
        const row = { name, ...(await measure(name, { configOf, rounds })) }
        console.log(`${name}: ${spreadText(row.percents)} % of a core, ${row.lookups} lookups`)
        rows.push(row)
      }
      print(rows)
      return { topologyCount, stretchMs, discoveryPolls: rows }
    } finally {
      standIn.kill()
      await rm(folder, { recursive: true })
    }
  },
}

/** For each strategy, the config of a topology by its number. */
function configsFor(url, file) {
  return {
    static: () => ({ hosts }),
    file: () => ({ path: file }),
    dns: (index) => ({ query: spelling('localhost', index) }),
    http: () => ({ url: `${url}/nodes` }),
    consul: () => ({ service: 'shop', url }),
    kubernetes: () => ({ labelSelector: 'app=shop', apiServer: url }),
    exec: () => ({ command: ['cat', file] }),
  }
}

const hosts = Array.from({ length: 10 }, (_, index) => `10.0.0.${index + 1}:7000`)

/** Older than a moment: a file that has just changed is read twice. */
async function hostsFile(folder) {
  const file = path.join(folder, 'hosts')
  await writeFile(file, hosts.join('\n'))
  await utimes(file, new Date(0), new Date(0))
  return file
}

/** In upper and lower case by the bits of a number: topologies that ask for one name share its lookup. */
function spelling(name, number) {
  return [...name].map((c, bit) => ((number >> bit) & 1 ? c.toUpperCase() : c)).join('')
}

async function measure(strategy, { configOf, rounds }) {
  const { Discovery, discoveryDefaults } = await import('../src/discovery/index.ts')
  const counted = { lookups: 0, failed: 0 }
  const deps = await depsThat(counted)
  const topologies = Object.fromEntries(
    Array.from({ length: topologyCount }, (_, index) => [
      `t${index}`,
      { strategy, config: configOf(index) },
    ]),
  )
  const discovery = new Discovery(deps, topologies, discoveryDefaults)
  discovery.start()
  try {
    await pause(warmUpMs)
    counted.lookups = 0
    const percents = []
    for (let round = 0; round < rounds; round++) percents.push(await stretch())
    if (counted.failed > 0) throw new Error(`${counted.failed} lookups of ${strategy} failed`)
    return { percents, lookups: counted.lookups }
  } finally {
    await discovery.stop()
  }
}

/** A node that is connected to whatever is proposed. */
async function depsThat(counted) {
  const { silentLog, silentTelemetry, systemHost } = await import('../src/kernel/index.ts')
  const connected = new Set()
  return {
    host: systemHost,
    log: silentLog,
    telemetry: silentTelemetry,
    self: () => ({ name: 'a', incarnation: '1', cluster: 'shop', addresses: ['127.0.0.9:7000'] }),
    connect: (_, address) => Promise.resolve(Boolean(connected.add(address))),
    disconnect: () => Promise.resolve(true),
    listNodes: () => [...connected],
    nodeAt: () => undefined,
    isReachable: () => true,
    news: ({ type }) => {
      if (type === 'lookup') counted.lookups += 1
      if (type === 'lookup-failed') counted.failed += 1
    },
  }
}

async function stretch() {
  const before = process.cpuUsage()
  const beganMs = performance.now()
  await pause(stretchMs)
  const { user, system } = process.cpuUsage(before)
  return ((user + system) / 1_000 / (performance.now() - beganMs)) * 100
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function print(rows) {
  console.log()
  printTable(
    rows.map(({ name, percents, lookups }) => ({
      strategy: name,
      topologies: String(topologyCount),
      '% of a core': spreadText(percents),
      'lookups/s': (lookups / ((stretchMs / 1_000) * percents.length)).toFixed(1),
    })),
  )
  for (const { name, percents } of rows.filter(({ name }) => !hasNoGoal.has(name))) {
    const reached = median(percents) < goalPercent
    const measured = `${spreadText(percents)} %`
    printGoal({ what: `${topologyCount} x ${name}`, goal: `< ${goalPercent} %`, measured, reached })
  }
}

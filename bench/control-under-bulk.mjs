/**
 * Control messages while bulk saturates the way: one process sends 64 KiB bodies as fast as
 * backpressure lets it and, beside that, 200 control pings a second to the same other process.
 * On loopback the processor is the bottleneck; `limited-link` puts 100 Mbit/s and 20 ms between.
 */
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { closeFleet, openFleet } from './harness/fleet.mjs'
import { missingLinkTools, withLimitedLink } from './harness/link.mjs'
import { printGoal, printTable, spreadText, threeDigits } from './harness/report.mjs'
import { runRounds } from './harness/rounds.mjs'
import { median, percentile } from './harness/statistics.mjs'
import { startEcho } from './round-trip.mjs'
import { systems } from './systems/system.mjs'

const ping = 'control.ping'
const pong = 'control.pong'
const bulk = { topic: 'bulk.data', bodyBytes: 64 * 1024 }
const linkMbit = 100

const candidates = [
  { id: 'foundation', system: 'foundation' },
  { id: 'foundation-nats', system: 'foundation-nats' },
  { id: 'bare-tls', system: 'bare-tls', note: ', one connection' },
  { id: 'bare-tls-2', system: 'bare-tls', note: ', two', settings: { separate: true } },
  { id: 'nats', system: 'nats', note: ', one connection' },
  { id: 'nats-2', system: 'nats', note: ', two', settings: { separate: true } },
  { id: 'redis', system: 'redis' },
  { id: 'moleculer', system: 'moleculer' },
]

export const controlUnderBulk = {
  summary: 'control round trip while bulk saturates loopback',
  async run(options) {
    const results = await measureAll(options, { warmUpMs: 1000, forMs: 4000 })
    const ours = results.get('foundation') ?? []
    if (ours.length > 0) {
      const p99Ms = median(ours.map((run) => run.loaded.p99Ms))
      const measured = `${threeDigits(p99Ms)} ms`
      printGoal({ what: 'control p99', goal: '<= 5 ms', measured, reached: p99Ms <= 5 })
    }
    return { loopback: Object.fromEntries(results) }
  },
}

export const limitedLink = {
  summary: 'the same over an emulated link of 100 Mbit/s and 20 ms round trip (needs root)',
  async run(options) {
    const missing = missingLinkTools()
    if (missing !== undefined) return void console.log(`left out: ${missing}`)
    const shape = { delayMs: 10, rateMbit: linkMbit, queueKib: 512, loss: 0, seed: process.pid }
    return withLimitedLink(shape, async (places) => {
      const results = await measureAll(options, { warmUpMs: 4000, forMs: 6000, places })
      printLinkGoals(results.get('foundation') ?? [])
      return { shape, limitedLink: Object.fromEntries(results) }
    })
  },
}

async function measureAll({ rounds, isWanted, profileFolder }, { places, ...times }) {
  const rows = candidates
    .filter((row) => isWanted(row.system))
    .map((row) => ({ ...row, title: systems[row.system].title + (row.note ?? '') }))
  const measure = (row, server) => measureRow({ row, server, places, profileFolder, ...times })
  const results = await runRounds({ rows, rounds, place: places?.[1], measure })
  print(rows, results, places !== undefined)
  return results
}

async function measureRow({ row, server, places, profileFolder, warmUpMs, forMs }) {
  const names = ['sender', 'receiver']
  const { system, settings } = row
  const fleet = await openFleet({ system, settings, server, names, places, profileFolder })
  try {
    return await pingUnderLoad(fleet, { warmUpMs, forMs })
  } finally {
    await closeFleet(fleet)
  }
}

async function pingUnderLoad([sender, receiver], { warmUpMs, forMs }) {
  await receiver.call('count', { topic: bulk.topic })
  await startEcho({ asker: sender, answerer: receiver, ping, pong })
  const load = { topic: ping, ratePerSecond: 200 }
  await sender.call('ping', { ...load, forMs: 1000 })
  const idle = summary(await sender.call('ping', { ...load, forMs: 2500 }))
  await sender.call('reach', { peers: [receiver.name], topics: [bulk.topic] })
  await sender.call('startBulk', bulk)
  await sleep(warmUpMs)
  const before = await receiver.call('readCount', { topic: bulk.topic })
  const pinging = sender.call('ping', { ...load, forMs })
  await sleep(forMs)
  const after = await receiver.call('readCount', { topic: bulk.topic })
  const loaded = summary(await pinging)
  await sender.call('stopBulk')
  const bulkMbit = ((after.bytes - before.bytes) * 8) / 1000 / (after.atMs - before.atMs)
  return { idle, loaded, bulkMbit }
}

function summary({ latenciesMs, unanswered }) {
  const at = (share) => percentile(latenciesMs, share)
  return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1), unanswered }
}

function print(rows, results, isLimited) {
  printTable(
    rows
      .filter((row) => results.get(row.id)?.length > 0)
      .map((row) => {
        const runs = results.get(row.id)
        return {
          system: row.title,
          'idle p99 ms': spreadText(runs.map((run) => run.idle.p99Ms)),
          'loaded p50 ms': spreadText(runs.map((run) => run.loaded.p50Ms)),
          'loaded p99 ms': spreadText(runs.map((run) => run.loaded.p99Ms)),
          'bulk Mbit/s': spreadText(runs.map((run) => run.bulkMbit)),
          ...(isLimited
            ? {
                'link use': spreadText(
                  runs.map((run) => run.bulkMbit),
                  share,
                ),
              }
            : {}),
          unanswered: String(runs.reduce((sum, run) => sum + run.loaded.unanswered, 0)),
        }
      }),
  )
}

function share(mbit) {
  return `${((mbit * 100) / linkMbit).toFixed(0)} %`
}

function printLinkGoals(runs) {
  if (runs.length === 0) return
  const addedMs = median(runs.map((run) => run.loaded.p99Ms - run.idle.p99Ms))
  const mbit = median(runs.map((run) => run.bulkMbit))
  const measured = `+${threeDigits(addedMs)} ms`
  printGoal({ what: 'control p99 over idle', goal: '<= +10 ms', measured, reached: addedMs <= 10 })
  const reached = mbit >= 0.85 * linkMbit
  printGoal({ what: 'link use meanwhile', goal: '>= 85 %', measured: share(mbit), reached })
}

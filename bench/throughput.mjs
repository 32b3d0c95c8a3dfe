/**
 * One-way messages a second, 1 publisher to 1 and to 4 subscribers, each a process of its own.
 * Objects of about 100 bytes; the clock runs from the first publish to the last one received.
 */
import { closeFleet, openFleet } from './harness/fleet.mjs'
import { printGoal, printTable, spreadText, thousands, threeDigits } from './harness/report.mjs'
import { runRounds } from './harness/rounds.mjs'
import { median, pairedRatios } from './harness/statistics.mjs'
import { systems } from './systems/system.mjs'

const candidates = [
  ...Object.entries(systems).map(([system, { title }]) => ({ id: system, system, title })),
  {
    id: 'bare-tls-batched',
    system: 'bare-tls',
    title: `${systems['bare-tls'].title}, batched by hand`,
    settings: { batched: true },
  },
]
const topic = 'events.bench'
const warmUp = { forMs: 1000, countMax: 200_000 }
const measured = { forMs: 3000, countMax: 2_000_000 }

/** Our rate as a share of theirs that must be reached, one way, 1 to 1. */
const goals = [
  { ours: 'foundation', theirs: 'bare-tls', goal: 0.7 },
  { ours: 'foundation', theirs: 'nats', goal: 1.7 },
  { ours: 'foundation', theirs: 'redis', goal: 4 },
  { ours: 'foundation-nats', theirs: 'nats', goal: 0.8 },
]

export const throughput = {
  summary: 'one-way small messages a second, 1 -> 1 and 1 -> 4 processes',
  async run(options) {
    const oneToOne = await runFanOut(1, options)
    const oneToFour = await runFanOut(4, options)
    return { oneToOne, oneToFour }
  },
}

async function runFanOut(subscribers, { rounds, isWanted, profileFolder }) {
  console.log(`\n1 -> ${subscribers}`)
  const rows = candidates.filter(({ system }) => isWanted(system))
  const measure = (row, server) => measureRate({ row, server, subscribers, profileFolder })
  const results = await runRounds({ rows, rounds, measure })
  const rates = new Map([...results].map(([id, runs]) => [id, runs.map((run) => run.perSecond)]))
  print(rows, rates, results)
  if (subscribers === 1) printGoals(rates)
  return Object.fromEntries(results)
}

async function measureRate({ row, server, subscribers, profileFolder }) {
  const listeners = Array.from({ length: subscribers }, (_, index) => `subscriber-${index + 1}`)
  const names = ['publisher', ...listeners]
  const { system, settings } = row
  const fleet = await openFleet({ system, settings, server, names, profileFolder })
  try {
    const [publisher, ...others] = fleet
    await Promise.all(others.map((worker) => worker.call('count', { topic })))
    await publisher.call('reach', { peers: listeners, topics: [topic] })
    const before = await publishOnce({ publisher, others, load: warmUp, already: 0 })
    return await publishOnce({ publisher, others, load: measured, already: before.sent })
  } finally {
    await closeFleet(fleet)
  }
}

async function publishOnce({ publisher, others, load, already }) {
  const before = await cpuOf([publisher, others[0]])
  const { sent, startedAtMs } = await publisher.call('publishFor', { topic, ...load })
  const expected = already + sent
  const counts = await Promise.all(others.map((one) => one.call('awaitCount', { topic, expected })))
  const endedAtMs = Math.max(...counts.map((counted) => counted.lastAtMs))
  const received = Math.min(...counts.map((counted) => counted.received)) - already
  const after = await cpuOf([publisher, others[0]])
  const [publishUs, receiveUs] = after.map((cpuMs, side) => ((cpuMs - before[side]) * 1000) / sent)
  const perSecond = (received * 1000) / (endedAtMs - startedAtMs)
  return { sent, received, perSecond, publishUs, receiveUs }
}

/** Processor time so far, in ms. */
async function cpuOf(workers) {
  const vitals = await Promise.all(workers.map((worker) => worker.call('vitals')))
  return vitals.map(({ cpuMs }) => cpuMs)
}

function print(rows, rates, results) {
  const ours = rates.get('foundation') ?? []
  printTable(
    rows
      .filter((row) => rates.get(row.id)?.length > 0)
      .map((row) => ({
        system: row.title,
        encrypted: systems[row.system].encrypted ? 'yes' : 'no',
        'messages/s': spreadText(rates.get(row.id), thousands),
        'Foundation / it': spreadText(pairedRatios(ours, rates.get(row.id))),
        'processor µs a message, publisher': spreadText(costs(results, row, 'publishUs')),
        subscriber: spreadText(costs(results, row, 'receiveUs')),
        lost: String(lost(results.get(row.id))),
      })),
  )
}

function costs(results, row, side) {
  return results.get(row.id).map((run) => run[side])
}

function lost(runs) {
  return runs.reduce((sum, { sent, received }) => sum + sent - received, 0)
}

function printGoals(rates) {
  for (const { ours, theirs, goal } of goals) {
    const ratios = pairedRatios(rates.get(ours) ?? [], rates.get(theirs) ?? [])
    if (ratios.length === 0) continue
    const ratio = median(ratios)
    printGoal({
      what: `one way, ${systems[ours].title} against ${systems[theirs].title}`,
      goal: `>= ${goal} x`,
      measured: `${threeDigits(ratio)} x`,
      reached: ratio >= goal,
    })
  }
}

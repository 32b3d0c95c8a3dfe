/**
 * How long the others take to notice that a process was killed (SIGKILL) or froze (SIGSTOP).
 * Three processes; the third is the victim, replaced for every trial.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { monotonicMs } from './harness/clock.mjs'
import { closeFleet, openFleet } from './harness/fleet.mjs'
import { printGoal, printTable, threeDigits } from './harness/report.mjs'
import { median, percentile } from './harness/statistics.mjs'
import { systems } from './systems/system.mjs'

const names = ['observer-1', 'observer-2', 'victim']
const giveUpMs = 20_000
/** More would not be faster on a few cores, and some dials would take too long. */
const joinedAtOnce = 4

/** Trials a round, and what must be reached. */
const faults = [
  { signal: 'SIGKILL', trialsPerRound: 10, goalMs: 250 },
  { signal: 'SIGSTOP', trialsPerRound: 2, goalMs: 5000 },
]

export const crashDetection = {
  summary: 'time until the others see a killed and a frozen process as down',
  async run({ rounds, isWanted }) {
    const rows = ['foundation', 'moleculer'].filter(isWanted)
    const results = []
    for (const fault of faults) {
      for (const system of rows) {
        // Moleculer has no bound of its own for a frozen peer: one trial shows it.
        const isShort = system === 'moleculer' && fault.signal === 'SIGSTOP'
        const trials = isShort ? 1 : fault.trialsPerRound * rounds
        results.push({ system, ...fault, ...(await runTrials({ system, fault, trials })) })
      }
    }
    print(results)
    return { crashDetection: results }
  },
}

async function runTrials({ system, fault, trials }) {
  const detectedMs = []
  let unseen = 0
  for (let trial = 1; trial <= trials; trial += 1) {
    const seen = await runTrial(system, fault.signal)
    console.log(
      `${systems[system].title}, ${fault.signal}, trial ${trial} of ${trials}: ${told(seen)}`,
    )
    unseen += seen.filter((ms) => ms === undefined).length
    detectedMs.push(...seen.filter((ms) => ms !== undefined))
  }
  return { trials, detectedMs, unseen }
}

function told(seen) {
  return seen.map((ms) => (ms === undefined ? 'not seen' : `${ms.toFixed(0)} ms`)).join(', ')
}

async function runTrial(system, signal) {
  const fleet = await openFleet({ system, names })
  try {
    const [first, second, victim] = fleet
    await formFleet(fleet)
    const observers = [first, second]
    const sightings = observers.map((observer) => firstDown(observer, victim.name))
    await Promise.all(observers.map((observer) => observer.call('watch')))
    // The moment within the victim's probe cycle must not always be the same.
    await sleep(500 + Math.random() * 1000)
    const struckAtMs = monotonicMs()
    victim.signal(signal)
    const seenAtMs = await Promise.all(sightings)
    return seenAtMs.map((atMs) => (atMs === undefined ? undefined : atMs - struckAtMs))
  } finally {
    // A frozen process cannot leave in order, and must not when its death is the experiment.
    fleet[2].signal('SIGKILL')
    await closeFleet(fleet)
  }
}

/**
 * Connects the processes by hand, a few at a time, and waits until each sees all the others.
 */
export async function formFleet(fleet) {
  const [first, ...others] = fleet
  for (let from = 0; from < others.length; from += joinedAtOnce) {
    const group = others.slice(from, from + joinedAtOnce)
    await Promise.all(group.map((one) => one.call('reach', { peers: [first.name], topics: [] })))
  }
  const all = { count: fleet.length - 1, timeoutMs: 120_000 }
  await Promise.all(fleet.map((one) => one.call('awaitMembers', all)))
}

function firstDown(observer, victimName) {
  return new Promise((resolve) => {
    const late = setTimeout(() => resolve(undefined), giveUpMs)
    observer.onReport(({ type, name, atMs }) => {
      if (type !== 'down' || name !== victimName) return
      clearTimeout(late)
      resolve(atMs)
    })
  })
}

function print(results) {
  console.log()
  printTable(
    results.map(({ system, signal, trials, detectedMs, unseen }) => ({
      system: systems[system].title,
      fault: signal,
      trials: String(trials),
      'median ms': threeDigits(median(detectedMs)),
      'p99 ms': threeDigits(percentile(detectedMs, 0.99)),
      'max ms': threeDigits(percentile(detectedMs, 1)),
      [`not seen in ${giveUpMs / 1000} s`]: String(unseen),
    })),
  )
  for (const { system, signal, detectedMs, unseen, goalMs } of results) {
    if (system !== 'foundation') continue
    const p99Ms = percentile(detectedMs, 0.99)
    const measured = `p99 ${threeDigits(p99Ms)} ms${unseen ? `, ${unseen} not seen` : ''}`
    const reached = p99Ms <= goalMs && unseen === 0
    printGoal({ what: `${signal} seen`, goal: `<= ${goalMs} ms`, measured, reached })
  }
}

/**
 * What a million names cost a process that holds them and one that joins: at rest, and while they
 * change ten thousand times a second.
 */
import { formFleet } from './crash-detection.mjs'
import { monotonicMs, waitFor } from './harness/clock.mjs'
import { closeFleet, openFleet } from './harness/fleet.mjs'
import { printGoal, printTable, threeDigits } from './harness/report.mjs'

const million = 1_000_000
const mebibyte = 2 ** 20
const minuteMs = 60_000
/** Names given up and names registered, together, on both owners. */
const changesPerSecond = 10_000

/** A million names on two processes, and a third that joins. */
export const registryMillion = {
  summary: 'a million names: memory, time to join, longest stall of the event loop',
  async run() {
    const result = await measure({ changesPerSecond: 0 })
    print(result)
    printGoal({
      ...{ what: 'a process joins a million names', goal: '<= 5 000 ms' },
      ...{ measured: `${threeDigits(result.joinMs)} ms`, reached: result.joinMs <= 5_000 },
    })
    return { registryMillion: result }
  },
}

/** The same while the names change; in the end all three must have the same names. */
export const registryChurn = {
  summary: 'a process joins a million names while they change 10 000 times a second',
  async run() {
    const result = await measure({ changesPerSecond })
    print(result)
    const { changes, changesForMs, joinMs, equalAfterMs } = result
    console.log(`all names known after ${threeDigits(joinMs)} ms`)
    console.log(`${changes} changes, ${threeDigits(changes / (changesForMs / 1_000))} a second`)
    printGoal({
      ...{ what: 'all three have the same names, owners and epochs', goal: 'yes' },
      ...{ measured: `${threeDigits(equalAfterMs)} ms after the last change`, reached: true },
    })
    return { registryChurn: result }
  },
}

async function measure({ changesPerSecond: rate }) {
  const all = ['node-1', 'node-2', 'joiner']
  const env = { NODE_OPTIONS: '--expose-gc' }
  const settings = { membership: { suspectAfterMs: 10_000, downAfterMs: 30_000 } }
  const places = all.map(() => ({ env }))
  const fleet = await openFleet({ system: 'foundation', names: all, settings, places })
  const [first, second, joiner] = fleet
  try {
    const pair = [first, second]
    await formFleet(pair)
    await fill(pair)
    await Promise.all(fleet.map((one) => one.call('watchStalls')))
    const churn = { perSecond: rate / pair.length / 2 }
    if (rate > 0) await Promise.all(pair.map((one) => one.call('beginChurn', churn)))
    const beganAtMs = monotonicMs()
    await joiner.call('reach', { peers: ['node-1', 'node-2'], topics: [] })
    // While names change, some are on their way.
    const count = million - 2 * rate
    const { atMs } = await joiner.call('awaitNames', { count, timeoutMs: 5 * minuteMs })
    const changed = rate > 0 ? await endChurn(pair, beganAtMs) : {}
    const [owner, , newcomer] = await Promise.all(fleet.map((one) => one.call('readStalls')))
    const joined = { joinMs: atMs - beganAtMs, owner, newcomer, ...changed }
    return rate > 0 ? { ...joined, equalAfterMs: await equalAfterMs(fleet) } : joined
  } finally {
    await closeFleet(fleet)
  }
}

async function fill(pair) {
  const half = { count: million / 2, concurrency: 1_000 }
  await Promise.all(pair.map((one) => one.call('registerMany', { prefix: one.name, ...half })))
  const known = { count: million, timeoutMs: 5 * minuteMs }
  await Promise.all(pair.map((one) => one.call('awaitNames', known)))
}

async function endChurn(pair, beganAtMs) {
  const tallies = await Promise.all(pair.map((one) => one.call('endChurn')))
  const changes = tallies.reduce((sum, done) => sum + done, 0)
  return { changes, changesForMs: monotonicMs() - beganAtMs }
}

/** How long until all have the same names, a look at a million of them included. Throws when they never do. */
async function equalAfterMs(fleet) {
  const beganAtMs = monotonicMs()
  const isEqual = async () => {
    const sums = await Promise.all(fleet.map((one) => one.call('sumOfNames')))
    return new Set(sums).size === 1
  }
  await waitFor(isEqual, { timeoutMs: minuteMs, what: 'all three have the same names' })
  return monotonicMs() - beganAtMs
}

function print({ owner, newcomer }) {
  const mebibytes = (bytes) => threeDigits(bytes / mebibyte)
  console.log()
  printTable(
    Object.entries({ 'owner of half': owner, joiner: newcomer }).map(([who, one]) => ({
      who,
      'resident MiB': mebibytes(one.rssBytes),
      'heap used MiB': mebibytes(one.heapUsed),
      'longest stall, ms': threeDigits(one.longestMs),
    })),
  )
  printGoal({
    ...{ what: 'longest stall of the joiner', goal: '<= 50 ms' },
    ...{ measured: `${threeDigits(newcomer.longestMs)} ms`, reached: newcomer.longestMs <= 50 },
  })
  printGoal({
    ...{ what: 'memory of the joiner', goal: '<= 300 MiB' },
    ...{
      measured: `${mebibytes(newcomer.rssBytes)} MiB`,
      reached: newcomer.rssBytes <= 300 * mebibyte,
    },
  })
}

/**
 * A cluster from a cold start: 3 and 10 processes started at once that know nothing of each
 * other but the name of the cluster (`cluster: true`, confined to loopback). The time that
 * counts runs from when the last one is ready to listen until each sees all the others.
 */
import { monotonicMs } from './harness/clock.mjs'
import { closeFleet, clusterKeys, freePorts, startWorker } from './harness/fleet.mjs'
import { printGoal, printTable, spreadText, threeDigits } from './harness/report.mjs'
import { median } from './harness/statistics.mjs'
import { systems } from './systems/system.mjs'

const sizes = [3, 10]
const goalMs = 1000

export const formation = {
  summary: 'time to form a cluster of 3 and of 10 processes from a cold start',
  async run({ rounds, isWanted }) {
    const rows = sizes.flatMap((size) =>
      ['foundation', 'moleculer'].filter(isWanted).map((system) => ({ system, size, runs: [] })),
    )
    for (let round = 1; round <= rounds; round += 1) {
      for (const row of rows) {
        const run = await formOnce(row)
        const { title } = systems[row.system]
        console.log(`round ${round} of ${rounds}: ${title}, ${row.size}: ${told(run)}`)
        row.runs.push(run)
      }
    }
    print(rows)
    return { formation: rows }
  },
}

function told({ formedMs, sinceSpawnMs }) {
  return `${threeDigits(formedMs)} ms after the last was ready, ${threeDigits(sinceSpawnMs)} ms in all`
}

async function formOnce({ system, size }) {
  const ports = await freePorts(size)
  const roster = ports.map((port, index) => ({
    name: `node-${index + 1}`,
    host: '127.0.0.1',
    port,
  }))
  const settings = system === 'foundation' ? { cluster: true } : {}
  const shared = { system, settings, roster, ...clusterKeys() }
  const spawnedAtMs = monotonicMs()
  const fleet = roster.map(({ name }) => startWorker(name))
  try {
    const readyAtMs = await Promise.all(
      fleet.map(async (one, index) => {
        const { atMs } = await one.call('openTimed', { ...shared, ...roster[index] })
        return { one, atMs }
      }),
    )
    const all = { count: size - 1, timeoutMs: 60_000 }
    const formed = await Promise.all(fleet.map((one) => one.call('awaitMembers', all)))
    const lastReadyMs = Math.max(...readyAtMs.map(({ atMs }) => atMs))
    const formedAtMs = Math.max(lastReadyMs, ...formed.map(({ atMs }) => atMs))
    return { formedMs: formedAtMs - lastReadyMs, sinceSpawnMs: formedAtMs - spawnedAtMs }
  } finally {
    await closeFleet(fleet)
  }
}

function print(rows) {
  console.log()
  printTable(
    rows.map(({ system, size, runs }) => ({
      system: systems[system].title,
      processes: String(size),
      'formed, ms after the last was ready': spreadText(runs.map((run) => run.formedMs)),
      'ms since the first was spawned': spreadText(runs.map((run) => run.sinceSpawnMs)),
    })),
  )
  const ours = rows.find(({ system, size }) => system === 'foundation' && size === 3)
  if (!ours) return
  const formedMs = median(ours.runs.map((run) => run.formedMs))
  const measured = `${threeDigits(formedMs)} ms`
  const reached = formedMs <= goalMs
  printGoal({ what: 'cluster of 3 formed', goal: `<= ${goalMs} ms`, measured, reached })
}

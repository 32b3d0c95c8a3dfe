/** Runs a measurement of several systems in interleaved rounds: A B C, A B C, ... */
import process from 'node:process'
import { watchSteal } from './noise.mjs'
import { missingServer, startServer } from './servers.mjs'

/**
 * A row of a table: a system with settings of its own.
 *
 * @typedef {object} Row
 * @property {string} id unique in the benchmark
 * @property {string} system file under systems/
 * @property {string} title
 * @property {object} [settings]
 */

/**
 * Measures every row once a round, each time in fresh processes with a fresh broker. A row that
 * fails is left out of that round and the reason is printed.
 *
 * @template T
 * @param {{ rows: Row[], rounds: number, place?: object,
 *   measure: (row: Row, server: string | undefined) => Promise<T> }} plan
 * @returns {Promise<Map<string, Array<T & { stealShare?: number }>>>} row id to what was measured, in
 *   the order of the rounds
 */
export async function runRounds({ rows, rounds, place, measure }) {
  const runnable = rows.filter(isRunnable)
  const results = new Map(runnable.map((row) => [row.id, []]))
  for (let round = 1; round <= rounds; round += 1) {
    for (const row of runnable) {
      process.stdout.write(`round ${round} of ${rounds}: ${row.title} ... `)
      const result = await measureOnce({ row, place, measure })
      if (result !== undefined) results.get(row.id).push(result)
    }
  }
  console.log()
  return results
}

async function measureOnce({ row, place, measure }) {
  const server = await startServer(row.system, place)
  try {
    const stolen = watchSteal()
    const result = await measure(row, server.url)
    const stealShare = stolen()
    console.log(stealShare === undefined ? 'ok' : `ok, steal ${(stealShare * 100).toFixed(0)} %`)
    return { ...result, stealShare }
  } catch (error) {
    console.log(`left out: ${error.message}`)
    return undefined
  } finally {
    await server.stop()
  }
}

function isRunnable(row) {
  const reason = missingServer(row.system)
  if (reason !== undefined) console.log(`left out: ${row.title}: ${reason}`)
  return reason === undefined
}

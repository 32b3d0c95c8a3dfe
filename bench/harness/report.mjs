/** Results for people (tables in the terminal, as Markdown) and for programs (a JSON file). */
import { mkdirSync, writeFileSync } from 'node:fs'
import { arch, cpus, platform, release, totalmem } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { benchFolder } from './fleet.mjs'
import { spread } from './statistics.mjs'

/**
 * Prints rows as an aligned Markdown table; the keys of the first row are the head.
 *
 * @param {Array<Record<string, string>>} rows
 */
export function printTable(rows) {
  if (rows.length === 0) return
  const columns = Object.keys(rows[0])
  const widths = columns.map((key) =>
    Math.max(3, ...[key, ...rows.map((row) => row[key])].map(width)),
  )
  const line = (cells) => `| ${cells.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`
  console.log(line(columns))
  console.log(line(widths.map((size) => '-'.repeat(size))))
  for (const row of rows) console.log(line(columns.map((key) => row[key])))
}

function width(text) {
  return text.length
}

/**
 * "median (min to max)".
 *
 * @param {readonly number[]} samples
 * @param {(value: number) => string} [format]
 */
export function spreadText(samples, format = threeDigits) {
  if (samples.length === 0) return '-'
  const { median, min, max } = spread(samples)
  return `${format(median)} (${format(min)} to ${format(max)})`
}

/** @param {number} value */
export function threeDigits(value) {
  if (!Number.isFinite(value)) return '-'
  if (Math.abs(value) >= 100) return value.toFixed(0)
  return Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2)
}

/** @param {number} value messages a second, printed in thousands */
export function thousands(value) {
  return `${threeDigits(value / 1000)} k`
}

/**
 * A goal and what was measured, as a line.
 *
 * @param {{ what: string, goal: string, measured: string, reached: boolean }} goal
 */
export function printGoal({ what, goal, measured, reached }) {
  console.log(`${reached ? 'reached' : 'MISSED '}  ${what}: goal ${goal}, measured ${measured}`)
}

/**
 * Writes the results with the machine they were measured on.
 *
 * @param {string} benchmark
 * @param {object} result
 * @param {string} [file] default: bench/results/<benchmark>-<time>.json
 */
export function writeResult(benchmark, result, file) {
  const stamp = new Date().toISOString()
  const folder = path.join(benchFolder, 'results')
  const target = file ?? path.join(folder, `${benchmark}-${stamp.replaceAll(':', '')}.json`)
  mkdirSync(path.dirname(target), { recursive: true })
  const content = { benchmark, measuredAt: stamp, machine: machine(), ...result }
  writeFileSync(target, `${JSON.stringify(content, undefined, 2)}\n`)
  console.log(`\nresults: ${path.relative(process.cwd(), target)}`)
}

/** The machine, in general terms. */
export function machine() {
  return {
    node: process.version,
    system: `${platform()} ${release()} ${arch()}`,
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
  }
}

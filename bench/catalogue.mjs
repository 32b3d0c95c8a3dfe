/** Every benchmark by name. Programs of their own (`*.ts` here) are listed by their first comment. */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { benchFolder } from './harness/fleet.mjs'
import { children } from './children.mjs'
import { commits } from './commits.mjs'
import { controlUnderBulk, limitedLink } from './control-under-bulk.mjs'
import { crashDetection } from './crash-detection.mjs'
import { discoveryPolls } from './discovery-polls.mjs'
import { discoveryNewcomer } from './discovery-newcomer.mjs'
import { formation } from './formation.mjs'
import { memory } from './memory.mjs'
import { registrations } from './registrations.mjs'
import { registryChurn, registryMillion } from './registry-million.mjs'
import { roundTrip } from './round-trip.mjs'
import { hogs, stalledReader } from './soak.mjs'
import { telemetryCost } from './telemetry-cost.mjs'
import { throughput } from './throughput.mjs'

/**
 * @typedef {object} Benchmark
 * @property {string} summary one line
 * @property {(options: Options) => Promise<object | undefined>} run prints tables; resolves with
 *   what goes into the JSON file
 *
 * @typedef {object} Options
 * @property {number} rounds
 * @property {number} minutes
 * @property {(system: string) => boolean} isWanted
 * @property {string} [profileFolder]
 */

/** @type {Record<string, Benchmark>} */
export const benchmarks = {
  throughput,
  'round-trip': roundTrip,
  'control-under-bulk': controlUnderBulk,
  'limited-link': limitedLink,
  commits,
  'crash-detection': crashDetection,
  formation,
  children,
  'discovery-polls': discoveryPolls,
  'discovery-newcomer': discoveryNewcomer,
  memory,
  registrations,
  'registry-million': registryMillion,
  'registry-churn': registryChurn,
  'stalled-reader': stalledReader,
  hogs,
  'telemetry-cost': telemetryCost,
}

/** Name to summary of the benchmarks that are programs of their own. */
export function ownPrograms() {
  const files = readdirSync(benchFolder).filter((file) => file.endsWith('.ts'))
  return new Map(files.map((file) => [path.basename(file, '.ts'), firstSentence(file)]))
}

/** Runs one of {@link ownPrograms} to its end. */
export function runProgram(name) {
  const file = path.join(benchFolder, `${name}.ts`)
  const { status } = spawnSync(process.execPath, [file], { stdio: 'inherit' })
  if (status !== 0) throw new Error(`${name} ended with ${status}`)
}

function firstSentence(file) {
  const text = readFileSync(path.join(benchFolder, file), 'utf8')
  const comment = /\/\*\*?([\s\S]*?)\*\//.exec(text)?.[1] ?? ''
  const plain = comment
    .replaceAll(/^\s*\*\s?/gm, '')
    .replaceAll(/\s+/g, ' ')
    .trim()
  return /^.*?[.:;](?=\s|$)/.exec(plain)?.[0] ?? plain
}

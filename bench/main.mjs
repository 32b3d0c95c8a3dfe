/**
 * `npm run bench -- <name> [--rounds N] [--json FILE] [--systems a,b] [--minutes N]
 * [--profile FOLDER] [--no-build]`: prepares the machine, runs one benchmark, prints its tables
 * and writes them as JSON.
 */
import path from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { benchmarks, ownPrograms, runProgram } from './catalogue.mjs'
import { buildFoundation, installPeers } from './harness/prepare.mjs'
import { machine, writeResult } from './harness/report.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string' },
    json: { type: 'string' },
    systems: { type: 'string' },
    minutes: { type: 'string' },
    profile: { type: 'string' },
    'no-build': { type: 'boolean' },
  },
})

const [name = 'list'] = positionals
process.exitCode = await main(name)

async function main(wanted) {
  const programs = ownPrograms()
  if (wanted === 'list') return list(programs)
  const names = wanted === 'all' ? [...Object.keys(benchmarks), ...programs.keys()] : [wanted]
  const unknown = names.find((one) => !(one in benchmarks) && !programs.has(one))
  if (unknown !== undefined) {
    console.error(`no benchmark "${unknown}"; npm run bench -- list shows them`)
    return 2
  }
  const options = readOptions()
  for (const one of names) await runOne(one, options)
  return 0
}

async function runOne(one, options) {
  console.log(`\n== ${one}`)
  if (!(one in benchmarks)) return runProgram(one)
  const benchmark = benchmarks[one]
  installPeers()
  if (options.isWanted('foundation') && !values['no-build']) buildFoundation()
  console.log(benchmark.summary)
  console.log(Object.entries(machine()).flat().join(' '))
  const result = await benchmark.run(options)
  if (result !== undefined) writeResult(one, result, values.json)
}

function readOptions() {
  const systems = values.systems?.split(',')
  return {
    rounds: whole('rounds', { fallback: 5, max: 100 }),
    minutes: whole('minutes', { fallback: 10, max: 240 }),
    isWanted: (system) => systems === undefined || systems.includes(system),
    profileFolder: values.profile && path.resolve(values.profile),
  }
}

function whole(option, { fallback, max }) {
  const value = Number(values[option] ?? fallback)
  if (Number.isInteger(value) && value >= 1 && value <= max) return value
  throw new Error(`--${option}: expected a whole number from 1 to ${max}`)
}

function list(programs) {
  const lines = [
    ...Object.entries(benchmarks).map(([one, { summary }]) => [one, summary]),
    ...programs,
    ['all', 'everything above, one after another'],
  ]
  const widest = Math.max(...lines.map(([one]) => one.length))
  for (const [one, summary] of lines) console.log(`${one.padEnd(widest)}  ${summary}`)
  return 0
}

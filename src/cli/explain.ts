/** `foundation explain`: what a node would be started with here, and who says so. Starts nothing. */
import type { TopologyExplained } from '../discovery/index.ts'
import { resolveOptionsIn, type ResolvedOptions } from '../node/index.ts'
import { parseCommand, type Command } from './core/command.ts'
import { painter, tableLines, type Paint } from './core/table.ts'

/** See `foundation explain --help`. */
export const explainCommand: Command = {
  summary: 'show the options in force, where each comes from, and the topologies they become',
  usage: `foundation explain [--all] [--json]

  Reads the settings of this folder as startNode() does: FOUNDATION_* in the environment,
  foundation.config.{js,mjs,ts,json}, the "foundation" key of package.json.
  --all   options at their default as well
  --json  everything, as JSON; secrets are hidden`,
  async run({ args, env, workingFolder, print, hasColour }) {
    const { values } = parseCommand(args, { options: { all: { type: 'boolean', default: false } } })
    const resolved = await resolveOptionsIn({ env, workingFolder })
    if (values.json) print(JSON.stringify(resolved, undefined, 2))
    else for (const line of explanation(resolved, values.all, painter(hasColour))) print(line)
    return 0
  },
}

const modeWords: Readonly<Record<ResolvedOptions['mode'], string>> = {
  alone: 'alone: no cluster (set "cluster": true)',
  mortal: 'mortal: zero configuration',
  apprentice: 'apprentice: one strategy, simple options',
  wizard: 'wizard: topologies as given',
}

/** What a node of these settings cannot do without, shown even at its default. */
const alwaysShown = ['app', 'cluster', 'secret', 'listen']

function* explanation(
  { mode, options, topologies, notes }: ResolvedOptions,
  isAll: boolean,
  paint: Paint,
): Generator<string> {
  yield `${paint('bold', 'mode')}  ${modeWords[mode]}`
  yield ''
  const rows = Object.entries(options)
    .filter(([name, { origin }]) => isAll || origin !== 'default' || alwaysShown.includes(name))
    .map(([name, { value, origin }]) => [name, brief(value), origin])
  yield* tableLines(['option', 'value', 'from'], rows, paint)
  for (const [name, topology] of Object.entries(topologies)) {
    yield ''
    yield* topologyLines(name, topology, paint)
  }
  for (const note of notes) yield `\n${paint('yellow', 'note')}  ${note}`
}

function* topologyLines(
  name: string,
  topology: TopologyExplained,
  paint: Paint,
): Generator<string> {
  const { enabled, ...shown } = topology
  yield `${paint('bold', 'topology')}  ${name}${enabled ? '' : '  (not enabled)'}`
  for (const [key, value] of Object.entries(shown)) {
    if (key === 'hooks' && topology.hooks.length === 0) continue
    yield `  ${key.padEnd(9)} ${brief(value)}`
  }
}

const valueMaxLength = 100

function brief(value: unknown): string {
  if (value === undefined) return '-'
  if (typeof value === 'string') return value
  const text = JSON.stringify(value)
    .replaceAll(/"(\w+)":/g, '$1: ')
    .replaceAll(',', ', ')
  return text.length > valueMaxLength ? `${text.slice(0, valueMaxLength)} ...` : text
}

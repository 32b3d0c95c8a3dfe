/** `resolveOptions`: what a node would be started with, and who says so. Opens nothing, makes nothing. */
import process from 'node:process'
import { explainTopology, shownConfig, type TopologyExplained } from '../discovery/index.ts'
import { isPackageInstalled, secretFilePath } from '../kernel/index.ts'
import {
  listenEndpoint,
  readSources,
  startOptionNames,
  translateModes,
  type CheckedOptions,
  type Mode,
  type StartOptions,
  type Surroundings,
} from '../setup/index.ts'
import { resolvePartOptions } from './settings.ts'

/** One option: its value with defaults filled in, secrets hidden, and where it comes from. */
export interface ResolvedOption {
  readonly value: unknown
  /** `argument`, the name of a variable, the path of a file, or `default`. */
  readonly origin: string
}

/** What {@link resolveOptions} gives: plain JSON without secrets. */
export interface ResolvedOptions {
  readonly app: string | undefined
  readonly mode: Mode
  readonly options: Readonly<Record<string, ResolvedOption>>
  /** What `cluster` or `topologies` became, every default filled in. */
  readonly topologies: Readonly<Record<string, TopologyExplained>>
  /** Sentences a person should read once. */
  readonly notes: readonly string[]
}

/**
 * The options `startNode(given)` would start with, the topologies they become, and where each comes
 * from. Also what `foundation explain` shows.
 *
 * @throws {FoundationError} `FND_OPTION_INVALID`
 */
export function resolveOptions(given: StartOptions = {}): Promise<ResolvedOptions> {
  return resolveOptionsIn({ env: process.env, workingFolder: process.cwd() }, given)
}

/** {@link resolveOptions} with its surroundings given. */
export async function resolveOptionsIn(
  surroundings: Surroundings,
  given: StartOptions = {},
): Promise<ResolvedOptions> {
  const { env } = surroundings
  const { options, origins, notes } = await readSources(given, surroundings)
  const translation = translateModes(options, { env, hasPackage: isPackageInstalled })
  const effective: Record<string, unknown> = {
    ...options,
    ...resolvePartOptions(options),
    listen: listenEndpoint(options, { translation, isPrivate: false }),
    transport: engineName(options),
    log: options.log && '(a logger)',
  }
  const resolved = startOptionNames.map((name) => {
    const value = name === 'secret' ? '(hidden)' : shown(name, effective[name])
    const origin = origins[name] ?? (name === 'secret' ? secretOrigin(env) : 'default')
    return [name, { value, origin }] as const
  })
  const topologies = Object.entries(translation.topologies).map(
    ([name, topology]) => [name, explainTopology(name, topology)] as const,
  )
  return {
    app: options.app,
    mode: translation.mode,
    options: Object.fromEntries(resolved),
    topologies: Object.fromEntries(topologies),
    notes: [...notes, ...translation.notes],
  }
}

/** By its key, so that a key that names a secret is hidden. */
function shown(name: string, value: unknown): unknown {
  return (shownConfig({ [name]: value }) as Record<string, unknown>)[name]
}

function engineName({ transport }: CheckedOptions): string {
  return typeof transport === 'object' ? `engine "${transport.kind}"` : 'mesh'
}

function secretOrigin(env: Surroundings['env']): string {
  if (env['FOUNDATION_SECRET'] !== undefined) return 'FOUNDATION_SECRET'
  return secretFilePath(env)
}

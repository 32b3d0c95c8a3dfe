/**
 * Where options come from, strongest first: the argument, `FOUNDATION_*` in the environment,
 * `foundation.config.{js,mjs,ts,json}`, the `foundation` key of the nearest package.json, the
 * defaults. Remembers which source won. The strongest source that names an option gives all of it.
 */
import path from 'node:path'
import { invalid } from '../kernel/index.ts'
import { configFileOptions } from './config-file.ts'
import { environmentOptions } from './environment.ts'
import { appOf, nearestPackage, packageOptions } from './package-file.ts'
import { sourceFrom, type Source } from './source.ts'
import { checkStartOptions, type CheckedOptions } from './start-options.ts'

/** The surroundings of a process that options are read from. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Where files are looked for; undefined: no file is read. */
  readonly workingFolder: string | undefined
}

/** Options with the source of each that was given. */
export interface SourcedOptions {
  readonly options: CheckedOptions
  /** Option name to `argument`, the variable's name, or the file's path. */
  readonly origins: Readonly<Record<string, string>>
  /** Sentences a person should read once. */
  readonly notes: readonly string[]
}

/**
 * Joins the sources and checks the result.
 *
 * @throws {FoundationError} `FND_OPTION_INVALID`
 */
export async function readSources(
  given: unknown,
  { env, workingFolder }: Surroundings,
): Promise<SourcedOptions> {
  const argument = argumentOptions(given)
  const environment = environmentOptions(env)
  const files = workingFolder === undefined ? [] : await fileOptions(workingFolder)
  const { sources, notes } = withOneChoice([argument, environment, ...files])
  const weakestFirst = sources.toReversed()
  const options = checkStartOptions(Object.assign({}, ...weakestFirst.map(({ values }) => values)))
  const origins = Object.assign({}, ...weakestFirst.map(({ origins }) => origins)) as Record<
    string,
    string
  >
  return { options, origins, notes: [...environment.notes, ...notes] }
}

function argumentOptions(given: unknown): Source {
  const isRecord = typeof given === 'object' && given !== null && !Array.isArray(given)
  if (given !== undefined && !isRecord) {
    throw invalid('options', 'expected an object', given)
  }
  return sourceFrom('argument', given ?? {})
}

/** Strongest first. */
async function fileOptions(workingFolder: string): Promise<Source[]> {
  const found = nearestPackage(workingFolder)
  const root = found ? path.dirname(found.file) : workingFolder
  return [await configFileOptions(workingFolder, root), packageOptions(found), appOf(found)]
}

const choice: readonly string[] = ['cluster', 'topologies']
const makesChoice = ({ values }: Source): boolean => choice.some((option) => option in values)

/**
 * `cluster` and `topologies` are one choice: the strongest source that makes it makes it alone.
 * Else `FOUNDATION_CLUSTER=off` could not keep a node alone whose file has topologies.
 */
function withOneChoice(sources: readonly Source[]): { sources: Source[]; notes: string[] } {
  const deciding = sources.find(makesChoice)
  const overruled = sources.filter((source) => source !== deciding && makesChoice(source))
  const notes = overruled
    .filter(({ values }) => 'topologies' in values)
    .map(
      ({ origins }) =>
        `"topologies" of ${origins['topologies'] ?? ''} is ignored: a stronger source decides`,
    )
  return {
    sources: sources.map((source) => (overruled.includes(source) ? withoutChoice(source) : source)),
    notes,
  }
}

function withoutChoice({ values, origins }: Source): Source {
  const others = <T>(record: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(Object.entries(record).filter(([option]) => !choice.includes(option)))
  return { values: others(values), origins: others(origins) }
}

/**
 * Where options come from, strongest first: the argument, `FOUNDATION_*` in the environment, the
 * `foundation` key of the nearest package.json, the defaults. Remembers which source won.
 */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { FoundationError, invalid, nearest } from '../kernel/index.ts'
import { checkStartOptions, type CheckedOptions } from './start-options.ts'

/** The surroundings of a process that options are read from. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly workingFolder: string
}

/** Options with the source of each that was given. */
export interface SourcedOptions {
  readonly options: CheckedOptions
  /** Option name to `argument`, the variable's name, or the file's path. */
  readonly origins: Readonly<Record<string, string>>
  /** Sentences a person should read once. */
  readonly notes: readonly string[]
}

interface NearestPackage {
  readonly file: string
  readonly content: { readonly name?: unknown; readonly foundation?: unknown }
}

type Read = (value: string, variable: string) => unknown

const list: Read = (value) =>
  value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')

const word: Read = (value) => value

const switched: Read = (value, variable) => {
  if (/^(true|1|yes|on)$/i.test(value)) return true
  if (/^(false|0|no|off)$/i.test(value)) return false
  throw invalid(variable, 'expected true or false', value)
}

const endpoint: Read = (value, variable) => {
  const match = /^(?:\[(?<v6>[^\]]+)\]|(?<host>[^:]*))(?::(?<port>\d{1,5}))?$/.exec(value)
  if (!match?.groups) throw invalid(variable, 'expected "host:port", "host" or ":port"', value)
  const host = match.groups['v6'] ?? match.groups['host']
  const port = match.groups['port']
  return { ...(host ? { host } : {}), ...(port === undefined ? {} : { port: Number(port) }) }
}

/** Variable to option. The secret's variables are read by the keyring, not here. */
const variables: Readonly<Record<string, { option: string; read: Read }>> = {
  FOUNDATION_APP: { option: 'app', read: word },
  FOUNDATION_NAME: { option: 'name', read: word },
  FOUNDATION_CLUSTER: { option: 'cluster', read: switched },
  FOUNDATION_LISTEN: { option: 'listen', read: endpoint },
  FOUNDATION_ADVERTISE: { option: 'advertise', read: endpoint },
  FOUNDATION_PRESET: { option: 'preset', read: word },
  FOUNDATION_ROLES: { option: 'roles', read: list },
  FOUNDATION_INTERFACES: { option: 'interfaces', read: list },
  FOUNDATION_SIGNALS: { option: 'signals', read: switched },
}

/** Variables with the prefix that other parts read. */
const otherVariables = ['FOUNDATION_SECRET', 'FOUNDATION_SECRET_FILE', 'FOUNDATION_LOG']

/**
 * Joins the sources and checks the result.
 *
 * @throws {FoundationError} `FND_OPTION_INVALID`
 */
export function readSources(given: unknown, surroundings: Surroundings): SourcedOptions {
  const nearestFile = nearestPackage(surroundings.workingFolder)
  const fromFile = packageOptions(nearestFile)
  const fromEnvironment = environmentOptions(surroundings.env)
  const fromArgument = argumentOptions(given)
  const app = appOf(nearestFile)
  const options = checkStartOptions({
    ...app.values,
    ...fromFile.values,
    ...fromEnvironment.values,
    ...fromArgument.values,
  })
  const origins = {
    ...app.origins,
    ...fromFile.origins,
    ...fromEnvironment.origins,
    ...fromArgument.origins,
  }
  return { options, origins, notes: fromEnvironment.notes }
}

interface Source {
  readonly values: Record<string, unknown>
  readonly origins: Record<string, string>
}

function argumentOptions(given: unknown): Source {
  if (given !== undefined && (typeof given !== 'object' || given === null)) {
    throw invalid('options', 'expected an object', given)
  }
  const entries = Object.entries(given ?? {}).filter(([, value]) => value !== undefined)
  return {
    values: Object.fromEntries(entries),
    origins: Object.fromEntries(entries.map(([key]) => [key, 'argument'])),
  }
}

function environmentOptions(env: Surroundings['env']): Source & { readonly notes: string[] } {
  const source = { values: {}, origins: {}, notes: [] } as Source & { notes: string[] }
  for (const [variable, value] of Object.entries(env)) {
    if (!variable.startsWith('FOUNDATION_') || value === undefined || value === '') continue
    if (otherVariables.includes(variable)) continue
    const known = variables[variable]
    if (known) {
      source.values[known.option] = known.read(value, variable)
      source.origins[known.option] = variable
    } else source.notes.push(noteOn(variable))
  }
  return source
}

/** Not an error: Kubernetes sets such variables for a service called "foundation". */
function noteOn(variable: string): string {
  const near = nearest(variable, [...Object.keys(variables), ...otherVariables])
  const hint = near === undefined ? '' : `; did you mean ${near}?`
  return `environment variable ${variable} is not known and ignored${hint}`
}

function packageOptions(found: NearestPackage | undefined): Source {
  const values = found?.content.foundation
  if (!found || values === undefined) return { values: {}, origins: {} }
  if (typeof values !== 'object' || values === null) {
    throw invalid('foundation', `expected an object in ${found.file}`, values)
  }
  const origins = Object.fromEntries(Object.keys(values).map((key) => [key, found.file]))
  return { values: { ...values }, origins }
}

function appOf(found: NearestPackage | undefined): Source {
  const name = found?.content.name
  if (!found || typeof name !== 'string') return { values: {}, origins: {} }
  return { values: { app: name }, origins: { app: found.file } }
}

function nearestPackage(folder: string): NearestPackage | undefined {
  const file = path.join(folder, 'package.json')
  const text = readIfThere(file)
  if (text !== undefined) return { file, content: parse(text, file) }
  const parent = path.dirname(folder)
  return parent === folder ? undefined : nearestPackage(parent)
}

function parse(text: string, file: string): NearestPackage['content'] {
  try {
    return JSON.parse(text) as NearestPackage['content']
  } catch (cause) {
    throw new FoundationError('FND_OPTION_INVALID', `${file} is not valid JSON`, { cause })
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined // Absent or unreadable: the next folder up decides.
  }
}

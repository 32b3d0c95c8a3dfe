/** `FOUNDATION_*` variables: which there are, and what each becomes. */
import { FoundationError, invalid, nearest, toError } from '../kernel/index.ts'
import type { Source } from './source.ts'

type Environment = Readonly<Record<string, string | undefined>>
type Read = (value: string, variable: string) => unknown

const list: Read = (value) =>
  value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')

const word: Read = (value) => value

const switched: Read = (value, variable) => {
  const answer = switchOf(value)
  if (answer === undefined) throw invalid(variable, 'expected true or false', value)
  return answer
}

function switchOf(value: string): boolean | undefined {
  if (/^(true|1|yes|on)$/i.test(value)) return true
  return /^(false|0|no|off)$/i.test(value) ? false : undefined
}

/** On, off, the name of a strategy, or all of Apprentice mode as JSON. */
const cluster: Read = (value, variable) => {
  if (value.trimStart().startsWith('{')) return json(value, variable)
  return switchOf(value) ?? { strategy: value }
}

const json: Read = (value, variable) => {
  try {
    return JSON.parse(value) as unknown
  } catch (cause) {
    const message = `Option "${variable}": expected JSON; ${toError(cause).message}`
    throw new FoundationError('FND_OPTION_INVALID', message, { details: { option: variable } })
  }
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
  FOUNDATION_CLUSTER: { option: 'cluster', read: cluster },
  FOUNDATION_TOPOLOGIES: { option: 'topologies', read: json },
  FOUNDATION_LISTEN: { option: 'listen', read: endpoint },
  FOUNDATION_ADVERTISE: { option: 'advertise', read: endpoint },
  FOUNDATION_PRESET: { option: 'preset', read: word },
  FOUNDATION_ROLES: { option: 'roles', read: list },
  FOUNDATION_INTERFACES: { option: 'interfaces', read: list },
  FOUNDATION_SIGNALS: { option: 'signals', read: switched },
}

/** Variables with the prefix that other parts read. */
const otherVariables = ['FOUNDATION_SECRET', 'FOUNDATION_SECRET_FILE', 'FOUNDATION_LOG']

/** Every variable with a meaning, for the reference. */
export const environmentVariables: readonly string[] = [
  ...Object.keys(variables),
  ...otherVariables,
]

/**
 * The options the environment sets. An empty variable counts as not set.
 *
 * @throws {FoundationError} `FND_OPTION_INVALID`, naming the variable.
 */
export function environmentOptions(env: Environment): Source & { readonly notes: string[] } {
  const source = { values: {}, origins: {}, notes: [] } as {
    values: Record<string, unknown>
    origins: Record<string, string>
    notes: string[]
  }
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
  const near = nearest(variable, environmentVariables)
  const hint = near === undefined ? '' : `; did you mean ${near}?`
  return `environment variable ${variable} is not known and ignored${hint}`
}

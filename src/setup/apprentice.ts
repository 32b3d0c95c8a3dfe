/**
 * Apprentice mode: a few simple words a strategy, translated into a full topology. The strategy's
 * own options are accepted beside them, under their own names and checks. Pure.
 */
import {
  findStrategy,
  strategyNames,
  type StrategyDefinition,
  type Topology,
} from '../discovery/index.ts'
import {
  FoundationError,
  integerCheck,
  invalid,
  nearest,
  textCheck,
  unknownKey,
  type Check,
  type Rule,
} from '../kernel/index.ts'
import type { SimpleCluster } from './start-options.ts'

/** The simple words of one strategy. */
interface Translator {
  /** Words that are not options of the strategy; `becomes` gives the options each stands for. */
  readonly words?: Readonly<Record<string, { check: Check; becomes: Becomes }>>
  /** One of these must be given. */
  readonly needs?: readonly string[]
}

type Becomes = (value: unknown) => Readonly<Record<string, unknown>>

/** Options every polled strategy takes. */
const pollKeys = (['pollIntervalMs', 'lookupTimeoutMs'] as const).map(
  (key) => [key, integerCheck({ min: 10, max: 3_600_000 })] as const,
)

const translators: Readonly<Record<string, Translator>> = {
  static: { needs: ['hosts'] },
  dns: { needs: ['query'], words: { type: { check: recordTypeCheck, becomes: recordType } } },
  file: { needs: ['path'] },
  http: { needs: ['url'] },
  exec: { needs: ['command'] },
  consul: { needs: ['service'] },
  kubernetes: {
    needs: ['appName', 'labelSelector', 'service'],
    words: {
      appName: {
        check: labelCheck,
        becomes: (value) => ({ labelSelector: `app=${String(value)}` }),
      },
    },
  },
}

/**
 * The topology that simple options become. Its name is that of the strategy.
 *
 * @throws {FoundationError} `FND_OPTION_INVALID`, naming the option as the user wrote it.
 */
export function translateSimple({ strategy, ...given }: SimpleCluster): Record<string, Topology> {
  const definition = findStrategy(strategy)
  if (!definition) throw unknownStrategy(strategy)
  const translator = translators[definition.name] ?? {}
  const config: Record<string, unknown> = {}
  const schema = schemaOf(definition, translator)
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined) continue
    checkOne(schema, key, value)
    const word = translator.words?.[key]
    Object.assign(config, word ? word.becomes(value) : { [key]: value })
  }
  requireOne(definition.name, translator.needs ?? [], given)
  return { [definition.name]: { strategy: definition.name, config } }
}

/** Every key with its check. */
function schemaOf(definition: StrategyDefinition, { words = {} }: Translator): Map<string, Check> {
  const simple = Object.entries(words).map(([key, { check }]) => [key, check] as const)
  const own = Object.entries<Rule<unknown>>({ ...definition.rules }).map(
    ([key, { check }]) => [key, check] as const,
  )
  return new Map([...own, ...simple, ...pollKeys])
}

function checkOne(schema: ReadonlyMap<string, Check>, key: string, value: unknown): void {
  const check = schema.get(key)
  if (!check) throw unknownKey(`cluster.${key}`, key, [...schema.keys()])
  const problem = check(value)
  if (problem !== undefined) throw invalid(`cluster.${key}`, problem, value)
}

function requireOne(strategy: string, needs: readonly string[], given: object): void {
  if (needs.length === 0 || needs.some((key) => key in given)) return
  const wanted = needs.join(' or ')
  throw new FoundationError(
    'FND_OPTION_INVALID',
    `Option "cluster": strategy "${strategy}" needs ${wanted}; ` +
      `write cluster: { strategy: '${strategy}', ${needs[0] ?? ''}: ... }`,
    { details: { option: `cluster.${needs[0] ?? ''}` } },
  )
}

function unknownStrategy(strategy: string): FoundationError {
  const known = strategyNames()
  const near = nearest(strategy, known)
  const hint =
    near === undefined
      ? `expected one of ${known.join(', ')}`
      : `expected a known strategy (did you mean "${near}"?)`
  return invalid('cluster.strategy', hint, strategy)
}

/** What Kubernetes takes as the value of a label. @source kubernetes.io, Labels and Selectors */
function labelCheck(value: unknown): ReturnType<Check> {
  if (textCheck(value) !== undefined) return textCheck(value)
  return /^[a-z0-9]([\w.-]{0,61}[a-z0-9])?$/i.test(String(value))
    ? undefined
    : 'expected the value of the label "app": at most 63 letters, digits, or any of . _ -'
}

/** Record types as people say them; A and AAAA are asked for together. */
const recordTypes: Readonly<Record<string, string>> = {
  a: 'address',
  aaaa: 'address',
  address: 'address',
  srv: 'srv',
  auto: 'auto',
}

function recordTypeCheck(value: unknown): ReturnType<Check> {
  return Object.hasOwn(recordTypes, String(value).toLowerCase())
    ? undefined
    : 'expected "address" (A and AAAA), "srv" or "auto"'
}

function recordType(value: unknown): Readonly<Record<string, unknown>> {
  return { type: recordTypes[String(value).toLowerCase()] }
}

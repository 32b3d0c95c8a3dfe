/**
 * Makes a strategy from a name, a class or a definition and its config. Understands libcluster's
 * keys, snake_case, and the two keys every poll strategy takes.
 */
import {
  FoundationError,
  integerCheck,
  invalid,
  isFoundationError,
  nearest,
  resolveRules,
  toError,
} from '../kernel/index.ts'
import { findStrategy, strategyNames } from './catalogue.ts'
import {
  findLibclusterKey,
  findLibclusterModule,
  type LibclusterKey,
  type LibclusterModule,
} from './libcluster.ts'
import type {
  PollDefaults,
  Strategy,
  StrategyClass,
  StrategyDefinition,
  UserStrategy,
} from './port/port.ts'

/** What holds for a poll strategy that says nothing of its own. */
export const pollFallback: PollDefaults = {
  pollIntervalMs: 5_000,
  lookupTimeoutMs: 10_000,
  prune: 'never',
}
const pollKeyAliases: Readonly<Record<string, string>> = {
  polling_interval: 'pollIntervalMs',
  pollingInterval: 'pollIntervalMs',
  poll_interval: 'pollIntervalMs',
}

/** A strategy and what it was made from. */
export interface MadeStrategy {
  readonly strategyName: string
  readonly strategy: Strategy
  readonly config: Readonly<Record<string, unknown>>
  readonly poll: Partial<Omit<PollDefaults, 'prune'>>
  readonly findsHostsOnly: boolean
}

/**
 * Makes the strategy a topology asks for.
 *
 * @throws {FoundationError} `FND_OPTION_INVALID`
 */
export function makeStrategy(
  path: string,
  wanted: string | StrategyClass | StrategyDefinition,
  config: Readonly<Record<string, unknown>> = {},
): MadeStrategy {
  if (typeof config !== 'object' || Array.isArray(config)) {
    throw invalid(`${path}.config`, 'expected an object', config)
  }
  if (typeof wanted === 'function') {
    const { poll } = splitPollKeys(`${path}.config`, config)
    const strategy = adopt(path, instanceOf(path, wanted, config))
    return { strategyName: wanted.name || 'custom', strategy, config, poll, findsHostsOnly: false }
  }
  const naming = namingOf(path, wanted)
  const { definition } = naming
  const { own, poll } = splitPollKeys(`${path}.config`, ownKeys(naming, config))
  const options = resolveRules(definition.rules, own, `${path}.config`)
  const strategy = definition.create(options)
  return {
    strategyName: definition.name,
    strategy,
    config: { ...options },
    poll,
    findsHostsOnly: definition.findsHostsOnly?.(options) ?? false,
  }
}

function namingOf(path: string, wanted: string | StrategyDefinition): Naming {
  if (typeof wanted === 'string') {
    return { definition: requireStrategy(path, wanted), module: findLibclusterModule(wanted) }
  }
  if (isDefinition(wanted)) return { definition: wanted, module: undefined }
  throw invalid(`${path}.strategy`, 'expected a name, a class or a definition', wanted)
}

function isDefinition(value: unknown): value is StrategyDefinition {
  return typeof value === 'object' && value !== null && 'create' in value && 'rules' in value
}

function requireStrategy(path: string, name: string): StrategyDefinition {
  const found = findStrategy(name)
  if (found) return found
  const near = nearest(name, strategyNames())
  const hint =
    near === undefined ? `known: ${strategyNames().join(', ')}` : `did you mean "${near}"?`
  throw new FoundationError(
    'FND_OPTION_INVALID',
    `Option "${path}.strategy": no discovery strategy is called "${name}"; ${hint}`,
    { details: { option: `${path}.strategy`, suggestion: near } },
  )
}

/** What a constructor throws is nearly always about its config; an error of ours says it already. */
function instanceOf(path: string, wanted: StrategyClass, config: object): UserStrategy {
  try {
    return new wanted(config as never)
  } catch (thrown) {
    if (isFoundationError(thrown)) throw thrown
    const option = `${path}.strategy`
    const why = `new ${wanted.name || 'strategy'}(config) threw: ${toError(thrown).message}`
    const context = { details: { option }, cause: thrown }
    throw new FoundationError('FND_OPTION_INVALID', `Option "${option}": ${why}`, context)
  }
}

/** A user's instance as a strategy of the port. Calls go to the instance, private fields and all. */
function adopt(path: string, instance: UserStrategy): Strategy {
  if ('lookup' in instance && typeof instance.lookup === 'function') return adoptPoll(instance)
  if ('start' in instance && isFunction(instance.start) && isFunction(instance.stop)) {
    return {
      kind: 'push',
      ...(instance.defaults && { defaults: instance.defaults }),
      start: (context) => instance.start(context),
      stop: (reason) => instance.stop(reason),
      refresh: () => {
        instance.refresh?.()
      },
      figures: () => instance.figures?.() ?? {},
    }
  }
  const expected = 'expected a class with lookup(), or start() and stop()'
  throw invalid(`${path}.strategy`, expected, instance)
}

function adoptPoll(instance: Extract<UserStrategy, { lookup: unknown }>): Strategy {
  return {
    kind: 'poll',
    defaults: { ...pollFallback, ...instance.defaults },
    lookup: (context, signal) => instance.lookup(context, signal),
    register: async (context, signal) => instance.register?.(context, signal),
    deregister: async (context, signal) => instance.deregister?.(context, signal),
    watch: (context, look) => {
      instance.watch?.(context, look)
    },
    figures: () => instance.figures?.() ?? {},
  }
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function'
}

function splitPollKeys(
  path: string,
  config: Readonly<Record<string, unknown>>,
): { own: Record<string, unknown>; poll: MadeStrategy['poll'] } {
  const own: Record<string, unknown> = {}
  const poll: { pollIntervalMs?: number; lookupTimeoutMs?: number } = {}
  for (const [key, value] of Object.entries(config)) {
    const name = Object.hasOwn(pollKeyAliases, key) ? pollKeyAliases[key] : camel(key)
    if (name !== 'pollIntervalMs' && name !== 'lookupTimeoutMs') {
      own[key] = value
      continue
    }
    const problem = integerCheck({ min: 10, max: 3_600_000 })(value)
    if (problem !== undefined) throw invalid(`${path}.${key}`, problem, value)
    poll[name] = value as number
  }
  return { own, poll }
}

/** What decides on the meaning of a key. */
interface Naming {
  readonly definition: StrategyDefinition
  /** When the user named the strategy as libcluster does. */
  readonly module: LibclusterModule | undefined
}

/** The config under the strategy's own key names. Unknown keys stay, for the resolver to refuse. */
function ownKeys(
  naming: Naming,
  config: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const named: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(config)) {
    const foreign = foreignKey(naming, key)
    Object.assign(
      named,
      foreign ? foreign.options(value, config) : { [knownOr(key, naming.definition.rules)]: value },
    )
  }
  return named
}

/** Under libcluster's name its keys come first, under ours our own. */
function foreignKey({ definition, module }: Naming, key: string): LibclusterKey | undefined {
  if (!module && Object.hasOwn(definition.rules, key)) return undefined
  return findLibclusterKey(key, { strategy: definition.name, module })
}

function knownOr(key: string, rules: object): string {
  if (Object.hasOwn(rules, key)) return key
  const candidates = [camel(key), `${camel(key)}Ms`]
  return candidates.find((candidate) => Object.hasOwn(rules, candidate)) ?? key
}

/** `polling_interval` as `pollingInterval`. */
export function camel(key: string): string {
  return key.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

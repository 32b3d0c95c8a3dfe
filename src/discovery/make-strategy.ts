/**
 * Makes a strategy from a name, a class or a definition and its config. Understands libcluster's
 * keys, snake_case, and the two keys every poll strategy takes.
 */
import { FoundationError, integerCheck, invalid, nearest, resolveRules } from '../kernel/index.ts'
import { findStrategy, strategyNames } from './catalogue.ts'
import type {
  KeyAlias,
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
    const strategy = adopt(path, new wanted(config as never))
    return { strategyName: wanted.name || 'custom', strategy, config, poll }
  }
  const definition = typeof wanted === 'string' ? requireStrategy(path, wanted) : wanted
  if (!isDefinition(definition)) {
    throw invalid(`${path}.strategy`, 'expected a name, a class or a definition', definition)
  }
  const { own, poll } = splitPollKeys(`${path}.config`, ownKeys(definition, config))
  const options = resolveRules(definition.rules, own, `${path}.config`)
  const strategy = definition.create(options)
  return { strategyName: definition.name, strategy, config: { ...options }, poll }
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

/** The config under the strategy's own key names. Unknown keys stay, for the resolver to refuse. */
function ownKeys(
  definition: StrategyDefinition,
  config: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const named: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(config)) {
    Object.assign(named, renamed(definition, key, value))
  }
  return named
}

function renamed(
  { rules, keyAliases = {} }: StrategyDefinition,
  key: string,
  value: unknown,
): Readonly<Record<string, unknown>> {
  const alias: KeyAlias | undefined = Object.hasOwn(keyAliases, key) ? keyAliases[key] : undefined
  if (typeof alias === 'function') return alias(value)
  if (alias !== undefined) return { [alias]: value }
  return Object.hasOwn(rules, key) ? { [key]: value } : { [knownOr(key, rules)]: value }
}

function knownOr(key: string, rules: object): string {
  const candidates = [camel(key), `${camel(key)}Ms`]
  return candidates.find((candidate) => Object.hasOwn(rules, candidate)) ?? key
}

/** `polling_interval` as `pollingInterval`. */
export function camel(key: string): string {
  return key.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

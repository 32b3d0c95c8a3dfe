/**
 * A topology: one strategy, its config and the hooks around it, resolved from what a user wrote.
 * libcluster's strategy names and keys (snake_case) are understood as they are.
 */
import { invalid, unknownKey } from '../kernel/index.ts'
import type { Hooks } from './hooks.ts'
import { camel, makeStrategy, pollFallback } from './make-strategy.ts'
import type {
  PollDefaults,
  Prune,
  Strategy,
  StrategyClass,
  StrategyDefinition,
} from './port/port.ts'

/** One way to find peers, as a user writes it. snake_case keys are accepted as well. */
export interface Topology extends Hooks {
  /** A name of the catalogue (or libcluster's), your own class, or a definition. */
  readonly strategy: string | StrategyClass | StrategyDefinition
  /** The strategy's own options. Poll strategies also take `pollIntervalMs`, `lookupTimeoutMs`. */
  readonly config?: Readonly<Record<string, unknown>>
  /** The strategy's own default when left out. */
  readonly prune?: Prune
  /** False: kept in the settings, not started. */
  readonly enabled?: boolean
}

/** A topology, checked and ready to run. */
export interface ResolvedTopology {
  readonly name: string
  readonly strategyName: string
  readonly strategy: Strategy
  /** The options in force, defaults included. May hold secrets: see `shown-config.ts`. */
  readonly config: Readonly<Record<string, unknown>>
  readonly poll: Omit<PollDefaults, 'prune'>
  readonly prune: Prune
  readonly hooks: Hooks
  readonly isEnabled: boolean
  /** See `StrategyDefinition.findsHostsOnly`. */
  readonly findsHostsOnly: boolean
}

const prunes: readonly Prune[] = ['never', 'grace', 'immediate']
const topologyKeys = [
  'strategy',
  'config',
  'connect',
  'disconnect',
  'listNodes',
  'prune',
  'enabled',
]
/**
 * Checks one topology and makes its strategy.
 *
 * @throws {FoundationError} `FND_OPTION_INVALID`, naming the key and the nearest known one.
 */
export function resolveTopology(name: string, given: Topology): ResolvedTopology {
  const path = `topologies.${name}`
  const topology = camelTopology(path, given)
  const made = makeStrategy(path, topology.strategy, topology.config)
  const { strategyName, strategy, config, poll, findsHostsOnly } = made
  const defaults = { ...pollFallback, ...strategy.defaults }
  return {
    name,
    strategyName,
    strategy,
    config,
    poll: {
      pollIntervalMs: poll.pollIntervalMs ?? defaults.pollIntervalMs,
      lookupTimeoutMs: poll.lookupTimeoutMs ?? defaults.lookupTimeoutMs,
    },
    prune: topology.prune ?? defaults.prune,
    hooks: topology,
    isEnabled: topology.enabled ?? true,
    findsHostsOnly,
  }
}

/**
 * Whether the nodes of this topology must all listen on one port, and which its config names.
 *
 * @throws {FoundationError} `FND_OPTION_INVALID`
 */
export function sharedPortNeeded(
  name: string,
  given: Topology,
): { readonly port: number | undefined } | undefined {
  const { findsHostsOnly, config } = resolveTopology(name, given)
  if (!findsHostsOnly) return undefined
  return { port: typeof config['port'] === 'number' ? config['port'] : undefined }
}

function camelTopology(path: string, given: unknown): Topology {
  if (typeof given !== 'object' || given === null) throw invalid(path, 'expected an object', given)
  const pairs = Object.entries(given).map(([key, value]) => {
    const known = topologyKeys.find((candidate) => candidate === camel(key))
    if (known === undefined) throw unknownKey(`${path}.${key}`, key, topologyKeys)
    return [known, value] as const
  })
  const topology = Object.fromEntries(pairs.filter(([, value]) => value !== undefined))
  for (const [key, isRight, expected] of topologyChecks) {
    if (key in topology && !isRight(topology[key])) {
      throw invalid(`${path}.${key}`, `expected ${expected}`, topology[key])
    }
  }
  return topology as unknown as Topology
}

const isFunction = (value: unknown): boolean => typeof value === 'function'
const topologyChecks: readonly (readonly [string, (value: unknown) => boolean, string])[] = [
  ['connect', isFunction, 'a function'],
  ['disconnect', isFunction, 'a function'],
  ['listNodes', isFunction, 'a function'],
  ['enabled', (value) => typeof value === 'boolean', 'true or false'],
  ['prune', (value) => prunes.includes(value as Prune), `one of ${prunes.join(', ')}`],
]

/** One topology as `foundation explain` shows it: all that is in force, nothing secret. Pure. */
import type { Prune } from './port/port.ts'
import { shownConfig } from './shown-config.ts'
import { resolveTopology, type ResolvedTopology, type Topology } from './topology.ts'

/** A topology with every default filled in. Plain JSON. */
export interface TopologyExplained {
  readonly strategy: string
  readonly config: unknown
  readonly prune: Prune
  /** Absent for strategies that are not polled. */
  readonly poll?: ResolvedTopology['poll']
  /** Hooks that replace Foundation's own. */
  readonly hooks: readonly string[]
  readonly enabled: boolean
}

/**
 * Fills in every default.
 *
 * @throws {FoundationError} `FND_OPTION_INVALID`
 */
export function explainTopology(name: string, given: Topology): TopologyExplained {
  const { strategyName, strategy, config, prune, poll, hooks, isEnabled } = resolveTopology(
    name,
    given,
  )
  return {
    strategy: strategyName,
    config: shownConfig(config),
    prune,
    ...(strategy.kind === 'poll' && { poll }),
    hooks: (['connect', 'disconnect', 'listNodes'] as const).filter((hook) => hooks[hook]),
    enabled: isEnabled,
  }
}

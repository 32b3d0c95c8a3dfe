/**
 * The three layers of configuration become one thing: topologies.
 * Mortal and Apprentice are translated; Wizard passes through untouched.
 */
import { strategyNames, type Topology } from '../discovery/index.ts'
import { invalid, nearest } from '../kernel/index.ts'
import type { CheckedOptions, SimpleCluster } from './start-options.ts'

/** Which layer of configuration is in force. */
export type Mode = 'alone' | 'mortal' | 'apprentice' | 'wizard'

/** The translation, as `explain` shows it. */
export interface Translation {
  readonly mode: Mode
  readonly topologies: Readonly<Record<string, Topology>>
  /** Sentences a person should read once, e.g. that `cluster` is ignored. */
  readonly notes: readonly string[]
}

/** Same machine by a registry folder, same network by multicast. */
const mortalTopologies: Readonly<Record<string, Topology>> = {
  local: { strategy: 'local' },
  gossip: { strategy: 'gossip' },
}

/**
 * Translates `cluster` and `topologies`. Pure.
 *
 * @throws {FoundationError} `FND_OPTION_INVALID` for a strategy nobody knows.
 */
export function translateModes(
  options: Pick<CheckedOptions, 'cluster' | 'topologies'>,
): Translation {
  const { cluster, topologies } = options
  if (topologies !== undefined) {
    const ignored =
      cluster === undefined || cluster === false
        ? []
        : ['"cluster" is ignored because "topologies" is given']
    return { mode: 'wizard', topologies, notes: ignored }
  }
  if (cluster === true) return { mode: 'mortal', topologies: mortalTopologies, notes: [] }
  if (cluster === undefined || cluster === false)
    return { mode: 'alone', topologies: {}, notes: [] }
  return { mode: 'apprentice', topologies: translateSimple(cluster), notes: [] }
}

function translateSimple({ strategy, ...config }: SimpleCluster): Record<string, Topology> {
  const known = strategyNames()
  if (!known.includes(strategy)) {
    const near = nearest(strategy, known)
    const hint =
      near === undefined
        ? `expected one of ${known.join(', ')}`
        : `expected a known strategy (did you mean "${near}"?)`
    throw invalid('cluster.strategy', hint, strategy)
  }
  return { [strategy]: { strategy, config } }
}

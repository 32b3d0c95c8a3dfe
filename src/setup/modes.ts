/**
 * The three layers of configuration become one thing: topologies.
 * Mortal and Apprentice are translated; Wizard passes through as it is.
 */
import type { Topology } from '../discovery/index.ts'
import { translateSimple } from './apprentice.ts'
import { withSharedPort } from './shared-port.ts'
import type { CheckedOptions } from './start-options.ts'
import { placesWithoutMulticast } from './surroundings.ts'

/** Which layer of configuration is in force. */
export type Mode = 'alone' | 'mortal' | 'apprentice' | 'wizard'

/** The translation, as `explain` shows it. */
export interface Translation {
  readonly mode: Mode
  readonly topologies: Readonly<Record<string, Topology>>
  /** Where this node must listen unless it is told otherwise; undefined: anywhere. */
  readonly sharedPort: number | undefined
  /** Sentences a person should read once, e.g. that `cluster` is ignored. */
  readonly notes: readonly string[]
}

/** What the translation asks of the process. */
export interface TranslationFacts {
  readonly env: Readonly<Record<string, string | undefined>>
  /** True when an optional package can be imported. */
  readonly hasPackage: (name: string) => boolean
}

type Choice = Pick<CheckedOptions, 'cluster' | 'topologies'> &
  Partial<Pick<CheckedOptions, 'app' | 'listen'>>

/**
 * Translates `cluster` and `topologies`. Pure.
 *
 * @throws {FoundationError} `FND_OPTION_INVALID` for a strategy or option nobody knows.
 */
export function translateModes(options: Choice, facts: TranslationFacts): Translation {
  const { mode, topologies, notes } = chosen(options, facts)
  return { mode, notes, ...withSharedPort(topologies, options.listen) }
}

function chosen(
  { cluster = false, topologies, app = '' }: Choice,
  facts: TranslationFacts,
): Omit<Translation, 'sharedPort'> {
  if (topologies !== undefined) {
    const notes = cluster === false ? [] : ['"cluster" is ignored because "topologies" is given']
    return { mode: 'wizard', topologies, notes }
  }
  if (cluster === false) return { mode: 'alone', topologies: {}, notes: [] }
  if (cluster !== true)
    return { mode: 'apprentice', topologies: translateSimple(cluster), notes: [] }
  return {
    mode: 'mortal',
    topologies: mortalTopologies(facts),
    notes: placesWithoutMulticast(facts.env, app),
  }
}

/**
 * Same machine by a registry folder, same network by multicast. mDNS as well as gossip and never
 * instead: of two nodes of one app only one may have the package.
 */
function mortalTopologies({ hasPackage }: TranslationFacts): Record<string, Topology> {
  return {
    local: { strategy: 'local' },
    gossip: { strategy: 'gossip' },
    mdns: { strategy: 'mdns', enabled: hasPackage('multicast-dns') },
  }
}

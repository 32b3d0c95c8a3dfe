/** What tests of one cluster in one process may do, whichever engine runs. */
import process from 'node:process'
import type { Host } from '../../src/kernel/index.ts'
import type { FoundationNode } from '../../src/node/index.ts'
import type { MemoryNodeOptions } from '../../src/testing/index.ts'

/** What an engine under test may offer beside nodes that talk, cuts and kills. */
export type Capability =
  | 'virtual time' // minutes pass at once, and timers can be held up
  | 'link reset' // a link between two nodes is lost while both live
  | 'crash seen at once' // the end of a process ends its links
  | 'addresses to look up' // nodes are at addresses that a strategy can list
  | 'queues by peer' // who does not read holds up nobody but itself

/** How a network begins. What a ground cannot do with it is left out. */
export interface NetworkSetup {
  /** `real` for nodes that talk to something outside: sockets, a browser. */
  readonly time?: 'virtual' | 'real'
  readonly seed?: number
  readonly delayMs?: number
  readonly jitterMs?: number
}

/** Nodes of one cluster, and what may happen between them. Faults name nodes by their names. */
export interface Network extends AsyncDisposable {
  /** Time of the nodes. */
  readonly host: (nodeName: string) => Host
  startNode(options: MemoryNodeOptions): Promise<FoundationNode>
  /** Awaits `work` while time passes. */
  run<T>(work: Promise<T>): Promise<T>
  /** Lets time pass. */
  advance(ms: number): Promise<void>
  /** Lets time pass until it is so, for at most `withinMs`. */
  until(what: string, isSo: () => boolean, withinMs?: number): Promise<void>
  /** Lets time pass until nothing is under way any more. */
  settle(): Promise<void>
  /** Only nodes that share a group reach each other; a node in no group reaches all. */
  partition(...groups: readonly (readonly string[])[]): void
  /** Nothing arrives any more between two nodes, and nobody is told. */
  cut(a: string, b: string): void
  /** Ends every partition and cut. */
  heal(): void
  /** Ends a node without a word. */
  kill(nodeName: string): void
  /** See the capability `virtual time`. */
  pause(nodeName: string, ms: number): void
  /** See the capability `link reset`. */
  resetLink(a: string, b: string): void
  /** See the capability `addresses to look up`. */
  addresses(): readonly string[]
  stop(): Promise<void>
}

/** One engine, ready for tests in one process. */
export interface Ground {
  /** Why it cannot be had on this machine. */
  readonly missing: string | undefined
  readonly offers: ReadonlySet<Capability>
  openNetwork(setup: NetworkSetup): Promise<Network>
}

/** Options of a test: it is skipped, with the reason, where not all it needs is offered. */
export type Needs = (...wanted: readonly Capability[]) => { readonly skip: string | false }

/** {@link Needs} of one ground. */
export function needsOn({ missing, offers }: Pick<Ground, 'missing' | 'offers'>): Needs {
  return (...wanted) => {
    const lacking = wanted.filter((capability) => !offers.has(capability))
    const reason = `SKIPPED: the engine under test does not offer: ${lacking.join(', ')}`
    return { skip: missing ?? (lacking.length > 0 ? reason : false) }
  }
}

/** The ground that `TEST_ENGINE` names; `fallback` when it names none. */
export function chosenOf<G>(grounds: Readonly<Record<string, G>>, fallback: string): G {
  const name = process.env['TEST_ENGINE'] ?? fallback
  const found = grounds[name]
  if (!found) throw new Error(`TEST_ENGINE=${name}: expected ${Object.keys(grounds).join(', ')}`)
  return found
}

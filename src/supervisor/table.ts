/**
 * What every node says of the children it has: a space of the owner log, indexed by child and by
 * node. What a node said is visible while it is up.
 */
import { toError, type Host, type Log } from '../kernel/index.ts'
import { EpochClock } from '../registry/index.ts'
import type { LogChange, OwnerLog } from '../replication/index.ts'
import {
  isLive,
  nodeFactsShape,
  placementShape,
  type NodeFacts,
  type Placed,
  type Placement,
} from './core/records.ts'

/** What a {@link ChildTable} talks to. */
export interface ChildTableDeps {
  readonly ownerLog: Pick<OwnerLog, 'put' | 'delete' | 'watch' | 'entries'>
  readonly host: Pick<Host, 'wallClockMs'>
  readonly self: string
  readonly log: Log
  readonly changed: (id: string) => void
  readonly factsChanged: () => void
}

const childrenSpace = 'children'
const factsSpace = 'supervisors'
const factsKey = 'facts'
/** Ids whose highest epoch is remembered; the oldest is forgotten for a new one. */
const epochsMax = 65_536

/** One a node. */
export class ChildTable {
  readonly #deps: ChildTableDeps
  readonly #clock: EpochClock
  readonly #children = new Map<string, Map<string, Placed>>()
  readonly #loads = new Map<string, number>()
  readonly #facts = new Map<string, NodeFacts>()
  readonly #epochs = new Map<string, number>()
  #unwatch: readonly (() => void)[] = []

  constructor(deps: ChildTableDeps) {
    this.#deps = deps
    this.#clock = new EpochClock(deps.host)
  }

  start(): void {
    const { ownerLog } = this.#deps
    const tell = (change: LogChange): void => {
      this.#take(change.space, change.owner, change)
    }
    this.#unwatch = [ownerLog.watch(childrenSpace, tell), ownerLog.watch(factsSpace, tell)]
    for (const space of [childrenSpace, factsSpace]) {
      for (const { owner, key, value } of ownerLog.entries(space)) {
        this.#take(space, owner, { key, value })
      }
    }
  }

  stop(): void {
    for (const unwatch of this.#unwatch) unwatch()
    this.#unwatch = []
  }

  /** Says what this node does with a child. */
  publish(id: string, placement: Placement): void {
    this.#deps.ownerLog.put(childrenSpace, id, placement)
  }

  /** This node has nothing to do with the child any more. */
  withdraw(id: string): void {
    this.#deps.ownerLog.delete(childrenSpace, id)
  }

  publishFacts(facts: NodeFacts): void {
    this.#deps.ownerLog.put(factsSpace, factsKey, facts)
  }

  /** What the nodes that are up say of a child. */
  placementsOf(id: string): Placed[] {
    return [...(this.#children.get(id)?.values() ?? [])]
  }

  /** Children that some node says something of. */
  ids(): IterableIterator<string> {
    return this.#children.keys()
  }

  /** Children a node runs or holds a place for. */
  loadOf(node: string): number {
    return this.#loads.get(node) ?? 0
  }

  factsOf(node: string): NodeFacts | undefined {
    return this.#facts.get(node)
  }

  /** The highest epoch heard of, from nodes that have gone too; 0: none. */
  lastEpoch(id: string): number {
    return this.#epochs.get(id) ?? 0
  }

  /**
   * An epoch for the next start of a child, later than all that this node has heard of.
   *
   * @param known one that it may not have heard of yet.
   */
  nextEpoch(known: number): number {
    this.#clock.observe(known)
    return this.#clock.next()
  }

  /** An epoch of a child was heard of. */
  sawEpoch(id: string, epoch: number): void {
    this.#clock.observe(epoch)
    if (epoch <= this.lastEpoch(id)) return
    this.#epochs.delete(id)
    this.#epochs.set(id, epoch)
    if (this.#epochs.size <= epochsMax) return
    for (const oldest of this.#epochs.keys()) {
      this.#epochs.delete(oldest)
      return
    }
  }

  #take(space: string, node: string, entry: { key: string; value?: unknown }): void {
    try {
      if (space === childrenSpace) this.#takePlacement(node, entry.key, entry.value)
      else this.#takeFacts(node, entry.value)
    } catch (thrown) {
      const error = toError(thrown)
      this.#deps.log.warn(
        { node, key: entry.key, error },
        'what a node says of a child is not understood',
      )
    }
  }

  #takePlacement(...[node, id, value]: [string, string, unknown]): void {
    const placed =
      value === undefined ? undefined : { ...placementShape.check(value, 'placement'), node }
    const nodes = this.#children.get(id) ?? new Map<string, Placed>()
    this.#count(node, nodes.get(node), -1)
    this.#count(node, placed, 1)
    if (placed) {
      nodes.set(node, placed)
      this.#children.set(id, nodes)
      this.sawEpoch(id, placed.epoch)
    } else {
      nodes.delete(node)
      if (nodes.size === 0) this.#children.delete(id)
    }
    this.#deps.changed(id)
  }

  #count(...[node, placed, by]: [string, Placed | undefined, number]): void {
    if (!placed || !(isLive(placed) || placed.state === 'reserved')) return
    this.#loads.set(node, this.loadOf(node) + by)
  }

  #takeFacts(node: string, value: unknown): void {
    if (value === undefined) this.#facts.delete(node)
    else this.#facts.set(node, nodeFactsShape.check(value, 'facts'))
    this.#deps.factsChanged()
  }
}

/** `node.monitor.snapshot()`: the cluster as this node sees it, as plain JSON. */
import type { TopologyStatus } from '../discovery/index.ts'
import type { Member } from '../membership/index.ts'
import type { PubSubStats } from '../pubsub/index.ts'
import type { LinkStats } from '../transport/index.ts'
import type { HealingAction } from './healing/healer.ts'
import type { Health } from './vitals/health-status.ts'
import type { MemberChange } from './member-history.ts'
import type { MissingEdge } from './missing-edges.ts'
import type { HealingRuleName } from './options.ts'
import type { VitalSigns } from './vitals/vital-signs.ts'

/** One node's word on itself. */
export interface NodeVitals extends VitalSigns {
  /** How old it is. Milliseconds. */
  readonly ageMs: number
}

/** What `node.monitor.snapshot()` gives. */
export interface ClusterSnapshot {
  /** The node that looks. */
  readonly node: string
  readonly incarnation: string
  /** Wall clock. */
  readonly at: number
  /** Of this node. */
  readonly health: Health
  /** Every member known, those down included, with what happened to each, oldest first. */
  readonly members: readonly (Member & { readonly history: readonly MemberChange[] })[]
  /** This node's links: round trips, queues, drops, classes. */
  readonly links: readonly LinkStats[]
  /** Links this node lacks and others have. */
  readonly missingEdges: readonly MissingEdge[]
  /** This node's topologies: last lookups, peers, errors. */
  readonly topologies: readonly TopologyStatus[]
  /** This node's subscriptions, topics and counters. */
  readonly topics: PubSubStats
  /** Each node's word on itself, this node included: health, event loop, memory, links. */
  readonly nodes: Readonly<Record<string, NodeVitals>>
  /** How many names each live member owns. */
  readonly names: Readonly<Record<string, number>>
  /** Ids of the children each node runs. */
  readonly children: Readonly<Record<string, readonly string[]>>
  readonly config: {
    readonly digest?: string | undefined
    /** Nodes whose settings differ from this node's. */
    readonly diverged: readonly string[]
  }
  readonly healing: {
    /** Rules in force. */
    readonly rules: readonly HealingRuleName[]
    /** What was done of late, oldest first. */
    readonly actions: readonly HealingAction[]
    readonly quarantined: readonly string[]
  }
}

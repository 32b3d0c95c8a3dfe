/** What the monitor needs of a node: to look at its parts, and to have something done about what it sees. */
import type { TopologyStatus } from '../discovery/index.ts'
import type { Host, Log, Telemetry } from '../kernel/index.ts'
import type { Member } from '../membership/index.ts'
import type { PubSubStats } from '../pubsub/index.ts'
import type { LinkStats, NodeIdentity, Router } from '../transport/index.ts'
import type { Remedies } from './healing/healer.ts'
import type { VitalsSource } from './vitals/vital-signs.ts'

/** One child of the cluster, as this node knows it. */
export interface ChildView {
  readonly id: string
  /** Where it runs; absent when nowhere. */
  readonly node?: string | undefined
  /** It is not running and will not be restarted. */
  readonly isFailed: boolean
}

/** What the parts say when they are asked. Everything is plain data, made anew for each call. */
export interface ClusterView {
  /** Every member known, this node and those down included. */
  members(): readonly Member[]
  /** Names that are kept out for a while. */
  quarantined(): readonly string[]
  /** This process was held up of late. */
  isSelfSlow(): boolean
  /** Why the cluster does not let this node in, if it does not. */
  refusal(): string | undefined
  links(): readonly LinkStats[]
  /** What this node itself is cut off from. */
  outage(): string | undefined
  topologies(): readonly TopologyStatus[]
  pubsub(): PubSubStats
  /** How many names a node owns. */
  namesOn(node: string): number
  children(): readonly ChildView[]
  /** Equal digests mean equal settings; absent when there are none. */
  configDigest(): string | undefined
}

/** What the monitor talks to. */
export interface MonitorDeps {
  readonly host: Host
  readonly log: Log
  readonly telemetry: Telemetry
  readonly router: Pick<Router, 'handle' | 'send'>
  readonly self: NodeIdentity
  readonly view: ClusterView
  readonly remedies: Remedies
  readonly vitals: VitalsSource
}

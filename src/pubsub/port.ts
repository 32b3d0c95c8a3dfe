/** What pubsub needs of a node, and what it tells it. */
import type { FoundationError, Host, Log, Telemetry } from '../kernel/index.ts'
import type { OwnerLog } from '../replication/index.ts'
import type { ChannelClass, Fanout, Router } from '../transport/index.ts'

/** News pubsub gives to the node. */
export type PubSubNews =
  /** `count` payloads of the channel's class never arrived from `from`. */
  | {
      readonly type: 'gap'
      readonly from: string
      readonly channel: string
      readonly count: number
    }
  /** A subscriber failed or a message was not fit to be delivered. */
  | { readonly type: 'trouble'; readonly error: FoundationError }

/** What pubsub talks to. */
export interface PubSubDeps {
  readonly router: Pick<Router, 'handlePayload' | 'send' | 'whenWritable'>
  readonly host: Host
  readonly log: Log
  readonly telemetry: Telemetry
  readonly ownerLog: OwnerLog
  /** Name of this node. */
  readonly self: string
  /** Peers linked already when pubsub is made; later ones come by `linkUp`. */
  readonly peers: () => readonly string[]
  readonly payloadMaxBytes: Readonly<Record<ChannelClass, number>>
  /** With an engine that reaches all who listen by one send. */
  readonly fanout?: Fanout | undefined
  readonly news: (news: PubSubNews) => void
}

/** Counters, for `status()`. */
export interface PubSubStats {
  readonly subscriptions: number
  /** Distinct topics and patterns this node listens to. */
  readonly topics: number
  readonly published: number
  readonly received: number
  /** Received although nobody here listens. */
  readonly unwanted: number
  /** One a message and subscriber. */
  readonly delivered: number
  /** Messages dropped on the way out, and deliveries dropped by subscribers that were behind. */
  readonly dropped: number
  /** Messages that wait for room in a queue. */
  readonly waiting: number
  /** Payloads that never arrived, by class. */
  readonly gaps: Readonly<Record<ChannelClass, number>>
}

/** What a subscriber receives, and how it asks for it. */
import {
  flag,
  integer,
  oneOf,
  optional,
  waitChecks,
  wordCheck,
  type Check,
  type GivenChecks,
  type Rules,
  type TraceContext,
  type WaitOptions,
} from '../kernel/index.ts'

/** What is known of a message beside itself. Read-only: all subscribers get the same object. */
export interface DeliveryMeta {
  readonly topic: string
  /** The first token of the topic when that is a channel, else `events`. */
  readonly channel: string
  /** Name of the node that published it, as authenticated. */
  readonly from: string
  /** The sender's wall clock, milliseconds since 1970. */
  readonly sentAt: number
  /** Which link between the two nodes carried it; 0 for this node's own. */
  readonly epoch: number
  /** Grows within (sender, class of the channel); not contiguous, as other messages count too. */
  readonly sequence: number
  /** Size of the encoded message. */
  readonly bytes: number
}

/** A message as an iterator gives it. */
export interface Delivery<M = unknown> {
  readonly message: M
  readonly meta: DeliveryMeta
}

/** Called with each message. Runs for one message need not end before the next one's begins. */
export type Handler<M = unknown> = (message: M, meta: DeliveryMeta) => unknown

/** A lost stretch: `count` payloads of the channel's class never arrived from `from`. */
export interface Gap {
  readonly from: string
  readonly channel: string
  readonly count: number
}

/** How a subscription behaves. */
export interface SubscribeOptions<M = unknown> {
  /** `true`: the subscriber gets a copy of its own and may change it. Default: one for all, read-only. */
  readonly copy?: boolean
  /** Deliveries kept while the subscriber is behind. Default 1 024. */
  readonly bufferMax?: number
  /** What goes when the buffer is full, counted in `subscription.dropped`. Default `drop-oldest`. */
  readonly overflow?: 'drop-oldest' | 'drop-newest'
  /**
   * While the subscriber is behind, of several messages with the same key only the last is kept; it
   * always arrives unless there are more than `bufferMax` keys. A handler with it runs for one
   * message at a time, and is behind until the promise it returned has settled.
   */
  readonly latestBy?: (message: M) => unknown
  /**
   * `false`: other nodes are not told of it, so it only sees what comes to this node anyway: its own
   * messages, what another subscription here wants, and what is sent `to: 'everyone'`. Default `true`.
   */
  readonly announce?: boolean
  /** Ends the subscription. */
  readonly signal?: AbortSignal
  /** Called when messages of this subscription's channels may have been lost on the way here. */
  readonly onGap?: (gap: Gap) => void
}

/** Deliveries kept for a subscriber that is behind, unless it says otherwise. */
export const bufferMaxDefault = 1_024

const functionCheck: Check = (value) =>
  typeof value === 'function' ? undefined : 'expected a function'

/** The rules of {@link SubscribeOptions}. */
export const subscribeRules: Rules<SubscribeOptions> = {
  copy: flag(false),
  bufferMax: integer(bufferMaxDefault, { min: 1, max: 1_048_576 }),
  overflow: oneOf('drop-oldest', ['drop-oldest', 'drop-newest']),
  latestBy: optional(functionCheck),
  announce: flag(true),
  signal: optional((value) =>
    value instanceof AbortSignal ? undefined : 'expected an AbortSignal',
  ),
  onGap: optional(functionCheck),
}

/** How a broadcast goes out. */
export interface BroadcastOptions extends WaitOptions {
  /** `'everyone'`: also to nodes that have not said they listen to the topic. Default `'interested'`. */
  readonly to?: 'interested' | 'everyone'
}

/** What is checked of {@link BroadcastOptions}. */
export const broadcastChecks: GivenChecks<BroadcastOptions> = {
  ...waitChecks,
  to: wordCheck(['interested', 'everyone']),
}

/** A message on its way to the subscribers of this node. */
export interface Parcel {
  readonly message: unknown
  readonly meta: DeliveryMeta
  /** Bytes that hold the encoded message from `valueAt` on, for subscribers that want a copy. */
  readonly payload: Uint8Array
  readonly valueAt: number
  /** What the message belongs to; handlers run in it. */
  readonly trace: TraceContext | undefined
}

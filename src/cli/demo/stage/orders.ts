/** What the demo's director and its three worker processes say to each other, over Node's own IPC. */

/** Holds the broker's URL when the demo runs on NATS. */
export const natsVariable = 'DEMO_NATS_SERVERS'

/** A member as a worker sees it. */
export interface SeenMember {
  readonly name: string
  readonly status: string
  readonly rttMs: number | undefined
  readonly provenance: readonly string[]
}

/** Round trips measured by one worker. */
export interface RoundTrips {
  readonly count: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** Where a child is. */
export interface ChildPlace {
  readonly id: string
  readonly node: string
}

/** An event as a worker has it in its history. */
export interface SeenEvent {
  readonly type: string
  readonly source: string
  readonly data: unknown
}

/** What a worker can be asked, and what it answers. */
export interface Orders {
  members: { ask: Record<string, never>; answer: readonly SeenMember[] }
  /** `count` rpc calls on the control class, one each `intervalMs`, whether or not the last is back. */
  ping: { ask: { target: string; count: number; intervalMs: number }; answer: RoundTrips }
  /** `count` small messages to a topic. */
  publish: { ask: { topic: string; count: number }; answer: { peers: number; dropped: number } }
  /** 64 KiB bodies on the bulk channel for a while, as fast as they are taken. */
  flood: { ask: { forMs: number }; answer: { bytes: number; tookMs: number } }
  /** Messages received so far, by channel. */
  received: { ask: Record<string, never>; answer: Readonly<Record<string, number>> }
  /** Registers a name; tells who has it in the end. */
  claim: { ask: { name: string }; answer: { won: boolean; owner: string } }
  /** Starts so many children, and a counter. */
  startJobs: { ask: { count: number }; answer: { started: number } }
  /** The children that run, as this process sees them. */
  children: { ask: Record<string, never>; answer: readonly ChildPlace[] }
  /** Adds to the counter, wherever it is. */
  count: { ask: { by: number }; answer: { value: number; node: string } }
  moveCounter: { ask: { to: string }; answer: { node: string } }
  /** Waits until a member is down and every child runs, none of them there. */
  awaitChildrenOff: { ask: { node: string }; answer: { children: number } }
  /** From now on this process refuses a setting above a bound. */
  limit: { ask: { path: string; max: number }; answer: { set: true } }
  /** Commits a setting; tells who refused it and why. */
  commit: {
    ask: { path: string; value: number }
    answer: { reason?: string; by?: string }
  }
  setting: { ask: { path: string }; answer: { value: unknown } }
  emit: { ask: { type: string; data: unknown }; answer: { sent: true } }
  query: { ask: { type: string }; answer: readonly SeenEvent[] }
  stop: { ask: Record<string, never>; answer: { left: true } }
}

/** Name of an order. */
export type OrderName = keyof Orders

/** Director to worker. */
export interface OrderMessage<N extends OrderName = OrderName> {
  readonly id: number
  readonly order: N
  readonly ask: Orders[N]['ask']
}

/** Worker to director. */
export type WorkerMessage =
  | { readonly type: 'up'; readonly name: string; readonly addresses: readonly string[] }
  | {
      readonly type: 'event'
      readonly event: string
      readonly member: string
      readonly cause?: string
    }
  | { readonly type: 'trouble'; readonly code: string; readonly message: string }
  | { readonly type: 'answer'; readonly id: number; readonly answer: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly message: string }

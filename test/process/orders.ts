/** What a test and its worker processes say to each other, over Node's own IPC. Types only. */
import type { Member, MemberCause, NodeStatus } from '../../src/index.ts'
import type { ChildrenOrders } from './children-orders.ts'
import type { StartOptions } from '../../src/setup/index.ts'

/** No arguments, or no answer. */
export type Nothing = Record<string, never>

/** A failure as it crosses from a worker to its test. */
export interface Failure {
  readonly code: string
  readonly message: string
}

/** Many calls to one node, one each `intervalMs` whether or not the last is back. */
export interface PingAsk {
  readonly target: string
  readonly count: number
  readonly intervalMs: number
}

/** Round trips of calls that came back, and how many did not. */
export interface RoundTrips {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly failed: number
}

/** Messages `{ index }` with `bytes` of filling; awaited one by one, or all begun at once. */
export interface PublishAsk {
  readonly topic: string
  readonly count: number
  readonly bytes: number
  readonly mode: 'one by one' | 'at once'
  /** Between two messages; 0 if left out. */
  readonly pauseMs?: number
}

/** What became of messages. */
export interface Published {
  readonly published: number
  readonly queued: number
  readonly dropped: number
  /** Error code to how often. */
  readonly rejected: Readonly<Record<string, number>>
}

/** What a worker received of one sender on one channel. */
export interface Received {
  readonly count: number
  /** Messages reported as lost. */
  readonly lost: number
  /** Messages whose index was not higher than the one before. */
  readonly disorder: number
  readonly lastIndex: number
}

/** What a worker can be asked, and what it answers. */
export interface Orders extends ChildrenOrders {
  start: {
    ask: StartOptions
    answer: { name: string; incarnation: string; addresses: readonly string[] }
  }
  connect: { ask: { address: string }; answer: { name: string } }
  status: { ask: Nothing; answer: NodeStatus }
  /** A call of a handler that answers after `workMs`. */
  call: {
    ask: { target: string; workMs: number; timeoutMs: number }
    answer: { tookMs: number; code: string | undefined }
  }
  ping: { ask: PingAsk; answer: RoundTrips }
  /** Keeps the event loop busy: nothing else happens in the process meanwhile. */
  block: { ask: { forMs: number }; answer: Nothing }
  subscribe: { ask: { topic: string }; answer: Nothing }
  publish: { ask: PublishAsk; answer: Published }
  /** `sender channel` to what came of it. */
  received: { ask: Nothing; answer: Readonly<Record<string, Received>> }
  /** Changes a setting on all nodes or on none; a failure comes as its code and message. */
  commit: {
    ask: { path: string; value: unknown; timeoutMs?: number }
    answer: { acknowledged: readonly string[] } | { failure: Failure }
  }
  set: { ask: { path: string; value: unknown }; answer: Nothing }
  setting: { ask: { path: string }; answer: { value: unknown } }
  /** From now on this node refuses numbers above `max` below a path. */
  refuseAbove: { ask: { pattern: string; max: number; reason: string }; answer: Nothing }
  /** Resident bytes, and those in use in the heap and beside it, after a garbage collection. */
  memory: { ask: Nothing; answer: { rssBytes: number; liveBytes: number } }
  /** Registers names, one after the other; stops at the first that is refused. */
  register: { ask: { names: readonly string[] }; answer: Nothing }
  /** The node that has each name, as this process sees it; `nobody` for a free one. */
  owners: { ask: { names: readonly string[] }; answer: readonly string[] }
  /** Throws in a turn of its own, where nobody catches it: the process ends. */
  throwUncaught: { ask: Nothing; answer: Nothing }
  /** A second node, in an `await using` block that is left once it has `minPeers` peers. */
  useBriefly: { ask: { options: StartOptions; minPeers: number }; answer: Nothing }
  stop: { ask: Nothing; answer: { resources: readonly string[] } }
}

/** Name of an order. */
export type OrderName = keyof Orders

/** Test to worker. */
export interface OrderMessage<N extends OrderName = OrderName> {
  readonly id: number
  readonly order: N
  readonly ask: Orders[N]['ask']
}

/** An event of the worker's node, as plain data. */
export interface WorkerEvent {
  readonly type: string
  /** The member, or the peer, it is about. */
  readonly member?: string
  readonly incarnation?: Member['incarnation']
  readonly cause?: MemberCause | undefined
  readonly channel?: string
  readonly count?: number
  readonly failure?: Failure
  /** Of `link-down`, which comes by telemetry: why the link ended. */
  readonly reason?: string
}

/** Worker to test. */
export type WorkerMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'event'; readonly event: WorkerEvent }
  | { readonly type: 'answer'; readonly id: number; readonly answer: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly failure: Failure }

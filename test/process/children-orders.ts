/** What a test and its worker processes say to each other about children. Types only. */
import type { ChildInfo } from '../../src/index.ts'
import type { Nothing } from './orders.ts'

/** One instance of a child in a worker, from its constructor to the end of its `stop`. */
export interface Life {
  readonly id: string
  readonly epoch: number
  readonly pid: number
  /** Milliseconds since 1970; all workers are on one machine. */
  readonly bornMs: number
  readonly endedMs: number | undefined
  readonly value: number
}

/** What came of many calls, by error code; `ok` are those with a value. */
export type Tally = Readonly<Record<string, number>>

/** What a worker can be asked about children. */
export interface ChildrenOrders {
  /** Starts children `<prefix>:0`, `<prefix>:1`, ... and waits until each runs. */
  startChildren: {
    ask: { prefix: string; count: number; service?: string; args?: unknown }
    answer: Tally
  }
  stopChild: { ask: { id: string }; answer: Nothing }
  moveChild: { ask: { id: string; to: string }; answer: { tookMs: number } }
  which: { ask: Nothing; answer: readonly ChildInfo[] }
  /** The instances this process has had. */
  lives: { ask: Nothing; answer: readonly Life[] }
  /** Adds 1 to each, all at once. */
  incrementAll: { ask: { ids: readonly string[] }; answer: Readonly<Record<string, number>> }
  /** Calls these children over and over until `endLoad`. */
  beginLoad: { ask: { ids: readonly string[]; inFlight: number }; answer: Nothing }
  endLoad: { ask: Nothing; answer: Tally }
}

/** What a user writes: a service class, and what the supervisor tells an instance of it. */
import type { Log } from '../../kernel/index.ts'

/** Why a child was started. */
export const startReasons = [
  'start', // for the first time
  'restart', // it failed, or ended and is permanent
  'failover', // its node was lost
  'move', // it was handed over
] as const
/** One of {@link startReasons}. */
export type StartReason = (typeof startReasons)[number]

/** Why a child is stopped. */
export type StopReason =
  | 'stopped' // `stopChild`
  | 'moved' // it goes on elsewhere
  | 'replaced' // its specification changed
  | 'shutdown' // its node stops
  | 'conflict' // another one stays after a split, or a live node has the name of its node
  | 'failed' // it called `ctx.fail`, or could not start
  | 'completed' // it called `ctx.done`, or was to run once

/** What an instance is told. */
export interface ServiceContext<Args = unknown> {
  /** The child's id, which is its name in the registry. */
  readonly id: string
  /** `args` of `startChild`; a copy of its own. */
  readonly args: Args
  /** Grows with every start of any child in a connected cluster. No fencing token: see the guides. */
  readonly epoch: number
  /** Name of the node it runs on. */
  readonly node: string
  /** Aborts when the instance should end, before `stop` is called. */
  readonly signal: AbortSignal
  readonly log: Log
  /** `ap`: every side of a partition keeps serving. */
  readonly mode: 'ap'
  readonly reason: StartReason
  /** The child is done: it ends, and unless it is permanent it is not started again. */
  done(): void
  /** The child has failed: it ends, and is started again by its policy and budget. */
  fail(error: unknown): void
}

/** The methods of an instance that the supervisor calls; all may be left out. */
export interface ServiceLifecycle {
  /** Before the first call. `state` is what `handoff` gave on the node it came from. */
  start?(state?: unknown): unknown
  /** On a planned move: what `start` shall get elsewhere; anything the codec carries. Calls have ended. */
  handoff?(): unknown
  /** After a split has healed: the state of the instance that gave way. */
  mergeState?(lost: unknown): unknown
  /** False, at once or later: not now; the move is given up. What it throws counts as false. */
  canMove?(): boolean | Promise<boolean>
  /** The last call: let go of what the instance holds. */
  stop?(reason: StopReason): unknown
}

/** A class the supervisor may start: a key of the `services` option has it as value. */
export interface ServiceClass {
  /** `never`, so that a class may ask for a `ServiceContext` of any arguments: they are its user's matter. */
  new (ctx: never): object
  /** Of the state that `handoff` gives, 0 or more (0). A node takes state of its own version. */
  readonly version?: number
  /** True when `start` also understands the state of that lower version. */
  upgradesFrom?(version: number): boolean
  /** False: never handed over; when its node leaves it stops there and starts anew elsewhere. */
  readonly movable?: boolean
  /** Calls it works on at once (1). */
  readonly concurrency?: number
}

/** The `services` option: what this node may run. */
export type ServiceClasses = Readonly<Record<string, ServiceClass>>

/** The version a class has. */
export function versionOf(service: ServiceClass): number {
  return service.version ?? 0
}

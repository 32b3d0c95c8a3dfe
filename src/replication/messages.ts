/**
 * What owner logs say to each other, always on the control class. `owner` is always the sender or
 * (fetch, ack) the receiver: nobody speaks for another.
 */
import {
  array,
  boolean,
  bytes,
  integer,
  message,
  messageCodes,
  object,
  optionalOf,
  string,
  type Message,
  type Shape,
} from '../wire/index.ts'

/** One change. Without a value the key is deleted. */
export interface Operation {
  readonly space: string
  readonly key: string
  /** The encoded value. */
  readonly value?: Uint8Array | undefined
}

/** Whose log, in which life of that node. */
export interface LogName {
  readonly owner: string
  readonly incarnation: string
}

/** Changes number `from` to `to` of the sender. */
export interface LogDelta extends LogName {
  readonly from: number
  readonly to: number
  readonly operations: readonly Operation[]
}

/** A slice of the sender's whole state as of change number `sequence`. */
export interface LogSnapshot extends LogName {
  /** Counts the snapshots of this owner: 1, 2, ... */
  readonly snapshot: number
  /** Counts the slices of this snapshot: 0, 1, ... */
  readonly index: number
  readonly isLast: boolean
  readonly sequence: number
  readonly operations: readonly Operation[]
}

/** How far the sender has told the receiver its log: what a receiver that lost nothing holds. */
export interface LogDigest extends LogName {
  readonly sequence: number
  /** Fingerprint of all entries at `sequence`; empty while the receiver was not told everything. */
  readonly hash: string
  /** Number of the snapshot under way, 0 when none is. */
  readonly snapshot: number
  /** Slices of it that were sent. */
  readonly slices: number
}

/** Asks the owner for its changes from number `from`; 0 asks for its whole state. */
export interface LogFetch extends LogName {
  readonly from: number
}

/** Tells the owner what was applied. */
export interface LogAck extends LogName {
  readonly sequence: number
  /** Number of the last snapshot begun, and how many of its slices were applied. */
  readonly snapshot: number
  readonly slices: number
}

/** Operations in one message: a batch or a slice. */
export const operationsMax = 2_048

const name = { owner: string(512), incarnation: string(256) }

const operation: Shape<Operation> = object({
  space: string(4_096),
  key: string(4_096),
  value: optionalOf(bytes(64 * 1_024)),
})

const operations: Shape<readonly Operation[]> = array(operation, operationsMax)

/** See {@link LogDelta}. */
export const logDelta: Message<LogDelta> = message(
  messageCodes.logDelta,
  object({ ...name, from: integer(), to: integer(), operations }),
)

/** See {@link LogSnapshot}. */
export const logSnapshot: Message<LogSnapshot> = message(
  messageCodes.logSnapshot,
  object({
    ...name,
    snapshot: integer(),
    index: integer(),
    isLast: boolean(),
    sequence: integer(),
    operations,
  }),
)

/** See {@link LogDigest}. */
export const logDigest: Message<LogDigest> = message(
  messageCodes.logDigest,
  object({
    ...name,
    sequence: integer(),
    hash: string(16),
    snapshot: integer(),
    slices: integer(),
  }),
)

/** See {@link LogFetch}. */
export const logFetch: Message<LogFetch> = message(
  messageCodes.logFetch,
  object({ ...name, from: integer() }),
)

/** See {@link LogAck}. */
export const logAck: Message<LogAck> = message(
  messageCodes.logAck,
  object({ ...name, sequence: integer(), snapshot: integer(), slices: integer() }),
)

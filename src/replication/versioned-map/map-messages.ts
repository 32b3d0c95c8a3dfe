/** What versioned maps say to each other, always on the control class. Any node may say any record. */
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
} from '../../wire/index.ts'
import { counterMax, type VersionBase } from './version.ts'

/** One record. Without a value it is a deletion. */
export interface WireRecord extends VersionBase {
  readonly space: string
  readonly key: string
  /** The encoded value. */
  readonly value?: Uint8Array | undefined
  /** How long ago the sender learnt of the deletion. A span, since two nodes share no clock. */
  readonly ageMs?: number | undefined
}

/** Some records. */
export interface MapRecords {
  /** Counts the batches on this link, for the acknowledgement. */
  readonly batch: number
  /** The sender has nothing more to say: the receiver holds all that the sender does. */
  readonly isComplete: boolean
  readonly records: readonly WireRecord[]
}

/** A batch was applied. */
export interface MapAck {
  readonly batch: number
}

/** What the sender holds, as one hash a bucket. */
export interface MapDigest {
  /** Eight bytes for each of {@link bucketCount} buckets. */
  readonly hashes: Uint8Array
  /** Every bucket counts, those that have just changed too. */
  readonly isThorough: boolean
}

/** Records are spread over this many buckets by the hash of space and key. */
export const bucketCount = 1_024
/** Bytes of one bucket's hash. */
export const bucketHashBytes = 8
/** Records in one batch. */
export const batchMaxRecords = 256

const wallMaxMs = 2 ** 48
const ageMaxMs = 2 ** 42

/** See {@link MapRecords}. */
export const mapRecords: Message<MapRecords> = message(
  messageCodes.mapRecords,
  object({
    batch: integer(1),
    isComplete: boolean(),
    records: array(
      object({
        space: string(4_096),
        key: string(4_096),
        value: optionalOf(bytes(64 * 1_024)),
        wallMs: integer(0, wallMaxMs),
        counter: integer(0, counterMax),
        writer: string(512),
        ageMs: optionalOf(integer(0, ageMaxMs)),
      }),
      batchMaxRecords,
    ),
  }),
)

/** See {@link MapAck}. */
export const mapAck: Message<MapAck> = message(messageCodes.mapAck, object({ batch: integer(1) }))

/** See {@link MapDigest}. */
export const mapDigest: Message<MapDigest> = message(
  messageCodes.mapDigest,
  object({ hashes: bytes(bucketCount * bucketHashBytes), isThorough: boolean() }),
)

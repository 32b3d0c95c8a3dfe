/**
 * The lines of the journal, as bytes:
 *
 *     u32 bytes of body | u32 CRC-32 of body | body (a value of the codec)
 *
 * Big-endian. Pure. @source the rule for a torn tail is that of etcd's and RocksDB's write-ahead logs.
 */
import { crc32 } from 'node:zlib'
import type { Version } from '../../replication/index.ts'
import {
  decodeValue,
  encodeValue,
  integer,
  object,
  oneOfWords,
  optionalOf,
  string,
  unknownValue,
  type Shape,
} from '../../wire/index.ts'
import { outcomeShape, proposalShape, txidShape } from '../commit/messages.ts'
import type { Outcome, Proposal, Txid } from '../commit/transaction.ts'
import { versionShape } from '../record/record.ts'

/** One line. */
export type JournalRecord =
  /** A life of this node began. */
  | { readonly type: 'life'; readonly incarnation: string }
  | { readonly type: 'vote'; readonly incarnation: string; readonly proposal: Proposal }
  | { readonly type: 'outcome'; readonly txid: Txid; readonly outcome: Outcome }
  /** Outcomes of that life of a coordinator up to a counter are not remembered. */
  | { readonly type: 'forgotten'; readonly life: string; readonly counter: number }
  /** A record of the versioned map; without a value a deletion. */
  | {
      readonly type: 'setting'
      readonly path: string
      readonly value?: unknown
      readonly version: Version
    }

/** What a file holds. */
export interface JournalContents {
  readonly records: readonly JournalRecord[]
  /** Bytes up to the end of the last whole record. */
  readonly length: number
  /**
   * `whole`; `torn`: the last record was being written when the process ended, and so never counted;
   * `damaged`: something is wrong before the end, and what follows is not known; `foreign`: it does not
   * begin as a journal does, so it is somebody else's and must not be written.
   */
  readonly condition: 'whole' | 'torn' | 'damaged' | 'foreign'
}

const headBytes = 8
/** No record is as large: the first byte of a journal is below that of any text. */
const recordMaxBytes = 64 * 1_048_576
/** What every body has after its first byte, the kind of value: the key of the type. */
const typeKey = encodeValue('type')
const text = string(1_024)

const shapes: { readonly [T in JournalRecord['type']]: Shape<unknown> } = {
  life: object({ incarnation: text }),
  vote: object({ incarnation: text, proposal: proposalShape }),
  outcome: object({ txid: txidShape, outcome: outcomeShape }),
  forgotten: object({ life: text, counter: integer(0) }),
  setting: object({ path: text, value: optionalOf(unknownValue()), version: versionShape }),
}

const typeShape = object({
  type: oneOfWords(['life', 'vote', 'outcome', 'forgotten', 'setting']),
})

/** One line as bytes. */
export function recordBytes(record: JournalRecord): Buffer {
  const { type, ...rest } = record
  const bytes = encodeValue({ type, ...rest }, headBytes)
  bytes.writeUInt32BE(bytes.length - headBytes, 0)
  bytes.writeUInt32BE(crc32(bytes.subarray(headBytes)), 4)
  return bytes
}

/** Reads as far as the bytes are whole. Never throws. */
export function readJournal(bytes: Uint8Array): JournalContents {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (!beginsAsJournal(view)) return { records: [], length: 0, condition: 'foreign' }
  const records: JournalRecord[] = []
  let at = 0
  while (at < view.length) {
    const end = endOf(view, at)
    if (end > view.length) return { records, length: at, condition: 'torn' }
    const record = recordIn(view.subarray(at, end))
    if (!record) return { records, length: at, condition: end === view.length ? 'torn' : 'damaged' }
    records.push(record)
    at = end
  }
  return { records, length: at, condition: 'whole' }
}

/** Looks at as much of the first record as is there: it may be torn. */
function beginsAsJournal(bytes: Buffer): boolean {
  const length = Buffer.concat([bytes.subarray(0, 4), Buffer.alloc(4)]).readUInt32BE(0)
  const key = bytes.subarray(headBytes + 1, headBytes + 1 + typeKey.length)
  return length < recordMaxBytes && key.equals(typeKey.subarray(0, key.length))
}

function endOf(bytes: Buffer, at: number): number {
  return at + headBytes > bytes.length ? Infinity : at + headBytes + bytes.readUInt32BE(at)
}

function recordIn(bytes: Buffer): JournalRecord | undefined {
  const body = bytes.subarray(headBytes)
  if (body.length === 0 || crc32(body) !== bytes.readUInt32BE(4)) return undefined
  try {
    const value = decodeValue(body)
    const { type } = typeShape.check(value, 'record')
    return { type, ...(shapes[type].check(value, type) as object) } as JournalRecord
  } catch {
    return undefined
  }
}

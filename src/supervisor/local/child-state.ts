/** The state of a child on its way from one node to another: encoded, bounded, checked. */
import { createHash } from 'node:crypto'
import { FoundationError } from '../../kernel/index.ts'
import { decodeValue, encodeValue } from '../../wire/index.ts'

/** An encoded state. */
export interface PackedState {
  readonly bytes: Buffer
  /** SHA-256, hexadecimal. */
  readonly checksum: string
  /** `static version` of the class that gave it. */
  readonly version: number
}

/**
 * Bytes fetched at once. Calls share their connection with failure detection: one piece must not
 * hold it up for long, and only one is under way for each child.
 */
export const stateChunkBytes: number = 64 * 1_024

/**
 * Encodes what `handoff` gave.
 *
 * @throws {FoundationError} `FND_STATE_INVALID`: it can't be carried, or is too large.
 */
export function packState(
  id: string,
  state: unknown,
  given: { version: number; maxBytes: number },
): PackedState {
  const bytes = encoded(id, state)
  if (bytes.length > given.maxBytes) {
    const size = `${String(bytes.length)} bytes, more than supervisor.stateMaxBytes`
    throw invalidState(id, `is ${size} (${String(given.maxBytes)}); keep less in it, or elsewhere`)
  }
  return { bytes, checksum: checksumOf(bytes), version: given.version }
}

/**
 * The state in bytes that were fetched.
 *
 * @throws {FoundationError} `FND_STATE_INVALID`: they are not what was sent.
 */
function unpackState(id: string, bytes: Buffer, checksum: string): unknown {
  if (checksumOf(bytes) !== checksum) throw invalidState(id, 'arrived damaged')
  return decodeValue(bytes)
}

/** Asks the node that keeps a state for a piece of it. */
export type FetchPiece = (
  from: string,
  piece: { readonly id: string; readonly move: string; readonly offset: number },
) => Promise<Uint8Array>

/** A state to fetch. */
export interface StateOrder {
  readonly id: string
  readonly move: string
  readonly from: string
  readonly stateBytes: number
  readonly checksum: string
}

/**
 * Fetches a state piece by piece.
 *
 * @throws {FoundationError} `FND_STATE_INVALID`, and what `fetch` throws.
 */
export async function fetchState(
  order: StateOrder,
  given: { readonly fetch: FetchPiece; readonly maxBytes: number },
): Promise<unknown> {
  const { id, move, from, stateBytes, checksum } = order
  if (stateBytes > given.maxBytes) throw invalidState(id, 'is larger than this node takes')
  const pieces: Uint8Array[] = []
  for (let offset = 0; offset < stateBytes;) {
    const piece = await given.fetch(from, { id, move, offset })
    if (piece.length === 0) throw invalidState(id, 'ends before its end')
    pieces.push(piece)
    offset += piece.length
  }
  return unpackState(id, Buffer.concat(pieces), checksum)
}

/** @throws {FoundationError} `FND_STATE_INVALID` */
export function invalidState(id: string, problem: string, cause?: unknown): FoundationError {
  const message = `State of child "${id}" ${problem}`
  return new FoundationError('FND_STATE_INVALID', message, cause === undefined ? {} : { cause })
}

function encoded(id: string, state: unknown): Buffer {
  try {
    return encodeValue(state)
  } catch (thrown) {
    const problem = thrown instanceof Error ? thrown.message : String(thrown)
    throw invalidState(id, `cannot be carried: ${problem}`, thrown)
  }
}

function checksumOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

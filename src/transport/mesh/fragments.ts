/**
 * Cuts large payloads into frames and puts them together again. Pure.
 *
 *     first fragment: u32 bytes of the whole payload | part      others: part
 */
import { FoundationError } from '../../kernel/index.ts'
import { allocateMemory, asBuffer } from '../../wire/index.ts'

/** Largest body of a data frame, and largest part of a fragment. */
export const partMaxBytes: number = 64 * 1024

/**
 * Largest part where credit bounds the bytes in flight: what leaves at once is a burst that others
 * wait behind, 1.3 ms of it on a 100 Mbit link.
 */
export const creditPartMaxBytes: number = 16 * 1024

/** In front of the first part. */
export const totalBytesLength = 4

/** Written again by every first fragment: it is copied into a page in the same turn. */
const firstPart = Buffer.allocUnsafeSlow(totalBytesLength + partMaxBytes)

/** One fragment ready to be written. */
export interface Fragment {
  /** To be used before the next fragment is made. */
  readonly body: Uint8Array
  /** Where the next part begins. */
  readonly nextOffset: number
  readonly isLast: boolean
}

/** The fragment of `payload` that begins at `offset`, with a part of at most `partBytes` (64 KiB or less). */
export function fragmentAt(payload: Uint8Array, offset: number, partBytes: number): Fragment {
  const nextOffset = Math.min(payload.length, offset + partBytes)
  const part = payload.subarray(offset, nextOffset)
  const isLast = nextOffset === payload.length
  if (offset > 0) return { body: part, nextOffset, isLast }
  firstPart.writeUInt32BE(payload.length, 0)
  firstPart.set(part, totalBytesLength)
  return { body: firstPart.subarray(0, totalBytesLength + part.length), nextOffset, isLast }
}

/** Puts one payload at a time together; never holds more than `payloadMaxBytes`. */
export class Reassembly {
  readonly #payloadMaxBytes: number
  #whole: Buffer | undefined
  #filled = 0
  #sequence = 0

  constructor(payloadMaxBytes: number) {
    this.#payloadMaxBytes = payloadMaxBytes
  }

  /** Whether parts of this payload are held. */
  isAt(sequence: number): boolean {
    return this.#whole !== undefined && this.#sequence === sequence
  }

  /**
   * Takes the next fragment. One of another sequence than before begins a new payload.
   *
   * @returns the whole payload after its last fragment.
   * @throws {FoundationError} `FND_FRAME_INVALID` when sizes do not add up.
   */
  add(sequence: number, body: Uint8Array, isLast: boolean): Buffer | undefined {
    const part = this.isAt(sequence) ? body : this.#begin(sequence, body)
    const whole = this.#whole
    const filled = this.#filled + part.length
    if (!whole || part.length === 0 || filled > whole.length) throw invalid('too many bytes')
    whole.set(part, this.#filled)
    this.#filled = filled
    if (isLast !== (filled === whole.length)) throw invalid('a wrong end')
    if (!isLast) return undefined
    this.abandon()
    return whole
  }

  /** Forgets the parts held. */
  abandon(): void {
    this.#whole = undefined
    this.#filled = 0
  }

  #begin(sequence: number, body: Uint8Array): Uint8Array {
    if (body.length < totalBytesLength) throw invalid('no length')
    const totalBytes = asBuffer(body).readUInt32BE(0)
    if (totalBytes > this.#payloadMaxBytes) {
      throw invalid(`a length of ${String(totalBytes)} bytes`)
    }
    // Untouched pages of memory cost nothing until the bytes arrive.
    this.#whole = allocateMemory(totalBytes)
    this.#filled = 0
    this.#sequence = sequence
    return body.subarray(totalBytesLength)
  }
}

function invalid(what: string): FoundationError {
  return new FoundationError('FND_FRAME_INVALID', `Fragmented payload with ${what}`)
}

/**
 * Frames: what a byte stream between two nodes is cut into.
 *
 *     u32 length of all that follows | u8 kind | u8 flags | u48 sequence | body
 *
 * Big-endian. `sequence` is 0 on frames that are not counted (see `frameKinds`).
 */
import { FoundationError } from '../kernel/index.ts'
import { memoryViewOf } from './memory-view.ts'
import { allocateMemory } from './message-memory.ts'

/** Bytes in front of every body. */
export const frameHeaderBytes = 12

const lengthBytes = 4
const countedHeaderBytes = frameHeaderBytes - lengthBytes
const u32Range = 2 ** 32
/** Smaller pieces of memory are not worth keeping. */
const spareMinBytes = 4_096

/** What became of the body of a frame: while it is `kept`, its memory is not written again. */
export type BodyUse = 'kept' | 'free'

/** Gets each whole frame; `body` is a view into the received chunk where it can be. */
export type FrameHandler = (kind: number, sequence: number, body: Uint8Array) => BodyUse

/** Writes the header of a frame whose body has `bodyBytes`; returns the offset of the body. */
export function writeFrameHeader(
  target: DataView,
  offset: number,
  { kind, sequence, bodyBytes }: { kind: number; sequence: number; bodyBytes: number },
): number {
  const high = sequence < u32Range ? 0 : Math.floor(sequence / u32Range)
  target.setUint32(offset, countedHeaderBytes + bodyBytes)
  target.setUint16(offset + 4, kind << 8)
  target.setUint16(offset + 6, high)
  target.setUint32(offset + 8, sequence)
  return offset + frameHeaderBytes
}

/** One whole frame as bytes of its own; for rare frames, the fast path writes into a shared buffer. */
export function frameOf(kind: number, body: Uint8Array, sequence = 0): Buffer {
  const frame = Buffer.allocUnsafe(frameHeaderBytes + body.length)
  const header = new DataView(frame.buffer, frame.byteOffset)
  frame.set(body, writeFrameHeader(header, 0, { kind, sequence, bodyBytes: body.length }))
  return frame
}

/**
 * Cuts a stream of chunks, of any size, into frames.
 * Holds at most one partial frame, never more than `frameMaxBytes` of it.
 */
export class FrameReader {
  readonly #onFrame: FrameHandler
  #frameMaxBytes: number
  #partial: Buffer | undefined
  /** Memory of an earlier partial frame that nobody keeps. */
  #spare: Buffer | undefined
  #filled = 0

  constructor(frameMaxBytes: number, onFrame: FrameHandler) {
    this.#frameMaxBytes = frameMaxBytes
    this.#onFrame = onFrame
  }

  /** Small before authentication, larger after. Counts the body only. */
  set frameMaxBytes(bytes: number) {
    this.#frameMaxBytes = bytes
  }

  /**
   * Takes the next bytes of the stream and hands over every frame that is now whole.
   *
   * @returns whether a body that is kept lies in the chunk.
   * @throws {FoundationError} `FND_FRAME_INVALID`: the length is impossible; the stream is lost.
   */
  push(chunk: Buffer): BodyUse {
    const offset = this.#partial ? this.#fillPartial(chunk) : 0
    const view = memoryViewOf(chunk)
    const { byteOffset } = chunk
    const chunkEnd = byteOffset + chunk.length
    let start = byteOffset + offset
    let chunkUse: BodyUse = 'free'
    while (chunkEnd - start >= lengthBytes) {
      const end = start + lengthBytes + this.#checkedLength(view.getUint32(start))
      if (end > chunkEnd) break
      if (this.#emit(view, start, end) === 'kept') chunkUse = 'kept'
      start = end
    }
    if (start < chunkEnd) this.#keep(chunk, start - byteOffset)
    return chunkUse
  }

  /** Continues a frame begun in an earlier chunk; returns how many bytes of `chunk` it took. */
  #fillPartial(chunk: Buffer): number {
    let taken = 0
    if (this.#filled < lengthBytes) {
      taken = this.#take(chunk, 0, lengthBytes)
      if (this.#filled < lengthBytes) return taken
    }
    const partial = this.#wholePartial()
    taken += this.#take(chunk, taken, partial.length)
    if (this.#filled === partial.length) {
      this.#partial = undefined
      const { byteOffset } = partial
      const use = this.#emit(memoryViewOf(partial), byteOffset, byteOffset + partial.length)
      if (use === 'free' && partial.length >= spareMinBytes)
        this.#spare = Buffer.from(partial.buffer)
    }
    return taken
  }

  #take(chunk: Buffer, from: number, target: number): number {
    const count = Math.min(target - this.#filled, chunk.length - from)
    if (this.#partial) chunk.copy(this.#partial, this.#filled, from, from + count)
    this.#filled += count
    return count
  }

  /** The partial frame at its full size, now that its length is known. */
  #wholePartial(): Buffer {
    const partial = this.#partial ?? Buffer.alloc(0)
    const size = lengthBytes + this.#checkedLength(partial.readUInt32BE(0))
    if (partial.length === size) return partial
    const whole = this.#roomFor(size)
    partial.copy(whole, 0, 0, this.#filled)
    this.#partial = whole
    return whole
  }

  #keep(chunk: Buffer, offset: number): void {
    const rest = chunk.length - offset
    const size =
      rest >= lengthBytes
        ? lengthBytes + this.#checkedLength(chunk.readUInt32BE(offset))
        : lengthBytes
    this.#partial = this.#roomFor(size)
    this.#filled = chunk.copy(this.#partial, 0, offset)
  }

  /** Fragments of bulk come cut by the records of TLS: their parts need not each have new memory. */
  #roomFor(size: number): Buffer {
    if (size < spareMinBytes) return Buffer.allocUnsafe(size)
    const spare = this.#spare
    // Not from the pool that all buffers share: only memory of our own may be written again.
    if (spare === undefined || spare.length < size) return allocateMemory(size)
    this.#spare = undefined
    return spare.subarray(0, size)
  }

  #checkedLength(length: number): number {
    if (length >= countedHeaderBytes && length <= countedHeaderBytes + this.#frameMaxBytes) {
      return length
    }
    throw new FoundationError(
      'FND_FRAME_INVALID',
      `Frame of ${String(length)} bytes: expected ${String(countedHeaderBytes)} to ` +
        String(countedHeaderBytes + this.#frameMaxBytes),
    )
  }

  /** Offsets count from the beginning of the memory. */
  #emit(view: DataView, start: number, end: number): BodyUse {
    const sequence = view.getUint16(start + 6) * u32Range + view.getUint32(start + 8)
    const bodyAt = start + frameHeaderBytes
    // A third of the price of `subarray` of a Buffer, and paid for every message.
    const body = new Uint8Array(view.buffer, bodyAt, end - bodyAt)
    return this.#onFrame(view.getUint8(start + 4), sequence, body)
  }
}

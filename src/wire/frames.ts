/**
 * Frames: what a byte stream between two nodes is cut into.
 *
 *     u32 length of all that follows | u8 kind | u8 flags | u48 sequence | body
 *
 * Big-endian. `sequence` is 0 on frames that are not counted (see `frameKinds`).
 */
import { FoundationError } from '../kernel/index.ts'

/** Bytes in front of every body. */
export const frameHeaderBytes = 12

const lengthBytes = 4
const countedHeaderBytes = frameHeaderBytes - lengthBytes
const u32Range = 2 ** 32

/** Gets each whole frame; `body` is a view into the received chunk where it can be. */
export type FrameHandler = (kind: number, sequence: number, body: Buffer) => void

/** Writes the header of a frame whose body has `bodyBytes`; returns the offset of the body. */
export function writeFrameHeader(
  target: Buffer,
  offset: number,
  frame: { kind: number; sequence: number; bodyBytes: number },
): number {
  target.writeUInt32BE(countedHeaderBytes + frame.bodyBytes, offset)
  target[offset + 4] = frame.kind
  target[offset + 5] = 0
  target.writeUInt16BE(Math.floor(frame.sequence / u32Range), offset + 6)
  target.writeUInt32BE(frame.sequence % u32Range, offset + 8)
  return offset + frameHeaderBytes
}

/** One whole frame as bytes of its own; for rare frames, the fast path writes into a shared buffer. */
export function frameOf(kind: number, body: Uint8Array, sequence = 0): Buffer {
  const frame = Buffer.allocUnsafe(frameHeaderBytes + body.length)
  frame.set(body, writeFrameHeader(frame, 0, { kind, sequence, bodyBytes: body.length }))
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
   * @throws {FoundationError} `FND_FRAME_INVALID`: the length is impossible; the stream is lost.
   */
  push(chunk: Buffer): void {
    let offset = this.#partial ? this.#fillPartial(chunk) : 0
    while (chunk.length - offset >= lengthBytes) {
      const end = offset + lengthBytes + this.#checkedLength(chunk.readUInt32BE(offset))
      if (end > chunk.length) break
      this.#emit(chunk, offset, end)
      offset = end
    }
    if (offset < chunk.length) this.#keep(chunk, offset)
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
      this.#emit(partial, 0, partial.length)
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
    const whole = Buffer.allocUnsafe(size)
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
    this.#partial = Buffer.allocUnsafe(size)
    this.#filled = chunk.copy(this.#partial, 0, offset)
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

  #emit(source: Buffer, start: number, end: number): void {
    const sequence = source.readUInt16BE(start + 6) * u32Range + source.readUInt32BE(start + 8)
    this.#onFrame(source[start + 4] ?? 0, sequence, source.subarray(start + frameHeaderBytes, end))
  }
}

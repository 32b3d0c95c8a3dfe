/**
 * Payloads larger than one message of the broker, in parts that say where they belong, so that parts
 * said twice after a lost connection do no harm. Pure.
 *
 *     part body = u32 length of the whole payload | u32 offset of this part | part
 */
import { FoundationError } from '../../kernel/index.ts'
import { allocateMemory } from '../../wire/index.ts'

/** In front of each part. */
export const partHeadBytes = 8

/** Writes the head of a part; returns where the part begins. */
export function writePartHead(
  target: Buffer,
  at: number,
  part: { total: number; offset: number },
): number {
  target.writeUInt32BE(part.total, at)
  target.writeUInt32BE(part.offset, at + 4)
  return at + partHeadBytes
}

/** Puts one payload at a time together. */
export class Assembly {
  readonly #payloadMaxBytes: number
  #whole: Buffer | undefined
  #filled = 0
  /** Which payload it is: two subjects count alike. */
  #key = ''

  constructor(payloadMaxBytes: number) {
    this.#payloadMaxBytes = payloadMaxBytes
  }

  /**
   * Takes one part. Parts there already are passed over; a part whose predecessor is missing, and
   * all that follow it, are lost with their payload.
   *
   * @param key of the payload: its stream and its place in it.
   * @returns the whole payload after its last part.
   * @throws {FoundationError} `FND_FRAME_INVALID` when sizes do not add up.
   */
  add(key: string, body: Buffer): Buffer | undefined {
    if (body.length <= partHeadBytes) throw invalid('an empty part')
    const total = body.readUInt32BE(0)
    const offset = body.readUInt32BE(4)
    if (offset === 0 && key !== this.#key) this.#begin(key, total)
    const whole = this.#whole
    if (key !== this.#key || !whole || offset !== this.#filled) return undefined
    const part = body.subarray(partHeadBytes)
    if (total !== whole.length || offset + part.length > total) throw invalid('too many bytes')
    whole.set(part, offset)
    this.#filled += part.length
    if (this.#filled < total) return undefined
    this.#whole = undefined
    return whole
  }

  #begin(key: string, total: number): void {
    if (total > this.#payloadMaxBytes) throw invalid(`a length of ${String(total)} bytes`)
    this.#whole = allocateMemory(total)
    this.#filled = 0
    this.#key = key
  }
}

function invalid(what: string): FoundationError {
  return new FoundationError('FND_FRAME_INVALID', `Payload in parts with ${what}`)
}

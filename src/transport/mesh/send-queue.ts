/**
 * The payloads of one (peer, class) that no socket has yet. First in, first out, bounded in bytes.
 * Sequences are not stored: the queue holds the last `frames` of those given out, without holes,
 * because payloads leave it at the front only.
 */

/** Counted for every payload on top of its bytes, so that many tiny ones stay bounded too. */
export const payloadOverheadBytes = 128

/** Not aware of sockets or policies. */
export class SendQueue {
  readonly #maxBytes: number
  #payloads: (Uint8Array | undefined)[] = []
  #head = 0
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Bytes held, overhead included. */
  get bytes(): number {
    return this.#bytes
  }

  get frames(): number {
    return this.#payloads.length - this.#head
  }

  /**
   * Whether a payload may be added while `elsewhereBytes` are already on their way. One of any size
   * may while nothing waits or half of the bound is free: whoever waited for that must get in.
   */
  fits(payloadBytes: number, elsewhereBytes: number): boolean {
    const held = this.#bytes + elsewhereBytes
    const isWithin = held + payloadBytes + payloadOverheadBytes <= this.#maxBytes
    return isWithin || this.frames === 0 || this.isRelaxed(elsewhereBytes)
  }

  /** True when at least half of the bound is free again. */
  isRelaxed(elsewhereBytes: number): boolean {
    return this.#bytes + elsewhereBytes <= this.#maxBytes / 2
  }

  push(payload: Uint8Array): void {
    this.#payloads.push(payload)
    this.#bytes += payload.length + payloadOverheadBytes
  }

  peek(): Uint8Array | undefined {
    return this.#payloads[this.#head]
  }

  /** Removes the oldest payload. */
  shift(): Uint8Array | undefined {
    const payload = this.#payloads[this.#head]
    if (!payload) return undefined
    this.#payloads[this.#head] = undefined
    this.#head += 1
    this.#bytes -= payload.length + payloadOverheadBytes
    this.#compact()
    return payload
  }

  clear(): void {
    this.#payloads = []
    this.#head = 0
    this.#bytes = 0
  }

  /** Moves the rest to the front once half of the array is empty: constant cost a payload. */
  #compact(): void {
    if (this.#head === this.#payloads.length) {
      this.#payloads = []
      this.#head = 0
    } else if (this.#head >= 1024 && this.#head * 2 >= this.#payloads.length) {
      this.#payloads = this.#payloads.slice(this.#head)
      this.#head = 0
    }
  }
}

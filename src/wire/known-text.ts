/**
 * Texts that come again and again, as the keys of objects do: recognised and written four bytes at
 * a time instead of character by character.
 */

/**
 * A text must come so often in a row before it is expected: to know one has a price, and an id that
 * each of several nodes repeats is not seen again.
 */
const repeatsMin = 16

/** The longest text whose token holds its length (fixstr), in bytes. */
export const knownTextMaxBytes = 31

/** A short ASCII text beside its bytes on the wire, token included. */
export class KnownText {
  readonly text: string
  /** With the token. */
  readonly wireBytes: number
  /** Bytes {@link writeTo} writes; those after the text mean nothing. */
  readonly reachBytes: number
  /** Big-endian, the last one filled up with zeroes. */
  readonly #words: Int32Array
  readonly #lastMask: number

  /** @param text ASCII, at most {@link knownTextMaxBytes}. */
  constructor(text: string) {
    this.text = text
    this.wireBytes = 1 + text.length
    const bytes = Buffer.alloc(4 * Math.ceil(this.wireBytes / 4))
    this.reachBytes = bytes.length
    bytes[0] = 0xa0 | text.length
    bytes.write(text, 1, 'latin1')
    this.#words = Int32Array.from({ length: bytes.length / 4 }, (_, index) =>
      bytes.readInt32BE(4 * index),
    )
    this.#lastMask = -1 << (8 * (bytes.length - this.wireBytes))
  }

  /** Whether it stands at that offset. */
  isAt(view: DataView, at: number): boolean {
    const words = this.#words
    const last = words.length - 1
    let offset = at
    if (offset + this.reachBytes > view.byteLength) return this.#isAtEnd(view, at)
    for (let index = 0; index < last; index++, offset += 4) {
      if (view.getInt32(offset) !== words[index]) return false
    }
    return ((view.getInt32(offset) ^ (words[last] ?? 0)) & this.#lastMask) === 0
  }

  /** Writes it, and up to three zeroes behind it; there has to be room for {@link reachBytes}. */
  writeTo(view: DataView, at: number): void {
    const words = this.#words
    let offset = at
    for (let index = 0; index < words.length; index++, offset += 4) {
      view.setInt32(offset, words[index] ?? 0)
    }
  }

  /** Byte by byte, where a whole word would reach over the end of the memory. */
  #isAtEnd(view: DataView, at: number): boolean {
    if (at + this.wireBytes > view.byteLength) return false
    for (let index = 0; index < this.wireBytes; index++) {
      const shift = 24 - 8 * (index & 3)
      const byte = ((this.#words[index >> 2] ?? 0) >>> shift) & 0xff
      if (view.getUint8(at + index) !== byte) return false
    }
    return true
  }
}

/** Watches the texts that stand in one place, until one comes again and again. */
export class TextWatch {
  /** The text to expect. */
  known: KnownText | undefined
  #last: string | undefined
  #repeats = 0

  /** Another text than the one expected stood there. Short ASCII. */
  saw(text: string): void {
    if (text !== this.#last) {
      this.#last = text
      this.#repeats = 1
      return
    }
    this.#repeats += 1
    if (this.#repeats >= repeatsMin) this.known = new KnownText(text)
  }
}

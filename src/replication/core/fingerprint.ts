/**
 * A hash of a set of entries that does not depend on their order: the sums of two 32-bit hashes of
 * every entry. It finds bugs and lost messages; it does not defend against a liar, who could only
 * lie about its own entries anyway.
 * @source FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv/
 */

/** The two hashes of one entry, each a signed 32-bit number: kept without a box, in a million entries. */
export interface EntryHash {
  readonly high: number
  readonly low: number
}

const prime = 0x01000193

/** The hash of one entry. The same space, key and value bytes give the same hash on every node. */
export function hashEntry(space: string, key: string, value: Uint8Array): EntryHash {
  let high = 0x811c9dc5
  let low = 0x2f0b4a27
  // In one pass and without a text of both: a node that joins does this a million times.
  for (let at = 0; at < space.length; at++) {
    const code = space.charCodeAt(at)
    high = Math.imul(high ^ code, prime)
    low = Math.imul(low ^ code, prime)
  }
  // A zero stands between them.
  high = Math.imul(high, prime)
  low = Math.imul(low, prime)
  for (let at = 0; at < key.length; at++) {
    const code = key.charCodeAt(at)
    high = Math.imul(high ^ code, prime)
    low = Math.imul(low ^ code, prime)
  }
  for (let at = 0; at < value.length; at++) {
    const byte = value[at] ?? 0
    high = Math.imul(high ^ byte, prime)
    low = Math.imul(low ^ byte, prime)
  }
  return { high: spread(high), low: spread(low) }
}

/** FNV's last bytes reach only the low bits; one multiply and shift spreads them. */
function spread(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b)
  return mixed ^ (mixed >>> 13)
}

/** The running hash of a set of entries. */
export class Fingerprint {
  #high = 0
  #low = 0

  add({ high, low }: EntryHash): void {
    this.#high = (this.#high + high) >>> 0
    this.#low = (this.#low + low) >>> 0
  }

  remove({ high, low }: EntryHash): void {
    this.#high = (this.#high - high) >>> 0
    this.#low = (this.#low - low) >>> 0
  }

  /** 16 hexadecimal digits. */
  toString(): string {
    const hex = (part: number): string => part.toString(16).padStart(8, '0')
    return hex(this.#high) + hex(this.#low)
  }

  /** Eight bytes at `offset`. */
  writeTo(bytes: Buffer, offset: number): void {
    bytes.writeUInt32BE(this.#high, offset)
    bytes.writeUInt32BE(this.#low, offset + 4)
  }

  /** Whether the eight bytes at `offset` are what `writeTo` would write. */
  equalsAt(bytes: Uint8Array, offset: number): boolean {
    return u32At(bytes, offset) === this.#high && u32At(bytes, offset + 4) === this.#low
  }
}

function u32At(bytes: Uint8Array, offset: number): number {
  let word = 0
  for (let at = offset; at < offset + 4; at++) word = (word << 8) | (bytes[at] ?? 0)
  return word >>> 0
}

/**
 * A hash of a set of entries that does not depend on their order: the sums of two 32-bit hashes of
 * every entry. It finds bugs and lost messages; it does not defend against a liar, who could only
 * lie about its own entries anyway.
 * @source FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv/
 */

/** The two hashes of one entry, each an unsigned 32-bit number. */
export interface EntryHash {
  readonly high: number
  readonly low: number
}

const prime = 0x01000193

/** The hash of one entry. The same space, key and value bytes give the same hash on every node. */
export function hashEntry(space: string, key: string, value: Uint8Array): EntryHash {
  return {
    high: hashFrom(0x811c9dc5, `${space}\0${key}`, value),
    low: hashFrom(0x2f0b4a27, `${space}\0${key}`, value),
  }
}

function hashFrom(basis: number, text: string, bytes: Uint8Array): number {
  let hash = basis
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), prime)
  for (const byte of bytes) hash = Math.imul(hash ^ byte, prime)
  // FNV's last bytes reach only the low bits; one multiply and shift spreads them.
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b)
  return (hash ^ (hash >>> 13)) >>> 0
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
}

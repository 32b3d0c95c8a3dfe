/**
 * A Map for a million texts. A Map grows by making itself anew at twice the size in one go, which takes
 * a tenth of a second at that size; this one consists of many small ones as soon as it is large.
 */

/** Up to this size one Map does. */
const narrowMax = 16_384
/** A power of two. */
const partCount = 256

/** What is read of a {@link WideMap}. */
export interface ReadonlyWideMap<V> extends Iterable<[string, V]> {
  readonly size: number
  get(key: string): V | undefined
  has(key: string): boolean
  values(): Iterable<V>
}

/** As a Map with keys of text. Small, it keeps their order; large, it has none. */
export class WideMap<V> implements ReadonlyWideMap<V> {
  #parts: readonly Map<string, V>[] = [new Map<string, V>()]
  #size = 0

  get size(): number {
    return this.#size
  }

  get(key: string): V | undefined {
    return this.#partOf(key).get(key)
  }

  has(key: string): boolean {
    return this.#partOf(key).has(key)
  }

  set(key: string, value: V): void {
    const part = this.#partOf(key)
    const before = part.size
    part.set(key, value)
    this.#size += part.size - before
    if (this.#parts.length === 1 && this.#size > narrowMax) this.#widen()
  }

  delete(key: string): boolean {
    const isGone = this.#partOf(key).delete(key)
    if (isGone) this.#size -= 1
    return isGone
  }

  /**
   * May be read while the map changes. What was there at the beginning and still is will be read;
   * what is added meanwhile may be, but never keeps the reading from its end.
   */
  *[Symbol.iterator](): Generator<[string, V], void> {
    for (const part of this.#parts) {
      let left = part.size
      for (const entry of part) {
        if (left-- === 0) break
        yield entry
      }
    }
  }

  *values(): Generator<V, void> {
    for (const [, value] of this) yield value
  }

  #partOf(key: string): Map<string, V> {
    const parts = this.#parts
    // There always is one.
    return parts[parts.length === 1 ? 0 : partIndex(key)] as Map<string, V>
  }

  #widen(): void {
    const narrow = this.#parts[0] ?? []
    const parts = Array.from({ length: partCount }, () => new Map<string, V>())
    for (const [key, value] of narrow) parts[partIndex(key)]?.set(key, value)
    this.#parts = parts
  }
}

/** FNV-1a, its upper half folded in: the low bits alone are those of the last character. */
function partIndex(key: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193)
  return (hash ^ (hash >>> 16)) & (partCount - 1)
}

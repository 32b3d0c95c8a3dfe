/**
 * Remembers the latest incarnation of each name, and whether it said goodbye, so that late or
 * replayed packets of a former self change nothing. Bounded. Pure.
 */

const namesMax = 4_096

/** The latest incarnations heard of. Incarnations of a name sort by the time of their start. */
export class Incarnations {
  readonly #latest = new Map<string, { incarnation: string; hasLeft: boolean }>()

  /** @returns false when the news is of a former self, or of one that has left. */
  isNews(name: string, incarnation: string, isGoodbye: boolean): boolean {
    const known = this.#latest.get(name)
    if (known && incarnation < known.incarnation) return false
    if (known?.incarnation === incarnation && known.hasLeft) return false
    this.#remember(name, { incarnation, hasLeft: isGoodbye })
    return true
  }

  /** The name longest unheard of is forgotten for a new one. */
  #remember(name: string, entry: { incarnation: string; hasLeft: boolean }): void {
    this.#latest.delete(name)
    const oldest = this.#latest.keys().next()
    if (this.#latest.size >= namesMax && oldest.done !== true) this.#latest.delete(oldest.value)
    this.#latest.set(name, entry)
  }
}

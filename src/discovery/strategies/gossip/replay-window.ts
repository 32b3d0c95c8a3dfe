/**
 * Accepts each packet counter of one sender once, also when packets overtake each other.
 * Pure. @source the sliding window of RFC 4303 section 3.4.3, with a slot per counter.
 */

/** Counters older than the highest by this many are refused. */
export const windowSize = 1_024

/** The window of one sender (one incarnation). */
export class ReplayWindow {
  /** The last counter accepted in each slot; 0 for none, as counters begin at 1. */
  readonly #slots = new Float64Array(windowSize)
  #highest = 0

  /** True when the counter is new; it is not new a second time. Call it for authentic packets only. */
  accept(counter: number): boolean {
    if (!Number.isSafeInteger(counter) || counter < 1) return false
    if (counter <= this.#highest - windowSize) return false
    const slot = counter % windowSize
    if (this.#slots[slot] === counter) return false
    this.#slots[slot] = counter
    this.#highest = Math.max(this.#highest, counter)
    return true
  }
}

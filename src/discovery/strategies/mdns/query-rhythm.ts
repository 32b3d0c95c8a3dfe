/**
 * When to ask everybody who is there: soon after the start, then ever more rarely, for newcomers
 * announce themselves. Pure. @source RFC 6762 section 5.2
 */

const firstDelayMs = { min: 20, max: 120 }
const firstPauseMs = 1_000
const pauseMaxMs = 3_600_000

/** The questions of one interface. */
export class QueryRhythm {
  #nextMs = Infinity
  #pauseMs = firstPauseMs

  /** When to ask next. */
  get nextMs(): number {
    return this.#nextMs
  }

  /** Begins anew: the interface is fresh, or somebody wants to know. `chance` is 0 up to 1. */
  restart(nowMs: number, chance: number): void {
    this.#nextMs = nowMs + firstDelayMs.min + (firstDelayMs.max - firstDelayMs.min) * chance
    this.#pauseMs = firstPauseMs
  }

  /** The question was asked. */
  asked(nowMs: number): void {
    this.#nextMs = nowMs + this.#pauseMs
    this.#pauseMs = Math.min(this.#pauseMs * 2, pauseMaxMs)
  }
}

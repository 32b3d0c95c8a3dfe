/**
 * How far this node may trust its own measurements of others. A process that was held up (a blocked
 * event loop, SIGSTOP, a starved CPU) must accuse nobody: it was deaf itself. Pure.
 * @source Lifeguard: local health awareness for more accurate failure detection, section IV.A
 *   (https://arxiv.org/abs/1707.00788); here fed by the delay of our own ticks.
 */

/** Options local health needs. */
export interface LocalHealthOptions {
  readonly tickLateMs: number
  readonly suspectAfterMs: number
}

// With a score of 7 deadlines are eight times as long, as in memberlist.
const scoreMax = 7

/** One a node; told of each tick. */
export class LocalHealth {
  readonly #options: LocalHealthOptions
  #score = 0
  #lastDelayMs = 0

  constructor(options: LocalHealthOptions) {
    this.#options = options
  }

  /** What deadlines for others are multiplied by: 1 (healthy) to 8. */
  get multiplier(): number {
    return 1 + this.#score
  }

  /** Delay of the last late tick, for `status()`. */
  get lastDelayMs(): number {
    return this.#lastDelayMs
  }

  /**
   * A tick came `lateMs` after its time, `sinceMs` after the one before.
   *
   * @returns the delay this node caused itself, to be granted to every peer; 0 when it was on time.
   */
  ticked(lateMs: number, sinceMs: number): number {
    const { suspectAfterMs, tickLateMs } = this.#options
    if (lateMs < tickLateMs) {
      this.#score = Math.max(0, this.#score - sinceMs / suspectAfterMs)
      return 0
    }
    this.#lastDelayMs = lateMs
    this.#worsen(lateMs / suspectAfterMs)
    return lateMs
  }

  /** A peer did not hear us for long enough to suspect us. */
  wasSuspected(): void {
    this.#worsen(1)
  }

  #worsen(by: number): void {
    this.#score = Math.min(scoreMax, this.#score + by)
  }
}

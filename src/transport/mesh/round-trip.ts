/**
 * Round trips of one connection: a smoothed figure for people, and the base (the smallest of late)
 * that tells how long a packet takes when no queue is in its way. Pure.
 * @source smoothing: RFC 6298 section 2; base delay history: RFC 6817 section 4.2
 */

const smoothing = 1 / 8
/** A base lives for one to two of these, so that a changed route is learned. */
const historyMs = 10_000

/** Time comes in with every sample. */
export class RoundTrip {
  #smoothedMs: number | undefined
  #currentMinMs = Infinity
  #previousMinMs = Infinity
  #previousSampleMs: number | undefined
  #periodEndsMs = -Infinity

  /** Undefined before the first sample. */
  get smoothedMs(): number | undefined {
    return this.#smoothedMs
  }

  /** The smallest sample of the last 10 to 20 seconds. Infinity before the first. */
  get baseMs(): number {
    return Math.min(this.#currentMinMs, this.#previousMinMs)
  }

  /**
   * Takes one measured round trip.
   *
   * @returns how much of it was spent in queues. The smaller of the last two counts, because a
   *   single late one is a busy process, not a queue.
   */
  sample(roundTripMs: number, nowMs: number): number {
    const smoothed = this.#smoothedMs ?? roundTripMs
    this.#smoothedMs = smoothed + smoothing * (roundTripMs - smoothed)
    if (nowMs >= this.#periodEndsMs) this.#turnPeriod(nowMs)
    this.#currentMinMs = Math.min(this.#currentMinMs, roundTripMs)
    const filtered = Math.min(roundTripMs, this.#previousSampleMs ?? roundTripMs)
    this.#previousSampleMs = roundTripMs
    return filtered - this.baseMs
  }

  #turnPeriod(nowMs: number): void {
    this.#previousMinMs = this.#currentMinMs
    this.#currentMinMs = Infinity
    this.#periodEndsMs = nowMs + historyMs
  }
}

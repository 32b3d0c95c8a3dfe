/**
 * Round trips of one connection: a smoothed figure for people, and the base (the smallest of late)
 * that tells how long a packet takes when no queue is in its way. Pure.
 * @source smoothing: RFC 6298 section 2; base delay history: RFC 6817 section 4.2
 */

const smoothing = 1 / 8
/** A base lives for one to two of these, so that a changed route is learned. */
const historyMs = 10_000

/** Time spent in queues, by the latest samples. Single late ones are a busy process, not a queue. */
export interface Queueing {
  /** The smaller of the last two. */
  readonly recentMs: number
  /** The smallest of the last four. */
  readonly lastingMs: number
  /** The round trip without any queue. */
  readonly baseMs: number
}

const recentSamples = 2
/** How many samples {@link Queueing.lastingMs} looks back. */
export const lastingSamples = 4

/** Time comes in with every sample. */
export class RoundTrip {
  #smoothedMs: number | undefined
  #currentMinMs = Infinity
  #previousMinMs = Infinity
  #latestMs: readonly number[] = []
  #periodEndsMs = -Infinity

  /** Undefined before the first sample. */
  get smoothedMs(): number | undefined {
    return this.#smoothedMs
  }

  /** The smallest sample of the last 10 to 20 seconds. Infinity before the first. */
  get baseMs(): number {
    return Math.min(this.#currentMinMs, this.#previousMinMs)
  }

  /** Takes one measured round trip. */
  sample(roundTripMs: number, nowMs: number): Queueing {
    const smoothed = this.#smoothedMs ?? roundTripMs
    this.#smoothedMs = smoothed + smoothing * (roundTripMs - smoothed)
    if (nowMs >= this.#periodEndsMs) this.#turnPeriod(nowMs)
    this.#currentMinMs = Math.min(this.#currentMinMs, roundTripMs)
    this.#latestMs = [roundTripMs, ...this.#latestMs].slice(0, lastingSamples)
    const { baseMs } = this
    return {
      baseMs,
      recentMs: Math.min(...this.#latestMs.slice(0, recentSamples)) - baseMs,
      lastingMs: Math.min(...this.#latestMs) - baseMs,
    }
  }

  #turnPeriod(nowMs: number): void {
    this.#previousMinMs = this.#currentMinMs
    this.#currentMinMs = Infinity
    this.#periodEndsMs = nowMs + historyMs
  }
}

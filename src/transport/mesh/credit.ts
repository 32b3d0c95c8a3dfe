/**
 * How many bytes of bulk may be between sender and receiver. Separate connections share the
 * network's queue and the receiver's event loop; only a bound on bytes in flight keeps both short.
 * The bound follows the round trip of the control connection: it grows while nothing queues and
 * shrinks when something does. Pure.
 *
 * A window w on an empty way of round trip b carries w / b; more bytes only queue. So with q
 * spent in queues and a target t, w * (b + t) / (b + q) is the window that queues just t.
 * @source LEDBAT, RFC 6817; FAST TCP for the formula; the periodic slowdown that keeps the base honest: LEDBAT++
 */

import { lastingSamples, type Queueing } from './round-trip.ts'

/** Bounds and aim of a window. */
export interface CreditOptions {
  readonly startBytes: number
  readonly minBytes: number
  readonly maxBytes: number
  /** On a short way the window is at most so much for each millisecond of its round trip ... */
  readonly maxBytesPerMs: number
  /** ... or this, if that is more. */
  readonly shortWayBytes: number
  /** Queueing delay the window settles at on a long way; a quarter of the base on a short one. */
  readonly targetMaxMs: number
  readonly targetMinMs: number
}

/** The window every link begins with. */
export const creditDefaults: CreditOptions = {
  startBytes: 256 * 1024,
  minBytes: 64 * 1024,
  maxBytes: 8 * 1024 * 1024,
  // 2 Gbit/s. On a way this fast the queues are those of two busy processes: more in flight than
  // they take in a turn makes turns long, and hardly any bytes move faster.
  maxBytesPerMs: 256 * 1024,
  shortWayBytes: 128 * 1024,
  targetMaxMs: 2,
  targetMinMs: 0.5,
}

/** The receiver acknowledges at the latest when so many bytes are owed: a quarter of the smallest window. */
export const creditBatchBytes: number = creditDefaults.minBytes / 4

/** Slowing down this often, for two samples, lets the queue run dry so that the base is seen again. */
const slowdownEveryMs = 9_000
const slowdownSamples = 3

/** The sender's side of one class. */
export class CreditWindow {
  readonly #options: CreditOptions
  #windowBytes: number
  #generation = 0
  #sentBytes = 0
  #creditedBytes = 0
  #phase: 'start' | 'steady' = 'start'
  #wasLimiting = false
  #slowSamplesLeft = 0
  #holdSamples = 0
  #slowdownDueMs: number | undefined

  constructor(options: CreditOptions) {
    this.#options = options
    this.#windowBytes = options.startBytes
  }

  get windowBytes(): number {
    return this.#slowSamplesLeft > 0
      ? Math.max(this.#options.minBytes, this.#windowBytes / 2)
      : this.#windowBytes
  }

  get inFlightBytes(): number {
    return this.#sentBytes - this.#creditedBytes
  }

  /** Whether round trips matter now. */
  get isInUse(): boolean {
    return this.#wasLimiting || this.inFlightBytes > 0
  }

  /** Whether another frame may go out; remembers a no, because only a window in the way may grow. */
  hasRoom(): boolean {
    if (this.inFlightBytes < this.windowBytes) return true
    this.#wasLimiting = true
    return false
  }

  /** A fresh connection carries nothing; credit for the connection before it is void. */
  restart(generation: number): void {
    this.#generation = generation
    this.#sentBytes = 0
    this.#creditedBytes = 0
  }

  sent(bytes: number): void {
    this.#sentBytes += bytes
  }

  /**
   * The receiver has taken `totalBytes` of connection `generation` so far.
   *
   * @returns false when that is more than was sent: the peer breaks the protocol.
   */
  credited(generation: number, totalBytes: number): boolean {
    if (generation !== this.#generation) return generation < this.#generation
    if (totalBytes > this.#sentBytes) return false
    this.#creditedBytes = Math.max(this.#creditedBytes, totalBytes)
    return true
  }

  /**
   * Takes one measurement of the time spent in queues and moves the window. It grows at the first
   * good sample and shrinks only when bad ones last: a window too small costs more than a moment.
   */
  sample(queueing: Queueing, nowMs: number): void {
    if (!this.isInUse) {
      this.#slowdownDueMs = undefined
      return
    }
    this.#holdSamples = Math.max(0, this.#holdSamples - 1)
    if (this.#isSlowedDown(nowMs)) return
    const { minBytes, maxBytes, maxBytesPerMs, shortWayBytes } = this.#options
    const usefulBytes = Math.max(shortWayBytes, queueing.baseMs * maxBytesPerMs)
    const moved = this.#windowBytes * this.#factor(queueing)
    const largest = Math.min(maxBytes, usefulBytes)
    this.#windowBytes = Math.round(Math.min(largest, Math.max(minBytes, moved)))
    this.#wasLimiting = false
  }

  #factor({ baseMs, recentMs, lastingMs }: Queueing): number {
    const { targetMinMs, targetMaxMs } = this.#options
    const targetMs = Math.max(targetMinMs, Math.min(targetMaxMs, baseMs / 4))
    const queueingMs = this.#phase === 'start' ? recentMs : lastingMs
    if (queueingMs > targetMs) {
      if (this.#holdSamples > 0) return 1
      this.#phase = 'steady'
      // What was measured before this change says nothing about it.
      this.#holdSamples = lastingSamples
      return Math.max(1 / 2, (baseMs + targetMs) / (baseMs + queueingMs))
    }
    if (recentMs >= targetMs || !this.#wasLimiting) return 1
    const room = 1 - recentMs / targetMs
    return 1 + room * (this.#phase === 'start' ? 1 : Math.min(1 / 8, targetMs / 2 / baseMs))
  }

  #isSlowedDown(nowMs: number): boolean {
    this.#slowdownDueMs ??= nowMs + slowdownEveryMs
    if (this.#slowSamplesLeft > 0) {
      this.#slowSamplesLeft -= 1
      return true
    }
    if (nowMs < this.#slowdownDueMs) return false
    this.#slowdownDueMs = nowMs + slowdownEveryMs
    this.#slowSamplesLeft = slowdownSamples
    return true
  }
}

/** The receiver's side: what it took and has not acknowledged yet. */
export class CreditMeter {
  #generation = 0
  #takenBytes = 0
  #toldBytes = 0

  /** A fresh connection begins at zero. */
  restart(generation: number): void {
    this.#generation = generation
    this.#takenBytes = 0
    this.#toldBytes = 0
  }

  get generation(): number {
    return this.#generation
  }

  /** Bytes taken and not yet acknowledged. */
  get owedBytes(): number {
    return this.#takenBytes - this.#toldBytes
  }

  took(bytes: number): void {
    this.#takenBytes += bytes
  }

  /** The total to acknowledge; nothing is owed afterwards. */
  tell(): number {
    this.#toldBytes = this.#takenBytes
    return this.#takenBytes
  }
}

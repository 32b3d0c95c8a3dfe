/**
 * The time messages are stamped with. In a burst the clock is read for some of the messages only:
 * to read it costs a fifth of publishing a small message.
 */
import type { Host } from '../kernel/index.ts'

/** Messages that share one reading, at most; all of one turn of the event loop. */
const sharedMax = 16

/** One a node. */
export class StampClock {
  readonly #host: Host
  #nowMs = Number.NaN
  #left = 0

  constructor(host: Host) {
    this.#host = host
  }

  /** Wall-clock milliseconds; see {@link Host.wallClockMs}. */
  now(): number {
    if (this.#left > 0) {
      this.#left -= 1
      return this.#nowMs
    }
    const nowMs = this.#host.wallClockMs()
    // Two readings in one millisecond: more will follow.
    if (nowMs === this.#nowMs) this.#share()
    this.#nowMs = nowMs
    return nowMs
  }

  #share(): void {
    this.#left = sharedMax - 1
    this.#host.defer(this.#onTurnEnd)
  }

  readonly #onTurnEnd = (): void => {
    this.#left = 0
  }
}

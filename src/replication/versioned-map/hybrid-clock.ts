/** A hybrid logical clock: close to the wall clock, and later than everything this node has seen. */
import { defaultsOf, integer, type Host, type Rules } from '../../kernel/index.ts'
import { compareStamps, nextStamp, type Stamp } from './version.ts'

/** The bound of a {@link HybridClock}. */
export interface HybridClockOptions {
  /**
   * A stamp further ahead of this node's wall clock does not move the clock: one machine whose clock
   * is wrong does not set that of the others. Milliseconds, 0 to 24 hours.
   */
  readonly driftMaxMs: number
}

/** The rules of {@link HybridClockOptions}. */
export const hybridClockRules: Rules<HybridClockOptions> = {
  driftMaxMs: integer(60_000, { min: 0, max: 86_400_000 }),
}

/** The defaults of {@link HybridClockOptions}. */
export const hybridClockDefaults: HybridClockOptions = defaultsOf(hybridClockRules)

/** One a node. */
export class HybridClock {
  readonly #host: Pick<Host, 'wallClockMs'>
  readonly #driftMaxMs: number
  #last: Stamp = { wallMs: 0, counter: 0 }

  constructor(host: Pick<Host, 'wallClockMs'>, options: HybridClockOptions = hybridClockDefaults) {
    this.#host = host
    this.#driftMaxMs = options.driftMaxMs
  }

  /**
   * A stamp later than every one before, and than those observed within the bound.
   *
   * @param after a stamp it must be later than all the same, however far ahead that is.
   */
  now(after?: Stamp): Stamp {
    this.#last = nextStamp(this.#last, Math.floor(this.#host.wallClockMs()))
    const isLate = after !== undefined && compareStamps(after, this.#last) >= 0
    return isLate ? nextStamp(after, 0) : this.#last
  }

  /**
   * A stamp of another node was seen: later ones of this node will be later than it.
   *
   * @returns false when it is too far ahead; the clock then stays as it is.
   */
  observe(stamp: Stamp): boolean {
    if (stamp.wallMs > this.#host.wallClockMs() + this.#driftMaxMs) return false
    if (compareStamps(stamp, this.#last) > 0) {
      this.#last = { wallMs: stamp.wallMs, counter: stamp.counter }
    }
    return true
  }
}

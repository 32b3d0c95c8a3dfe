/**
 * Lets the same thing be said once in a while: logs about one target at most once a minute, a
 * stranger on the network once an hour. Pure: time is an argument.
 */

/** Bounds of a {@link RepeatGate}. */
export interface RepeatGateOptions {
  /** How long the same key stays quiet after it was let through. */
  readonly quietMs: number
  /** Keys remembered; the oldest is forgotten for a new one. */
  readonly keysMax: number
}

/** Remembers what was said, within a bound. */
export class RepeatGate {
  readonly #lastMs = new Map<string, number>()
  readonly #options: RepeatGateOptions

  constructor(options: RepeatGateOptions) {
    this.#options = options
  }

  /** True when the key was not let through within the quiet time. */
  opens(key: string, nowMs: number): boolean {
    const last = this.#lastMs.get(key)
    if (last !== undefined && nowMs - last < this.#options.quietMs) return false
    this.#lastMs.delete(key)
    const oldest = this.#lastMs.keys().next()
    if (this.#lastMs.size >= this.#options.keysMax && oldest.done !== true) {
      this.#lastMs.delete(oldest.value)
    }
    this.#lastMs.set(key, nowMs)
    return true
  }

  /** The next call for a key that begins so opens: what it was about has changed. */
  reset(prefix: string): void {
    for (const key of this.#lastMs.keys()) if (key.startsWith(prefix)) this.#lastMs.delete(key)
  }
}

/** Remembers when a node last had a reason to think that another one is gone. */

/** One a world. */
export class Troubles {
  readonly #nowMs: () => number
  readonly #lastMs = new Map<string, number>()

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** `observer` cannot hear `subject` well now. */
  touch(observer: string, subject: string): void {
    this.#lastMs.set(`${observer} ${subject}`, this.#nowMs())
  }

  /** Both of a pair. */
  touchPair(a: string, b: string): void {
    this.touch(a, b)
    this.touch(b, a)
  }

  /** Every pair with this name in it. */
  touchAll(name: string, names: readonly string[]): void {
    for (const other of names) if (other !== name) this.touchPair(name, other)
  }

  /** Milliseconds since the observer last had trouble with the subject; Infinity when never. */
  sinceMs(observer: string, subject: string): number {
    return this.#nowMs() - (this.#lastMs.get(`${observer} ${subject}`) ?? -Infinity)
  }
}

/** Who is kept out, and until when: members that came and went too often. Pure: time is an argument. */

/** One a node. A name is kept out whatever its incarnation: one that crashes as it starts has many. */
export class Quarantine {
  readonly #untilMs = new Map<string, number>()
  readonly #namesMax: number

  /** @param namesMax names remembered; beyond it the oldest is let in again. */
  constructor(namesMax: number) {
    this.#namesMax = namesMax
  }

  /** @returns `untilMs`. */
  put(name: string, untilMs: number): number {
    this.#untilMs.delete(name)
    const oldest = this.#untilMs.keys().next()
    if (this.#untilMs.size >= this.#namesMax && oldest.done !== true) {
      this.#untilMs.delete(oldest.value)
    }
    this.#untilMs.set(name, untilMs)
    return untilMs
  }

  /** When the name may come back; undefined when it may now. */
  endOf(name: string, nowMs: number): number | undefined {
    const untilMs = this.#untilMs.get(name)
    if (untilMs === undefined || untilMs > nowMs) return untilMs
    this.#untilMs.delete(name)
    return undefined
  }

  /** Names that are kept out now. */
  names(nowMs: number): string[] {
    return [...this.#untilMs.keys()].filter((name) => this.endOf(name, nowMs) !== undefined)
  }
}

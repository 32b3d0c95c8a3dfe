/**
 * Whom a majority is counted of: every member ever seen, but for those that left or have been away for
 * long. A member that crashed, or is on the other side of a partition, still counts. Pure.
 */

/** How long the absent count, and how many names are remembered (the one away longest goes first). */
export interface QuorumRosterOptions {
  readonly forgetMemberAfterMs: number
  readonly namesMax: number
}

/** What a majority is, and whether it is there. */
export interface Quorum {
  readonly size: number
  readonly needed: number
  readonly present: number
}

/** One a node. */
export class QuorumRoster {
  readonly #options: QuorumRosterOptions
  /** Since when each name is away; undefined while it is in. */
  readonly #awaySinceMs = new Map<string, number | undefined>()

  constructor(self: string, options: QuorumRosterOptions) {
    this.#options = options
    this.#awaySinceMs.set(self, undefined)
  }

  up(name: string): void {
    this.#awaySinceMs.set(name, undefined)
    if (this.#awaySinceMs.size > this.#options.namesMax) this.#forgetLongestAway()
  }

  down(name: string, nowMs: number): void {
    if (this.#awaySinceMs.has(name)) this.#awaySinceMs.set(name, nowMs)
  }

  /** It said goodbye: the cluster is smaller by one, on purpose. */
  left(name: string): void {
    this.#awaySinceMs.delete(name)
  }

  quorum(nowMs: number): Quorum {
    let present = 0
    for (const [name, sinceMs] of this.#awaySinceMs) {
      if (sinceMs === undefined) present += 1
      else if (nowMs - sinceMs >= this.#options.forgetMemberAfterMs) this.#awaySinceMs.delete(name)
    }
    const size = this.#awaySinceMs.size
    return { size, present, needed: Math.floor(size / 2) + 1 }
  }

  #forgetLongestAway(): void {
    const away = [...this.#awaySinceMs].filter((entry) => entry[1] !== undefined)
    const [longest] = away.toSorted((a, b) => (a[1] ?? 0) - (b[1] ?? 0))
    if (longest) this.#awaySinceMs.delete(longest[0])
  }
}

/**
 * Other nodes on the broker that go by this node's own name. Where they can be dialled is this node's
 * own address too, so what is heard of them tells whether such a dial reaches anybody.
 */

/** What is known: somebody is there, nobody is any more, or nobody ever was. */
export type NamesakeState = 'there' | 'gone' | 'none'

const lifesMax = 256

/** One a running transport. */
export class Namesakes {
  readonly #nowMs: () => number
  readonly #silentAfterMs: number
  /** When each was heard last, by sender. */
  readonly #heardAtMs = new Map<string, number>()
  #met = false

  /** @param silentAfterMs who was not heard for longer is gone. */
  constructor(nowMs: () => number, silentAfterMs: number) {
    this.#nowMs = nowMs
    this.#silentAfterMs = silentAfterMs
  }

  get state(): NamesakeState {
    const since = this.#nowMs() - this.#silentAfterMs
    for (const [sender, atMs] of this.#heardAtMs) {
      if (atMs < since) this.#heardAtMs.delete(sender)
    }
    if (this.#heardAtMs.size > 0) return 'there'
    return this.#met ? 'gone' : 'none'
  }

  heard(sender: string): void {
    this.#met = true
    this.#heardAtMs.delete(sender)
    this.#heardAtMs.set(sender, this.#nowMs())
    const [oldest] = this.#heardAtMs.keys()
    if (this.#heardAtMs.size > lifesMax && oldest !== undefined) this.#heardAtMs.delete(oldest)
  }

  left(sender: string): void {
    this.#heardAtMs.delete(sender)
  }
}

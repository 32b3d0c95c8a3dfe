/**
 * Outcomes of transactions, remembered within a bound. What was forgotten is known to be forgotten:
 * "I never heard of it" and "I do not remember" must not be mixed up.
 */
import { txidText, type Outcome, type Txid } from './transaction.ts'

interface Remembered {
  readonly txid: Txid
  readonly outcome: Outcome
}

/** Lives of coordinators of which something was forgotten. */
const livesMax = 4_096

/** One a node. */
export class Outcomes {
  readonly #max: number
  readonly #known = new Map<string, Remembered>()
  /** By life of a coordinator: the highest counter forgotten. */
  readonly #forgotten = new Map<string, number>()
  #memory: 'whole' | 'lost' = 'whole'

  constructor(max: number) {
    this.#max = max
  }

  get size(): number {
    return this.#known.size
  }

  get(txid: Txid): Outcome | undefined {
    return this.#known.get(txidText(txid))?.outcome
  }

  /** Of the transaction whose {@link txidText} that is. */
  ofText(text: string): Outcome | undefined {
    return this.#known.get(text)?.outcome
  }

  /** Every outcome remembered, oldest first. */
  entries(): Iterable<Remembered> {
    return this.#known.values()
  }

  /** The first outcome of a transaction stays. */
  add(txid: Txid, outcome: Outcome): void {
    const key = txidText(txid)
    if (this.#known.has(key)) return
    this.#known.set(key, { txid, outcome })
    if (this.#known.size > this.#max) this.#forgetOldest()
  }

  /** Of each life of a coordinator of which something was forgotten: the highest counter. */
  forgotten(): Iterable<[string, number]> {
    return this.#forgotten.entries()
  }

  /** Outcomes of that life up to a counter are not remembered. */
  forget(life: string, counter: number): void {
    this.#forgotten.set(life, Math.max(counter, this.#forgotten.get(life) ?? 0))
    if (this.#forgotten.size > livesMax) this.#memory = 'lost'
  }

  /** True when an outcome may have been known once. */
  mayBeForgotten(txid: Txid): boolean {
    if (this.#memory === 'lost') return true
    return txid.counter <= (this.#forgotten.get(lifeOf(txid)) ?? 0)
  }

  #forgetOldest(): void {
    for (const [key, { txid }] of this.#known) {
      this.#known.delete(key)
      this.forget(lifeOf(txid), txid.counter)
      return
    }
  }
}

function lifeOf({ coordinator, incarnation }: Txid): string {
  return `${coordinator}/${incarnation}`
}

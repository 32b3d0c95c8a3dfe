/** Sees what every life of every node says and does in a commit, and what must not be. */
import {
  txidText,
  type Life,
  type Outcome,
  type Proposal,
  type Txid,
} from '../../../src/config/index.ts'

const violationsMax = 10

/** One a run. */
export class Witness {
  readonly violations: string[] = []
  /** Transaction and life of each vote that was sent. */
  readonly #yes = new Set<string>()
  /** Values by life: what its validators have let through. */
  readonly #validated = new Set<string>()
  readonly #outcomes = new Map<string, { type: Outcome['type']; where: string }>()

  votedYes({ incarnation }: Life, txid: Txid): void {
    this.#yes.add(`${txidText(txid)} ${incarnation}`)
  }

  validated({ incarnation }: Life, value: unknown): void {
    this.#validated.add(`${incarnation} ${String(value)}`)
  }

  /** A life applies a proposal: everybody must have checked it, and said yes. */
  applied(self: Life, { txid, entries, participants }: Proposal): void {
    const text = txidText(txid)
    // At once: a life may end in the same moment, and what it applied was seen by its application.
    this.outcome(text, 'commit', self.incarnation)
    const missing = participants.filter(({ name, incarnation }) => {
      const isChecked = entries.every(({ value }) =>
        this.#validated.has(`${incarnation} ${String(value)}`),
      )
      // A coordinator's own vote is no message.
      return !isChecked || (name !== txid.coordinator && !this.#yes.has(`${text} ${incarnation}`))
    })
    if (missing.length === 0) return
    const names = missing.map(({ name }) => name).join(', ')
    this.object(`${self.name} applied ${text} without the yes of ${names}`)
  }

  /** Nobody may hold another outcome of the same transaction. */
  outcome(txid: string, type: Outcome['type'], where: string): void {
    const known = this.#outcomes.get(txid)
    if (!known) this.#outcomes.set(txid, { type, where })
    else if (known.type !== type) {
      this.object(`${txid}: ${known.type} at ${known.where}, ${type} at ${where}`)
    }
  }

  /** Something is as it must not be. */
  object(violation: string): void {
    if (this.violations.length < violationsMax) this.violations.push(violation)
  }
}

/** The transactions one member has no outcome of, and which of them holds which path. Pure. */
import { overlap } from '../record/path.ts'
import { compareTxids, txidText, type Proposal, type Txid } from './transaction.ts'

/**
 * `waiting`: behind a higher one that holds a path. `checking`: its validators run. `recording`: its
 * yes is being written. `prepared`: it said yes. `in-doubt`: for too long.
 */
export type HeldState = 'waiting' | 'checking' | 'recording' | 'prepared' | 'in-doubt'

/** A transaction without an outcome. */
export interface Held {
  readonly proposal: Proposal
  readonly state: HeldState
  /** The life of this node that was asked. */
  readonly incarnation: string
  /** When to ask the others, once it said yes. */
  readonly askAtMs: number
  readonly doubtAtMs: number
}

/** One a participant. */
export class HeldTransactions implements Iterable<Held> {
  readonly #held = new Map<string, Held>()

  get size(): number {
    return this.#held.size
  }

  /** In the order they came. One that is kept anew meanwhile stays where it is. */
  [Symbol.iterator](): Iterator<Held> {
    return this.#held.values()
  }

  get(txid: Txid): Held | undefined {
    return this.#held.get(txidText(txid))
  }

  /** Keeps it, in the place of what was known of the same transaction. */
  keep(held: Held): void {
    this.#held.set(txidText(held.proposal.txid), held)
  }

  remove(txid: Txid): void {
    this.#held.delete(txidText(txid))
  }

  /** When the first of those that said yes wants to ask; Infinity when none does. */
  get askAtMs(): number {
    let due = Infinity
    for (const held of this) if (isUncertain(held)) due = Math.min(due, held.askAtMs)
    return due
  }

  /** The one that holds a path of another. */
  holderOf(proposal: Proposal): Held | undefined {
    for (const held of this) {
      const isHolder =
        held.state !== 'waiting' &&
        compareTxids(held.proposal.txid, proposal.txid) !== 0 &&
        touches(held.proposal, proposal)
      if (isHolder) return held
    }
    return undefined
  }

  /** Those that wait for a path of another, the lowest first. */
  waitingFor(proposal: Proposal): readonly Proposal[] {
    const waiting: Proposal[] = []
    for (const held of this) {
      if (held.state === 'waiting' && touches(held.proposal, proposal)) waiting.push(held.proposal)
    }
    return waiting.sort((a, b) => compareTxids(a.txid, b.txid))
  }
}

/** It said yes, and cannot decide alone. */
export function isUncertain({ state }: Held): boolean {
  return state === 'prepared' || state === 'in-doubt'
}

/** It said yes, or is about to. */
export function isBound(held: Held): boolean {
  return held.state === 'recording' || isUncertain(held)
}

function touches(a: Proposal, b: Proposal): boolean {
  return a.entries.some((one) => b.entries.some((other) => overlap(one.path, other.path)))
}

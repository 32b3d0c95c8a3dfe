/** What the state machines of a commit want done. Data: whoever runs them does it, in order. */
import type { CommitMessage } from './messages.ts'
import type { CommitEntry, Outcome, Proposal, Txid } from './transaction.ts'

/** A line of the file: what must survive the process. */
export type JournalEntry =
  /** This node voted yes. */
  | { readonly type: 'vote'; readonly proposal: Proposal }
  /** This node decided, or learned the decision. */
  | { readonly type: 'outcome'; readonly txid: Txid; readonly outcome: Outcome }

/** One thing to do. */
export type Effect =
  /** The same message to each of them. */
  | { readonly type: 'send'; readonly to: readonly string[]; readonly message: CommitMessage }
  /** Run the validators; then `Participant.checked`. */
  | { readonly type: 'check'; readonly txid: Txid; readonly entries: readonly CommitEntry[] }
  /** Make it durable; then call `then` with whether that worked. */
  | {
      readonly type: 'record'
      readonly entry: JournalEntry
      readonly then: (isDurable: boolean, nowMs: number) => readonly Effect[]
    }
  /** The transaction is committed: make its entries the settings. */
  | {
      readonly type: 'apply'
      readonly proposal: Proposal
      readonly outcome: Extract<Outcome, { type: 'commit' }>
    }
  /** A lower transaction wants what an undecided one of this node holds. */
  | { readonly type: 'give-way'; readonly txid: Txid; readonly to: Txid }
  | { readonly type: 'in-doubt'; readonly proposal: Proposal }
  /** For who follows: this node was asked to vote ... */
  | { readonly type: 'asked'; readonly proposal: Proposal }
  /** ... and has no more part in it: it refused, or knows the outcome. */
  | { readonly type: 'ended'; readonly txid: Txid; readonly outcome: Outcome }
  /** Two outcomes of one transaction: a person has decided against one that was on its way. */
  | {
      readonly type: 'contradiction'
      readonly txid: Txid
      readonly held: Outcome
      readonly other: Outcome
      readonly from: string
    }
  /** For the caller: decided. */
  | { readonly type: 'decided'; readonly proposal: Proposal; readonly outcome: Outcome }
  /** For the caller: everybody who can be reached has it. */
  | { readonly type: 'settled'; readonly txid: Txid; readonly acknowledged: readonly string[] }

const tidings = ['asked', 'ended', 'in-doubt', 'contradiction', 'decided', 'settled'] as const
const tidingsTypes: readonly string[] = tidings

/** Effects that only tell somebody. */
export type Tidings = Extract<Effect, { type: (typeof tidings)[number] }>

/** True for what only tells somebody. */
export function isTidings(effect: Effect): effect is Tidings {
  return tidingsTypes.includes(effect.type)
}

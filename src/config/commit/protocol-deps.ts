/** What the commit protocol of a node talks to, and its bounds. */
import type { Host } from '../../kernel/index.ts'
import type { VersionBase } from '../../replication/index.ts'
import type { Effect, JournalEntry } from './effects.ts'
import type { CommitMessage } from './messages.ts'
import type { ParticipantFacts } from './participant.ts'
import type { CommitEntry, Outcome, Proposal, Refusal, Txid } from './transaction.ts'

/** Hears of each transaction this node is asked to vote in. Must not throw. */
export interface PartWatcher {
  asked(proposal: Proposal): void
  /** Does work of this node's part in a transaction. */
  within<T>(txid: Txid, work: () => T): T
  voted(txid: Txid, refusal: Refusal | undefined): void
  ended(txid: Txid, outcome: Outcome['type']): void
}

/** What it talks to. */
export interface CommitProtocolDeps extends Omit<ParticipantFacts, 'isUndecided'> {
  readonly host: Pick<Host, 'nowMs' | 'after' | 'defer'>
  readonly stamp: () => VersionBase
  /** The same message to each of them. */
  readonly send: (to: readonly string[], message: CommitMessage) => void
  /** Whether a validator of this node has a say in them. */
  readonly isConcerned: (entries: readonly CommitEntry[]) => boolean
  /** Runs the validators of this node; gives the reason of a no. Never rejects. */
  readonly validate: (entries: readonly CommitEntry[]) => Promise<Omit<Refusal, 'node'> | undefined>
  /** A transaction is committed: its entries are the settings now. */
  readonly apply: (proposal: Proposal, version: VersionBase) => void
  /** Makes an entry durable; gives whether it is. Absent: nothing outlives the process. */
  readonly record?: ((entry: JournalEntry) => Promise<boolean>) | undefined
  readonly inDoubt: (proposal: Proposal) => void
  /** Follows what this node does in transactions. */
  readonly part?: PartWatcher | undefined
  /** A step failed that must not: told, and the others go on. */
  readonly failed: (error: Error, step: Effect) => void
  readonly contradicted: (news: {
    readonly txid: Txid
    readonly held: Outcome
    readonly other: Outcome
    readonly from: string
  }) => void
}

/** Bounds and times; see `ConfigOptions`. */
export interface CommitProtocolOptions {
  readonly resendAfterMs: number
  readonly inDoubtAfterMs: number
  readonly inquiryIntervalMs: number
  readonly transactionsMax: number
  readonly outcomesMax: number
}

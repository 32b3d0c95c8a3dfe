/**
 * One member's side of all commits: votes, waits for decisions, asks when none comes. Pure: facts and
 * time are arguments, what is to be done is returned.
 *
 * Who has voted yes never decides alone. It holds its paths until it learns the outcome: from the
 * coordinator, or from any participant that knows it or has not voted (and then never will).
 * @source two-phase commit with cooperative termination: Bernstein, Hadzilacos, Goodman 1987, 7.4.
 */
import type { Effect } from './effects.ts'
import {
  HeldTransactions,
  isBound,
  isUncertain,
  type Held,
  type HeldState,
} from './held-transactions.ts'
import type { Outcomes } from './outcomes.ts'
import { answerTo, inquiriesOf, noLife, voteOn } from './participant-messages.ts'
import {
  compareTxids,
  txidText,
  type Outcome,
  type Proposal,
  type Refusal,
  type RefusalKind,
  type Txid,
} from './transaction.ts'

/** What a participant knows of the world when it is asked. */
export interface ParticipantFacts {
  /** This life of this node. */
  readonly self: { readonly name: string; readonly incarnation: string }
  /** Why this node must vote no on a proposal whatever its values; nothing when it may vote yes. */
  readonly objection: (proposal: Proposal) => Omit<Refusal, 'node'> | undefined
  /** Whether that life of this node is one whose every vote this node still knows. */
  readonly remembers: (incarnation: string) => boolean
  /** Names of all that can be asked. One that was not asked to vote may have seen the outcome. */
  readonly peers: () => readonly string[]
  /** Whether it is a transaction of this node that may still go either way. */
  readonly isUndecided: (txid: Txid) => boolean
}

/** Bounds and times of a {@link Participant}. */
export interface ParticipantOptions {
  readonly transactionsMax: number
  readonly inquiryIntervalMs: number
  readonly inDoubtAfterMs: number
}

/** One a node. */
export class Participant {
  readonly #facts: ParticipantFacts
  readonly #options: ParticipantOptions
  readonly #outcomes: Outcomes
  readonly #held = new HeldTransactions()

  constructor(facts: ParticipantFacts, outcomes: Outcomes, options: ParticipantOptions) {
    this.#facts = facts
    this.#outcomes = outcomes
    this.#options = options
  }

  /** Transactions without an outcome, in the order they came. */
  held(): readonly Held[] {
    return [...this.#held]
  }

  /** When {@link tick} has something to do; Infinity when never. */
  get dueMs(): number {
    return this.#held.askAtMs
  }

  /** A yes of a former life, read from the file. */
  restore(proposal: Proposal, incarnation: string, nowMs: number): void {
    // Whose own it was ends it, and before the others are in doubt.
    const afterMs = this.#options.inDoubtAfterMs / (this.#isOwnOfBefore(proposal.txid) ? 2 : 1)
    const doubtAtMs = nowMs + afterMs
    this.#held.keep({ proposal, state: 'prepared', incarnation, askAtMs: nowMs, doubtAtMs })
  }

  /** Phase 1. */
  prepare(proposal: Proposal, from: string): Effect[] {
    if (from !== proposal.txid.coordinator) return []
    const outcome = this.#outcomes.get(proposal.txid)
    if (outcome) return outcome.type === 'abort' ? [voteOn(proposal, outcome.refusal)] : []
    const held = this.#held.get(proposal.txid)
    if (held) return isUncertain(held) ? [voteOn(proposal)] : []
    return [{ type: 'asked', proposal }, ...this.#enter(proposal)]
  }

  /** What the validators say; `problem` is the reason of a no. */
  checked(txid: Txid, problem: Omit<Refusal, 'node'> | undefined): Effect[] {
    const held = this.#held.get(txid)
    if (held?.state !== 'checking') return []
    const { proposal } = held
    // Time has passed since the first look.
    const refusal = problem ?? this.#facts.objection(proposal)
    if (refusal) return this.#refuse(proposal, refusal)
    this.#held.keep({ ...held, state: 'recording' })
    const entry = { type: 'vote', proposal } as const
    return [{ type: 'record', entry, then: (ok, nowMs) => this.#recorded(proposal, ok, nowMs) }]
  }

  /** Phase 2, or the answer to an inquiry. */
  learn(txid: Txid, outcome: Outcome, from: string): Effect[] {
    const known = this.#outcomes.get(txid)
    if (known && known.type !== outcome.type) {
      return [{ type: 'contradiction', txid, held: known, other: outcome, from }]
    }
    const held = this.#held.get(txid)
    // The coordinator of this node knows an outcome before its participant has learned it.
    if (known && !held) return []
    this.#outcomes.add(txid, outcome)
    const record: Effect = {
      type: 'record',
      entry: { type: 'outcome', txid, outcome },
      then: () => [],
    }
    if (!held) return [record]
    const { proposal } = held
    this.#held.remove(txid)
    const ended: Effect = { type: 'ended', txid, outcome }
    const over: Effect[] =
      outcome.type === 'commit'
        ? [{ type: 'apply', proposal, outcome }, record, ended]
        : [record, ended]
    const released = this.#released(proposal)
    return released.length === 0 ? over : [...over, ...released]
  }

  /**
   * Somebody asks what became of a transaction. A node that was asked to vote and has not said yes
   * never will: its answer is the outcome. One that does not remember gives none.
   */
  inquiry(txid: Txid, asked: string, from: string): Effect[] {
    const known = this.#outcomes.get(txid)
    if (known) return [answerTo(from, txid, known)]
    const held = this.#held.get(txid)
    if (held && isBound(held)) return [answerTo(from, txid)]
    if (!held && !this.#mayRefuse(txid, asked)) return [answerTo(from, txid)]
    const reason = `${from} had to ask for the outcome`
    const refusal = this.#refusal({ kind: 'cancelled', reason })
    const outcome: Outcome = { type: 'abort', refusal }
    const vote = held ? [voteOn(held.proposal, refusal)] : []
    return [...this.learn(txid, outcome, from), ...vote, answerTo(from, txid, outcome)]
  }

  /** A member is gone: who waits for its decision asks the others now. */
  memberGone(name: string, nowMs: number): void {
    for (const held of this.#held) {
      if (held.proposal.txid.coordinator !== name || !isUncertain(held)) continue
      this.#held.keep({ ...held, askAtMs: nowMs })
    }
  }

  /** Somebody can be reached (again) who may know. */
  memberBack(name: string, nowMs: number): void {
    for (const held of this.#held) {
      const { participants, txid } = held.proposal
      const isInIt = name === txid.coordinator || participants.some((life) => life.name === name)
      if (!isInIt || !isUncertain(held) || held.askAtMs - nowMs > this.#options.inquiryIntervalMs)
        continue
      this.#held.keep({ ...held, askAtMs: nowMs })
    }
  }

  /** Asks where it is time to ask, and says what is in doubt. */
  tick(nowMs: number): Effect[] {
    const effects: Effect[] = []
    for (const held of this.#held) {
      if (!isUncertain(held) || held.askAtMs > nowMs) continue
      const isDoubtful = held.state === 'prepared' && held.doubtAtMs <= nowMs
      if (isDoubtful && this.#isOwnOfBefore(held.proposal.txid)) {
        effects.push(...this.#presumeAbort(held.proposal.txid))
        continue
      }
      const state = isDoubtful ? 'in-doubt' : held.state
      const askAtMs = nowMs + this.#options.inquiryIntervalMs
      this.#held.keep({ ...held, state, askAtMs })
      if (isDoubtful) effects.push(...this.#doubt(held.proposal))
      effects.push(...inquiriesOf(held.proposal, this.#facts))
    }
    return effects
  }

  /**
   * A former life of this node was its coordinator, and its every decision is in the file. This one is
   * not: so nobody was told of it.
   */
  #isOwnOfBefore(txid: Txid): boolean {
    const { self, remembers } = this.#facts
    const isOfBefore = txid.coordinator === self.name && txid.incarnation !== self.incarnation
    return isOfBefore && remembers(txid.incarnation) && !this.#outcomes.mayBeForgotten(txid)
  }

  /** @source presumed abort: Mohan, Lindsay, Obermarck 1986. */
  #presumeAbort(txid: Txid): Effect[] {
    const reason = 'its coordinator ended before it had decided'
    const refusal = this.#refusal({ kind: 'gone', reason })
    return this.learn(txid, { type: 'abort', refusal }, this.#facts.self.name)
  }

  /** It said yes to nothing it would not know of. */
  #mayRefuse(txid: Txid, asked: string): boolean {
    const { remembers, isUndecided } = this.#facts
    if (asked === noLife || isUndecided(txid)) return false
    return remembers(asked) && !this.#outcomes.mayBeForgotten(txid)
  }

  #enter(proposal: Proposal): Effect[] {
    const early = this.#objection(proposal)
    if (early) return this.#refuse(proposal, early)
    const holder = this.#held.holderOf(proposal)
    return holder ? this.#meet(proposal, holder) : this.#check(proposal)
  }

  #objection(proposal: Proposal): Omit<Refusal, 'node'> | undefined {
    if (this.#held.size < this.#options.transactionsMax) return this.#facts.objection(proposal)
    return { kind: 'limit', reason: 'too many transactions have no outcome yet' }
  }

  /** Another one has a path: a lower one waits for it, a higher one is refused. So none can wait in a ring. */
  #meet(proposal: Proposal, holder: Held): Effect[] {
    const { txid } = holder.proposal
    if (holder.state === 'in-doubt') {
      const reason = `transaction ${txidText(txid)} holds a path and its outcome is not known`
      return this.#refuse(proposal, { kind: 'in-doubt', reason })
    }
    if (compareTxids(proposal.txid, txid) > 0) {
      const reason = `transaction ${txidText(txid)} of ${txid.coordinator} holds a path`
      return this.#refuse(proposal, { kind: 'conflict', reason })
    }
    this.#hold(proposal, 'waiting')
    return txid.coordinator === this.#facts.self.name
      ? [{ type: 'give-way', txid, to: proposal.txid }]
      : []
  }

  #check(proposal: Proposal): Effect[] {
    this.#hold(proposal, 'checking')
    return [{ type: 'check', txid: proposal.txid, entries: proposal.entries }]
  }

  #recorded(proposal: Proposal, isDurable: boolean, nowMs: number): Effect[] {
    const held = this.#held.get(proposal.txid)
    if (held?.state !== 'recording') return []
    if (!isDurable)
      return this.#refuse(proposal, { kind: 'storage', reason: 'cannot write its file' })
    const askAtMs = nowMs + proposal.timeoutMs
    const doubtAtMs = askAtMs + this.#options.inDoubtAfterMs
    this.#held.keep({ ...held, state: 'prepared', askAtMs, doubtAtMs })
    return [voteOn(proposal)]
  }

  /** A no is an abort this node may decide alone. */
  #refuse(proposal: Proposal, given: Omit<Refusal, 'node'>): Effect[] {
    const refusal = this.#refusal(given)
    this.#held.remove(proposal.txid)
    const { txid } = proposal
    const outcome: Outcome = { type: 'abort', refusal }
    this.#outcomes.add(txid, outcome)
    const ended: Effect = { type: 'ended', txid, outcome }
    return [voteOn(proposal, refusal), ended, ...this.#released(proposal)]
  }

  /** Those that waited for its paths go on, the lowest first. */
  #released(former: Proposal): Effect[] {
    return this.#held.waitingFor(former).flatMap((proposal) => {
      const holder = this.#held.holderOf(proposal)
      if (!holder) {
        const objection = this.#facts.objection(proposal)
        return objection ? this.#refuse(proposal, objection) : this.#check(proposal)
      }
      return compareTxids(proposal.txid, holder.proposal.txid) > 0
        ? this.#meet(proposal, holder)
        : []
    })
  }

  #hold(proposal: Proposal, state: HeldState): void {
    const { incarnation } = this.#facts.self
    this.#held.keep({ proposal, state, incarnation, askAtMs: Infinity, doubtAtMs: Infinity })
  }

  /** Those that wait for its paths need not wait any longer. */
  #doubt(proposal: Proposal): Effect[] {
    const reason = `transaction ${txidText(proposal.txid)} holds a path and its outcome is not known`
    return [
      { type: 'in-doubt', proposal },
      ...this.#held
        .waitingFor(proposal)
        .flatMap((waiting) => this.#refuse(waiting, { kind: 'in-doubt', reason })),
    ]
  }

  #refusal({ kind, reason }: { kind: RefusalKind; reason: string }): Refusal {
    return { kind, reason, node: this.#facts.self.name }
  }
}

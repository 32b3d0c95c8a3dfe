/**
 * The coordinator's side of the commits of this node: collects votes, decides once, and tells until
 * everybody knows. Pure: time and stamps are arguments, what is to be done is returned.
 *
 * It decides "commit" only with every participant's yes, and only when that decision is durable (where
 * there is a file). Until somebody was told, nobody can have applied it.
 */
import type { VersionBase } from '../../replication/index.ts'
import type { Effect } from './effects.ts'
import type { Outcomes } from './outcomes.ts'
import { txidText, type Outcome, type Proposal, type Refusal, type Txid } from './transaction.ts'

/** Facts, bounds and times of a {@link Coordinator}. */
export interface CoordinatorOptions {
  readonly self: { readonly name: string; readonly incarnation: string }
  /** A version newer than all that this node has seen. */
  readonly stamp: () => VersionBase
  readonly resendAfterMs: number
  /** Own transactions that somebody has not acknowledged; beyond it the oldest is told no more. */
  readonly transactionsMax: number
}

interface Collecting {
  readonly state: 'collecting'
  readonly proposal: Proposal
  /** Those that have not voted. */
  readonly missing: Set<string>
  readonly deadlineMs: number
  readonly resendAtMs: number
}

/** All said yes; the decision is being written. */
interface Recording {
  readonly state: 'recording'
  readonly proposal: Proposal
}

interface Decided {
  readonly state: 'decided'
  readonly proposal: Proposal
  readonly outcome: Outcome
  readonly unacknowledged: Set<string>
  /** Those of them that cannot be reached: nobody waits for these. */
  readonly away: Set<string>
  readonly isSettled: boolean
  readonly resendAtMs: number
}

type Owned = Collecting | Recording | Decided

/** Names in a reason. */
const namedMax = 8

/** One a node. */
export class Coordinator {
  readonly #options: CoordinatorOptions
  readonly #outcomes: Outcomes
  readonly #owned = new Map<string, Owned>()

  constructor(outcomes: Outcomes, options: CoordinatorOptions) {
    this.#outcomes = outcomes
    this.#options = options
  }

  /** Own transactions that are not over. */
  get size(): number {
    return this.#owned.size
  }

  /** When {@link tick} has something to do; Infinity when never. */
  get dueMs(): number {
    let due = Infinity
    for (const owned of this.#owned.values()) {
      if (owned.state === 'collecting') due = Math.min(due, owned.deadlineMs, owned.resendAtMs)
      if (owned.state === 'decided') due = Math.min(due, owned.resendAtMs)
    }
    return due
  }

  /** Begins. */
  propose(proposal: Proposal, nowMs: number): Effect[] {
    const { timeoutMs, participants } = proposal
    const missing = new Set(participants.map(({ name }) => name))
    const deadlineMs = nowMs + timeoutMs
    const resendAtMs = nowMs + this.#options.resendAfterMs
    this.#makeRoom()
    this.#set({ state: 'collecting', proposal, missing, deadlineMs, resendAtMs })
    return [prepareTo([...missing], proposal)]
  }

  /** A vote. The engine says who sent it; a life that was not asked cannot have it to give. */
  vote(
    given: { txid: Txid; hash: string; refusal?: Refusal | undefined },
    from: string,
    nowMs: number,
  ): Effect[] {
    const owned = this.#owned.get(txidText(given.txid))
    if (owned?.state !== 'collecting' || given.hash !== owned.proposal.hash) return []
    const { missing } = owned
    if (!missing.delete(from)) return []
    if (given.refusal) return this.#decide(owned.proposal, abort(given.refusal), nowMs)
    return missing.size === 0 ? this.#allSaidYes(owned.proposal, nowMs) : []
  }

  /** A participant has the decision. */
  ack(txid: Txid, from: string): Effect[] {
    const owned = this.#owned.get(txidText(txid))
    if (owned?.state !== 'decided') return []
    owned.unacknowledged.delete(from)
    return this.#settle(owned)
  }

  /** The caller no longer wants it, or it gives way. Once decided, nothing changes. */
  cancel(txid: Txid, refusal: Refusal, nowMs: number): Effect[] {
    const owned = this.#owned.get(txidText(txid))
    return owned?.state === 'collecting' ? this.#decide(owned.proposal, abort(refusal), nowMs) : []
  }

  /** This node stops. */
  cancelAll(nowMs: number): Effect[] {
    const refusal = {
      kind: 'gone',
      node: this.#options.self.name,
      reason: 'it was stopped',
    } as const
    return [...this.#owned.values()].flatMap(({ proposal }) =>
      this.cancel(proposal.txid, refusal, nowMs),
    )
  }

  /** The participants that have the decision. */
  acknowledged(txid: Txid): readonly string[] {
    const owned = this.#owned.get(txidText(txid))
    return owned?.state === 'decided' ? acknowledgedOf(owned) : []
  }

  /** That life left or is down, or its link is lost: it will not vote in time, and is not waited for. */
  memberGone(name: string, nowMs: number): Effect[] {
    return [...this.#owned.values()].flatMap((owned) => {
      if (!owned.proposal.participants.some((life) => life.name === name)) return []
      if (owned.state === 'collecting' && owned.missing.has(name)) {
        const refusal: Refusal = {
          kind: 'gone',
          node: name,
          reason: 'it left, or cannot be reached',
        }
        return this.#decide(owned.proposal, abort(refusal), nowMs)
      }
      if (owned.state !== 'decided') return []
      owned.away.add(name)
      return this.#settle(owned)
    })
  }

  /** It can be reached again: it is told what it may have missed. */
  memberBack(name: string): Effect[] {
    return [...this.#owned.values()].flatMap((owned) => {
      if (owned.state !== 'decided' || !owned.unacknowledged.has(name)) return []
      return [decisionTo([name], owned)]
    })
  }

  /** True while a transaction of this node may still go either way. */
  isUndecided(txid: Txid): boolean {
    const state = this.#owned.get(txidText(txid))?.state
    return state === 'collecting' || state === 'recording'
  }

  /** Deadlines, and what is sent again. */
  tick(nowMs: number): Effect[] {
    return [...this.#owned.values()].flatMap((owned) => {
      if (owned.state === 'recording') return []
      if (owned.state === 'collecting' && owned.deadlineMs <= nowMs)
        return this.#tooLate(owned, nowMs)
      if (owned.resendAtMs > nowMs) return []
      this.#set({ ...owned, resendAtMs: nowMs + this.#options.resendAfterMs })
      return owned.state === 'collecting'
        ? [prepareTo([...owned.missing], owned.proposal)]
        : [decisionTo([...owned.unacknowledged], owned)]
    })
  }

  #allSaidYes(proposal: Proposal, nowMs: number): Effect[] {
    const { txid } = proposal
    const outcome: Outcome = { type: 'commit', version: this.#options.stamp() }
    this.#set({ state: 'recording', proposal })
    const failed: Refusal = {
      kind: 'storage',
      node: this.#options.self.name,
      reason: 'the decision cannot be written',
    }
    return [
      {
        type: 'record',
        entry: { type: 'outcome', txid, outcome },
        then: (isDurable, laterMs) =>
          this.#decide(proposal, isDurable ? outcome : abort(failed), Math.max(nowMs, laterMs)),
      },
    ]
  }

  #tooLate({ proposal, missing }: Collecting, nowMs: number): Effect[] {
    const names = [...missing].slice(0, namedMax).join(', ')
    const reason = `no vote of ${names} within ${String(proposal.timeoutMs)} ms`
    const refusal: Refusal = { kind: 'timeout', node: [...missing][0] ?? '', reason }
    return this.#decide(proposal, abort(refusal), nowMs)
  }

  /** Once and for all. An abort need not be written: who knows nothing presumes it. */
  #decide(proposal: Proposal, outcome: Outcome, nowMs: number): Effect[] {
    const names = proposal.participants.map(({ name }) => name)
    const decided: Decided = {
      state: 'decided',
      proposal,
      outcome,
      unacknowledged: new Set(names),
      away: new Set(),
      isSettled: false,
      resendAtMs: nowMs + this.#options.resendAfterMs,
    }
    this.#set(decided)
    this.#outcomes.add(proposal.txid, outcome)
    const told: Effect[] = [{ type: 'decided', proposal, outcome }, decisionTo(names, decided)]
    const settled = this.#settle(decided)
    return settled.length === 0 ? told : [...told, ...settled]
  }

  #settle(decided: Decided): Effect[] {
    const { proposal, unacknowledged, away, isSettled } = decided
    if (unacknowledged.size === 0) this.#owned.delete(txidText(proposal.txid))
    if (isSettled || isAnyIn(unacknowledged, away)) return []
    if (unacknowledged.size > 0) this.#set({ ...decided, isSettled: true })
    return [{ type: 'settled', txid: proposal.txid, acknowledged: acknowledgedOf(decided) }]
  }

  /** What everybody who can be reached knows is the first to go: the others will ask. */
  #makeRoom(): void {
    if (this.#owned.size < this.#options.transactionsMax) return
    for (const [key, owned] of this.#owned) {
      if (owned.state !== 'decided' || !owned.isSettled) continue
      this.#owned.delete(key)
      return
    }
  }

  #set(owned: Owned): void {
    this.#owned.set(txidText(owned.proposal.txid), owned)
  }
}

/** Whether one of those that have not acknowledged can be reached. */
function isAnyIn(unacknowledged: ReadonlySet<string>, away: ReadonlySet<string>): boolean {
  for (const name of unacknowledged) if (!away.has(name)) return true
  return false
}

function acknowledgedOf({ proposal, unacknowledged }: Decided): readonly string[] {
  return proposal.participants.map(({ name }) => name).filter((name) => !unacknowledged.has(name))
}

function prepareTo(to: readonly string[], proposal: Proposal): Effect {
  return { type: 'send', to, message: { type: 'prepare', ...proposal } }
}

function decisionTo(to: readonly string[], { proposal, outcome }: Decided): Effect {
  const { txid, hash } = proposal
  return { type: 'send', to, message: { type: 'decision', txid, hash, outcome } }
}

function abort(refusal: Refusal): Outcome {
  return { type: 'abort', refusal }
}

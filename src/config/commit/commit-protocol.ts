/**
 * Runs the two machines of a commit: carries out what they want done, in order, brings them messages
 * and time, and keeps the promises of callers. Decides nothing itself.
 */
import { FoundationError, type Timer } from '../../kernel/index.ts'
import { Callers, type Decision } from './callers.ts'
import { Coordinator } from './coordinator.ts'
import { EffectQueue } from './effect-queue.ts'
import { isTidings, type Effect, type Tidings } from './effects.ts'
import type { Held } from './held-transactions.ts'
import type { CommitMessage } from './messages.ts'
import { Outcomes } from './outcomes.ts'
import { Participant } from './participant.ts'
import type { CommitProtocolDeps, CommitProtocolOptions } from './protocol-deps.ts'
import {
  type CommitEntry,
  type Outcome,
  type Proposal,
  type Refusal,
  type Txid,
  txidText,
} from './transaction.ts'

/** One a node. */
export class CommitProtocol {
  readonly outcomes: Outcomes
  readonly #deps: CommitProtocolDeps
  readonly #participant: Participant
  readonly #coordinator: Coordinator
  readonly #callers = new Callers()
  readonly #queue: EffectQueue
  #isStopped = false
  #timer: Timer | undefined
  #timerDueMs = Infinity
  #counter = 0

  constructor(deps: CommitProtocolDeps, options: CommitProtocolOptions) {
    this.#deps = deps
    this.outcomes = new Outcomes(options.outcomesMax)
    const { self, stamp } = deps
    this.#coordinator = new Coordinator(this.outcomes, { ...options, self, stamp })
    const isUndecided = (txid: Txid): boolean => this.#coordinator.isUndecided(txid)
    this.#participant = new Participant({ ...deps, isUndecided }, this.outcomes, options)
    this.#queue = new EffectQueue((effect) => {
      if (isTidings(effect)) this.#tell(effect)
      else this.#perform(effect)
    }, deps.failed)
  }

  /** Transactions this node has no outcome of. */
  held(): readonly Held[] {
    return this.#participant.held()
  }

  /** Own transactions that are not over. */
  get proposals(): number {
    return this.#coordinator.size
  }

  /** A yes of a former life. */
  restore(proposal: Proposal, incarnation: string): void {
    this.#participant.restore(proposal, incarnation, this.#nowMs())
    this.#run([])
  }

  /** Own transactions that can still be are aborted; no promise is left open, no timer set. */
  stop(): void {
    if (!this.#queue.isBusy) this.#run(this.#coordinator.cancelAll(this.#nowMs()))
    this.#isStopped = true
    this.#timer?.cancel()
    const error = new FoundationError('FND_NOT_RUNNING', 'Commit: the node was stopped')
    this.#callers.stop(error)
  }

  /** The next txid of this node. */
  nextTxid(): Txid {
    this.#counter += 1
    const { name, incarnation } = this.#deps.self
    return { coordinator: name, incarnation, counter: this.#counter }
  }

  /**
   * Puts a proposal to the vote; gives what was decided.
   *
   * @throws {FoundationError} (rejects) `FND_NOT_RUNNING`; `FND_TIMED_OUT` after twice its time.
   */
  propose(proposal: Proposal): Promise<Decision> {
    const nowMs = this.#nowMs()
    const decision = this.#callers.wait(proposal, nowMs)
    this.#run(this.#coordinator.propose(proposal, nowMs))
    return decision
  }

  /** Nobody waits for it any more; it is aborted unless it is decided. */
  cancel(txid: Txid, reason: string): void {
    const refusal: Refusal = { kind: 'cancelled', node: this.#deps.self.name, reason }
    this.#run(this.#coordinator.cancel(txid, refusal, this.#nowMs()))
  }

  /** A message of a peer, or of this node to itself. */
  receive(message: CommitMessage, from: string): void {
    this.#run(this.#effectsOf(message, from))
  }

  /** The outcome of a transaction has become known in another way: its record has come, or a person says so. */
  learn(txid: Txid, outcome: Outcome, from: string): void {
    this.#run(this.#participant.learn(txid, outcome, from))
  }

  /** The link to a member ended, or it is down. */
  memberGone(name: string): void {
    this.#participant.memberGone(name, this.#nowMs())
    this.#run(this.#coordinator.memberGone(name, this.#nowMs()))
  }

  /** There is a link to a member (again). */
  memberBack(name: string): void {
    this.#participant.memberBack(name, this.#nowMs())
    this.#run(this.#coordinator.memberBack(name))
  }

  #effectsOf(message: CommitMessage, from: string): readonly Effect[] {
    const { txid } = message
    switch (message.type) {
      case 'prepare':
        return this.#participant.prepare(message, from)
      case 'vote':
        return this.#coordinator.vote(message, from, this.#nowMs())
      case 'decision': {
        const ack: Effect = { type: 'send', to: [from], message: { type: 'ack', txid } }
        return [...this.#participant.learn(txid, message.outcome, from), ack]
      }
      case 'ack':
        return this.#coordinator.ack(txid, from)
      case 'inquiry':
        return this.#participant.inquiry(txid, message.incarnation, from)
      case 'answer':
        return message.outcome ? this.#participant.learn(txid, message.outcome, from) : []
    }
  }

  #run(effects: readonly Effect[]): void {
    if (this.#isStopped || !this.#queue.run(effects)) return
    // A caller may have stopped the node meanwhile.
    if (!(this.#isStopped as boolean)) this.#setTimer()
  }

  #perform(effect: Exclude<Effect, Tidings>): void {
    switch (effect.type) {
      case 'send':
        this.#send(effect.to, effect.message)
        return
      case 'check':
        this.#check(effect.txid, effect.entries)
        return
      case 'record':
        this.#record(effect)
        return
      case 'apply':
        this.#deps.apply(effect.proposal, effect.outcome.version)
        return
      case 'give-way':
        this.#giveWay(effect.txid, effect.to)
        return
    }
  }

  #tell(effect: Tidings): void {
    switch (effect.type) {
      case 'asked':
        this.#deps.part?.asked(effect.proposal)
        return
      case 'ended':
        this.#deps.part?.ended(effect.txid, effect.outcome.type)
        return
      case 'in-doubt':
        this.#deps.inDoubt(effect.proposal)
        return
      case 'contradiction':
        this.#deps.contradicted(effect)
        return
      case 'decided':
        this.#callers.decided(effect.proposal.txid, effect.outcome)
        return
      case 'settled':
        this.#callers.settled(effect.txid, effect.acknowledged)
    }
  }

  /** A message of this node to itself does not travel. */
  #send(to: readonly string[], message: CommitMessage): void {
    const { self, send, part } = this.#deps
    if (message.type === 'vote') part?.voted(message.txid, message.refusal)
    const others = to.filter((name) => name !== self.name)
    if (others.length > 0) send(others, message)
    if (others.length === to.length) return
    if (others.length > 0 && isWork(message)) this.#receiveLater(message)
    else this.#queue.add(this.#effectsOf(message, self.name))
  }

  /** Once it is on its way to the others: they work on it at the same time. */
  #receiveLater(message: CommitMessage): void {
    const { self, host } = this.#deps
    host.defer(() => {
      this.receive(message, self.name)
    })
  }

  /** Where no validator has a say, the vote does not wait for a turn. */
  #check(txid: Txid, entries: readonly CommitEntry[]): void {
    if (this.#deps.isConcerned(entries)) void this.#ask(txid, entries)
    else this.#queue.add(this.#participant.checked(txid, undefined))
  }

  async #ask(txid: Txid, entries: readonly CommitEntry[]): Promise<void> {
    const { part, validate } = this.#deps
    const problem = await (part ? part.within(txid, () => validate(entries)) : validate(entries))
    this.#run(this.#participant.checked(txid, problem))
  }

  #record({ entry, then }: Extract<Effect, { type: 'record' }>): void {
    const { record } = this.#deps
    if (!record) {
      this.#queue.add(then(true, this.#nowMs()))
      return
    }
    void record(entry).then((isDurable) => {
      this.#run(then(isDurable, this.#nowMs()))
    })
  }

  #giveWay(txid: Txid, to: Txid): void {
    const reason = `it gave way to transaction ${txidText(to)} of ${to.coordinator}`
    const refusal: Refusal = { kind: 'conflict', node: this.#deps.self.name, reason }
    this.#queue.add(this.#coordinator.cancel(txid, refusal, this.#nowMs()))
  }

  /** Most that it would be set for is over long before it is due: it is only ever set earlier. */
  #setTimer(): void {
    const { dueMs: callersMs } = this.#callers
    const dueMs = Math.min(this.#participant.dueMs, this.#coordinator.dueMs, callersMs)
    if (dueMs >= this.#timerDueMs) return
    this.#timer?.cancel()
    this.#timerDueMs = dueMs
    this.#timer = this.#deps.host.after(Math.max(0, dueMs - this.#nowMs()), () => {
      this.#timerDueMs = Infinity
      this.#tick(this.#nowMs())
    })
  }

  #tick(nowMs: number): void {
    this.#callers.tick(nowMs, (txid) => this.#coordinator.acknowledged(txid))
    this.#run([...this.#participant.tick(nowMs), ...this.#coordinator.tick(nowMs)])
  }

  #nowMs(): number {
    return this.#deps.host.nowMs()
  }
}

/** What a member has to do something for: check values, or apply them. */
function isWork(message: CommitMessage): boolean {
  if (message.type === 'decision') return message.outcome.type === 'commit'
  return message.type === 'prepare'
}

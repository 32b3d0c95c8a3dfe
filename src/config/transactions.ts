/**
 * The transactions of a node as callers and operators see them: commits, what is in doubt, and what a
 * person decides.
 */
import {
  checkWord,
  FoundationError,
  invalid,
  runInTrace,
  type WaitOptions,
} from '../kernel/index.ts'
import type { VersionBase } from '../replication/index.ts'
import { CommitProtocol } from './commit/commit-protocol.ts'
import { commitReaders, encodeCommit } from './commit/messages.ts'
import type { Held } from './commit/held-transactions.ts'
import { txidOf, txidText, type Outcome, type Proposal, type Txid } from './commit/transaction.ts'
import { Commits, type Commit } from './commits.ts'
import { CommitParts, traceOf } from './commit-parts.ts'
import type { ConfigDeps } from './config-deps.ts'
import type { ConfigTelemetry } from './config-telemetry.ts'
import type { Transaction } from './news.ts'
import type { ConfigOptions } from './options.ts'
import { pathText, type ConfigPath } from './record/path.ts'
import type { Persistence } from './persistence.ts'
import type { QuorumRoster } from './quorum-roster.ts'
import type { Settings } from './settings.ts'
import type { Voting } from './voting.ts'

/** What transactions talk to beside the node. */
export interface TransactionsDeps extends ConfigDeps {
  readonly measures: ConfigTelemetry
  readonly settings: Settings
  readonly voting: Voting
  readonly roster: QuorumRoster
  readonly persistence: Persistence | undefined
}

/** One a node. */
export class Transactions {
  readonly protocol: CommitProtocol
  readonly #deps: TransactionsDeps
  readonly #commits: Commits
  readonly #parts: CommitParts

  constructor(deps: TransactionsDeps, options: ConfigOptions) {
    this.#deps = deps
    const { host, settings, voting, roster, payloadMaxBytes, measures: telemetry } = deps
    this.#parts = new CommitParts(deps.telemetry)
    this.protocol = this.#protocolWith(options)
    this.#commits = new Commits(
      {
        host,
        telemetry,
        settings,
        payloadMaxBytes,
        protocol: this.protocol,
        participants: () => voting.voters(),
        quorum: () => roster.quorum(host.nowMs()),
      },
      options,
    )
    for (const { code, read } of commitReaders) {
      deps.router.handle(code, (body, { from }) => {
        this.protocol.receive(read(body), from)
      })
    }
  }

  /** Commits of this node that are not decided are aborted; nothing is followed any further. */
  stop(): void {
    this.protocol.stop()
    this.#parts.stop()
  }

  /** See `Config.commit`. */
  commit(
    changes: ConfigPath | Readonly<Record<string, unknown>>,
    value: unknown,
    options: WaitOptions,
  ): Promise<Commit> {
    return this.#commits.commit(changesOf(changes, value), options)
  }

  /** See `Config.inDoubt`. */
  inDoubt(): Transaction[] {
    const doubtful = this.protocol.held().filter(({ state }) => state === 'in-doubt')
    return doubtful.map(({ proposal }) => transactionOf(proposal))
  }

  /** See `Config.resolve`. */
  resolve(txid: string, word: 'commit' | 'abort'): void {
    checkWord('outcome of resolve', word, ['commit', 'abort'])
    const held = this.#heldYes(txid)
    if (!held) throw invalid('txid', 'expected one of inDoubt()', txid)
    const { proposal } = held
    const outcome = word === 'commit' ? this.#committed() : this.#abortedByHand()
    this.protocol.learn(proposal.txid, outcome, this.#deps.self.name)
    // The values that stay get new versions: should somebody have applied the others, these win.
    if (word === 'abort') {
      for (const { path } of proposal.entries) this.#deps.settings.affirm(path)
    }
    const answer = encodeCommit({ type: 'answer', txid: proposal.txid, outcome })
    for (const peer of this.#deps.peers()) this.#deps.router.send(peer, 'control', answer)
  }

  /** The record of a transaction tells that it was committed, also one this node had no vote in. */
  learnFrom(text: string, { wallMs, counter, writer }: VersionBase): void {
    // It is this node that applies it.
    if (this.protocol.outcomes.ofText(text)?.type === 'commit') return
    const txid = txidOf(text)
    if (!txid) return
    this.protocol.learn(txid, { type: 'commit', version: { wallMs, counter, writer } }, writer)
  }

  #protocolWith(options: ConfigOptions): CommitProtocol {
    const { host, self, peers, router, clock, settings, voting, persistence } = this.#deps
    return new CommitProtocol(
      {
        host,
        self,
        peers,
        stamp: () => ({ ...clock.now(), writer: self.name }),
        objection: (proposal) => voting.objection(proposal),
        isConcerned: (entries) => voting.isConcerned(entries),
        validate: (entries) => voting.validate(entries),
        remembers: (incarnation) =>
          incarnation === self.incarnation || persistence?.remembers(incarnation) === true,
        send: (to, message) => {
          const payload = encodeCommit(message)
          for (const name of to) router.send(name, 'control', payload)
        },
        apply: (proposal, version) => {
          // Subscribers of the settings run in the trace of the commit.
          runInTrace(traceOf(proposal), () => {
            settings.apply(proposal, version)
          })
          if (spreaderOf(proposal) === self.name) settings.spread(proposal)
        },
        part: this.#parts,
        record: persistence && ((entry) => persistence.record(entry)),
        inDoubt: (proposal) => {
          this.#deps.news({ type: 'config-in-doubt', ...transactionOf(proposal) })
        },
        contradicted: this.#contradicted,
        failed: (error, { type }) => {
          this.#deps.log.error({ error, effect: type }, 'a step of a commit failed; this is a bug')
        },
      },
      options,
    )
  }

  #heldYes(txid: string): Held | undefined {
    return this.protocol
      .held()
      .find(
        ({ proposal, state }) =>
          txidText(proposal.txid) === txid && (state === 'prepared' || state === 'in-doubt'),
      )
  }

  #committed(): Outcome {
    const { clock, self } = this.#deps
    return { type: 'commit', version: { ...clock.now(), writer: self.name } }
  }

  #abortedByHand(): Outcome {
    const reason = 'a person decided so'
    return { type: 'abort', refusal: { kind: 'operator', node: this.#deps.self.name, reason } }
  }

  readonly #contradicted = (news: {
    held: Outcome
    other: Outcome
    from: string
    txid: Txid
  }): void => {
    const txid = txidText(news.txid)
    const message =
      `Transaction ${txid}: "${news.held.type}" stands here, and ${news.from} says ` +
      `"${news.other.type}"; the later version of each setting stays on every node`
    const error = new FoundationError('FND_CONFIG_CONFLICT', message, { details: { txid } })
    this.#deps.log.warn({ error }, 'a transaction was decided twice')
    this.#deps.news({ type: 'trouble', error })
  }
}

/** @throws {FoundationError} `FND_OPTION_INVALID` */
function changesOf(
  given: ConfigPath | Readonly<Record<string, unknown>>,
  value: unknown,
): ReadonlyMap<string, unknown> {
  if (typeof given === 'string' || Array.isArray(given)) {
    return new Map([[pathText(given as ConfigPath), value]])
  }
  // A caller without types may give anything.
  const record: unknown = given
  if (typeof record !== 'object' || record === null) {
    throw invalid('changes', 'expected a path with its value, or values by path', record)
  }
  const changes = new Map(Object.entries(record).map(([path, each]) => [pathText(path), each]))
  if (changes.size > 0) return changes
  throw invalid('changes', 'expected at least one setting', given)
}

/** Who sends committed records to those that had no vote. */
function spreaderOf({ txid, participants }: Proposal): string | undefined {
  const isIn = participants.some(({ name }) => name === txid.coordinator)
  return isIn ? txid.coordinator : participants[0]?.name
}

function transactionOf({ txid, participants, entries }: Proposal): Transaction {
  return {
    txid: txidText(txid),
    coordinator: txid.coordinator,
    participants: participants.map(({ name }) => name),
    changes: Object.fromEntries(entries.map(({ path, value }) => [path, value])),
  }
}

/**
 * Config 2.0: the settings of the cluster, with two verbs. `set`: the last writer wins, every node
 * that can be reached converges. `commit`: all members accept a change before any applies it. Reading
 * never asks anybody.
 */
import {
  checkGiven,
  FoundationError,
  invalid,
  waitChecks,
  type Lifecycle,
  type LifecycleState,
  type WaitOptions,
} from '../kernel/index.ts'
import { observerRole, type Member } from '../membership/index.ts'
import type { StandardSchema } from '../pubsub/index.ts'
import type { Version } from '../replication/index.ts'
import type { Commit } from './commits.ts'
import type { ConfigDeps } from './config-deps.ts'
import { ConfigParts } from './config-parts.ts'
import type { HistoryEntry } from './history.ts'
import type { JournalStats } from './journal/journal.ts'
import type { Transaction } from './news.ts'
import type { ConfigOptions } from './options.ts'
import { copied } from './record/carriable.ts'
import { pathText, type ConfigPath } from './record/path.ts'
import type { ConfigHandler, ConfigSubscription } from './subscriptions.ts'
import type { Validator } from './validators.ts'

/** Plain figures, for `status()`. */
export interface ConfigStats {
  /** Settings of the cluster. */
  readonly settings: number
  readonly subscriptions: number
  /** Transactions of this node that somebody has not acknowledged. */
  readonly proposals: number
  /** Transactions this node has no outcome of, and those of them it said yes to long ago. */
  readonly undecided: number
  readonly inDoubt: number
  /** Committed values that lost against others. */
  readonly conflicts: number
  /** Absent without a file. */
  readonly file?: JournalStats
}

/** One a node. */
export class Config implements Lifecycle {
  readonly #deps: ConfigDeps
  readonly #parts: ConfigParts
  #state: LifecycleState = 'idle'

  constructor(deps: ConfigDeps, options: ConfigOptions) {
    this.#deps = deps
    this.#parts = new ConfigParts(deps, options, () => this.#state === 'running')
  }

  /** @throws {FoundationError} `FND_CONFIG_FILE` */
  async start(): Promise<void> {
    if (this.#state !== 'idle') return
    await this.#parts.persistence?.start()
    this.#state = 'running'
  }

  /** Commits of this node that are not decided are aborted. */
  async stop(): Promise<void> {
    if (this.#state === 'stopped') return
    this.#state = 'stopped'
    this.#parts.transactions.stop()
    this.#parts.settings.stop()
    this.#parts.subscriptions.clear()
    await this.#parts.persistence?.stop()
  }

  /**
   * A setting as this node knows it: that of the cluster, else the application's own, else `fallback`.
   * Read-only. `T` is the caller's word, not checked.
   *
   * @throws {FoundationError} `FND_OPTION_INVALID`: not a path.
   */
  get<T = unknown>(path: ConfigPath, fallback?: T): T {
    return (this.#parts.settings.get(pathText(path)) ?? fallback) as T
  }

  /** All settings, or those below a path, as one object. Read-only. */
  all(prefix?: ConfigPath): Readonly<Record<string, unknown>> {
    const tree = prefix === undefined ? this.#parts.settings.tree : this.get(prefix, {})
    return tree as Readonly<Record<string, unknown>>
  }

  /** The version of a setting; undefined while it is the application's own, or absent. */
  version(path: ConfigPath): Version | undefined {
    return this.#parts.settings.versionOf(pathText(path))
  }

  /**
   * Sets a value here, and soon on every node: the last writer wins. Checked by the validators of this
   * node only. `undefined` deletes: the application's own value shows again.
   *
   * @param value anything the codec carries.
   * @throws {FoundationError} (rejects) `FND_CONFIG_REFUSED`, `FND_OPTION_INVALID`,
   *   `FND_MESSAGE_INVALID`, `FND_LIMIT_REACHED`, `FND_NOT_RUNNING`
   */
  async set(path: ConfigPath, value: unknown): Promise<Version> {
    this.#requireRunning('set()')
    const key = pathText(path)
    return this.#parts.measures.set(key, () => this.#set(key, value))
  }

  async #set(key: string, given: unknown): Promise<Version> {
    // What is validated is what is set, whatever the caller does with its own meanwhile.
    const value = given === undefined ? undefined : copied(key, given)
    const problem = await this.#parts.voting.validate([{ path: key, value }])
    if (problem) {
      const details = { kind: problem.kind, node: this.#deps.self.name, reason: problem.reason }
      const message = `Setting "${key}" refused: ${problem.reason}`
      throw new FoundationError('FND_CONFIG_REFUSED', message, { details })
    }
    this.#requireRunning('set()')
    return this.#parts.settings.set(key, value)
  }

  /**
   * Changes settings on all members or on none: every member validates before anybody applies. It
   * resolves when all that can be reached have applied it. Nothing is promised of the moment: readers
   * on different nodes may see old and new side by side for the time of a message.
   *
   * @param changes a path, with its value as the second argument, or values by path.
   * @throws {FoundationError} (rejects) `FND_CONFIG_REFUSED` with `details.node` and `details.reason`;
   *   `FND_CONFIG_CONFLICT`, `FND_CONFIG_ABORTED`, `FND_CONFIG_IN_DOUBT`, `FND_NO_QUORUM`: nothing was
   *   changed, it may be tried again; `FND_TIMED_OUT`: the outcome is not known here yet; and as `set`.
   *   An abort of the signal before the decision rejects with its reason.
   */
  async commit(
    changes: ConfigPath | Readonly<Record<string, unknown>>,
    value?: unknown,
    options: WaitOptions = {},
  ): Promise<Commit> {
    checkGiven(waitChecks, options, 'commit')
    this.#requireRunning('commit()')
    return this.#parts.transactions.commit(changes, value, options)
  }

  /**
   * Has a say in every change of matching settings, by `set` on this node and by `commit` anywhere.
   *
   * @param pattern a path, or tokens with `*` for one and a last `>` for one or more.
   * @param validator throws to refuse, the message is the reason; or a Standard Schema. It must change
   *   nothing: it may run for a change that is refused elsewhere.
   * @returns takes it back.
   */
  validate(pattern: ConfigPath, validator: Validator | StandardSchema): () => void {
    const given = validator as Partial<StandardSchema> | null | undefined
    const isSchema = typeof given?.['~standard'] === 'object'
    if (typeof validator === 'function' || isSchema) {
      return this.#parts.validators.add(pattern, validator)
    }
    throw invalid('validator', 'expected a function or a Standard Schema', validator)
  }

  /**
   * Calls `handler` with each change from now on: of a path when its value has changed, of a pattern
   * for every setting that was written and matches. It runs once the change is applied here.
   */
  subscribe(pattern: ConfigPath, handler: ConfigHandler): ConfigSubscription {
    if (typeof handler === 'function') return this.#parts.subscriptions.add(pattern, handler)
    throw invalid('handler', 'expected a function', handler)
  }

  /** Transactions this node said yes to and whose outcome it cannot learn. Their old values stay. */
  inDoubt(): Transaction[] {
    return this.#parts.transactions.inDoubt()
  }

  /**
   * A person decides a transaction that is in doubt, for the whole cluster: the word is spread, and
   * stands against any other that comes later.
   *
   * @throws {FoundationError} `FND_OPTION_INVALID`: no such transaction is undecided here, or no such outcome.
   */
  resolve(txid: string, outcome: 'commit' | 'abort'): void {
    this.#parts.transactions.resolve(txid, outcome)
  }

  /** What a setting was on this node since it started, oldest first, and what lost against it. */
  history(path: ConfigPath): HistoryEntry[] {
    return this.#parts.history.of(pathText(path))
  }

  /** Resolves when this node holds the settings of a linked member, or has none. */
  synced(options?: WaitOptions): Promise<void> {
    return this.#parts.space.synced(options)
  }

  /** Equal on nodes with the same settings; undefined when nothing is set. */
  digest(): string | undefined {
    return this.#parts.settings.digest()
  }

  stats(): ConfigStats {
    const held = this.#parts.transactions.protocol.held()
    return {
      settings: this.#parts.settings.size,
      subscriptions: this.#parts.subscriptions.size,
      proposals: this.#parts.transactions.protocol.proposals,
      undecided: held.length,
      inDoubt: held.filter(({ state }) => state === 'in-doubt').length,
      conflicts: this.#parts.conflicts.count,
      ...(this.#parts.persistence && { file: this.#parts.persistence.stats() }),
    }
  }

  /** The node calls this when a link is up. */
  linkUp(peer: { readonly name: string }): void {
    const { conflicts, measures, settings, space, transactions } = this.#parts
    transactions.protocol.memberBack(peer.name)
    conflicts.linkUp(peer.name)
    void measures.linkUp(space, () => settings.size)
  }

  /** The node calls this when a link has ended. */
  linkDown(name: string): void {
    this.#parts.transactions.protocol.memberGone(name)
  }

  memberUp({ name, roles }: Pick<Member, 'name' | 'roles'>): void {
    if (!roles.includes(observerRole)) this.#parts.roster.up(name)
  }

  memberDown(name: string): void {
    this.#parts.roster.down(name, this.#deps.host.nowMs())
    this.#parts.transactions.protocol.memberGone(name)
  }

  memberLeft(name: string): void {
    this.#parts.roster.left(name)
    this.#parts.transactions.protocol.memberGone(name)
  }

  #requireRunning(what: string): void {
    if (this.#state === 'running') return
    throw new FoundationError('FND_NOT_RUNNING', `config.${what}: this node is ${this.#state}`)
  }
}

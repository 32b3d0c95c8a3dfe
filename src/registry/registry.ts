/**
 * The registry: names across nodes, the services behind them, groups, and shared metadata. What users
 * call; the rules are those of `names/`, `service/` and `groups.ts`.
 */
import {
  checkFunction,
  invalid,
  type Host,
  type Lifecycle,
  type Log,
  type Telemetry,
  type WaitOptions,
} from '../kernel/index.ts'
import type { MapSpace, OwnerLog } from '../replication/index.ts'
import { checkCallOptions, type CallOptions, type Rpc } from '../rpc/index.ts'
import type { Router } from '../transport/index.ts'
import {
  checkFilter,
  checkJoinOptions,
  checkLookup,
  checkName,
  checkRegisterOptions,
  checkService,
  type JoinOptions,
  type LookupAfter,
  type LookupOptions,
} from './arguments.ts'
import { measured } from './claim-telemetry.ts'
import { Groups, type DispatchOutcome, type GroupMember, type GroupMembership } from './groups.ts'
import { registryMeta, type RegistryMeta } from './shared-meta.ts'
import { matches, type NameFilter, type NameListener } from './names/name-events.ts'
import { Names, type NameConflict, type NamesStats } from './names/names.ts'
import type { AdoptedName, Adoption } from './names/adopted-names.ts'
import { checkMeta } from './names/meta.ts'
import { entryOf, type Entry } from './names/record.ts'
import type { RegisterOptions, Registration, Token } from './names/registration.ts'
import type { RegistryOptions } from './options.ts'
import type { Locator, Whereabouts } from './service/call-lane.ts'
import type { Remote } from './service/remote.ts'
import type { ServiceCalls } from './service/service-calls.ts'
import type { ServiceHost } from './service/service-host.ts'
import { StateTransfer } from './state-transfer.ts'

/** What the registry talks to. */
export interface RegistryDeps {
  readonly router: Pick<Router, 'handle' | 'send'>
  readonly rpc: Pick<Rpc, 'call' | 'handle'>
  readonly host: Host
  readonly log: Log
  readonly telemetry: Telemetry
  readonly ownerLog: OwnerLog
  /** Its own part of the versioned map. */
  readonly meta: MapSpace
  readonly services: ServiceHost
  readonly calls: ServiceCalls
  readonly self: {
    readonly name: string
    readonly incarnation: string
    readonly isObserver: boolean
  }
  /** Two owners of one name have met. */
  readonly conflict: (conflict: NameConflict) => void
}

/** Figures, for `status()`. */
export interface RegistryStats extends NamesStats {
  /** Groups with a member. */
  readonly groups: number
}

/** One a node. */
export class Registry implements Lifecycle, Locator {
  /** Values of the registry as a whole, known to every node. */
  readonly meta: RegistryMeta
  readonly #deps: RegistryDeps
  readonly #options: RegistryOptions
  readonly #names: Names
  readonly #groups: Groups
  readonly #states: StateTransfer
  #elsewhere: Locator | undefined

  constructor(deps: RegistryDeps, options: RegistryOptions) {
    this.#deps = deps
    this.#options = options
    this.#states = new StateTransfer(deps, {
      timeoutMs: options.conflictGraceMs,
      ownOf: (name) => this.#names.owned.get(name),
    })
    const sendState = this.#states.send.bind(this.#states)
    this.#names = new Names({ ...deps, sendState, childAt: this.#childAt }, options)
    this.#groups = new Groups(deps, options)
    this.meta = registryMeta(deps.meta, this.#names.assertNotStopped)
  }

  start(): void {
    this.#names.start()
    this.#groups.start()
    this.#states.start()
  }

  stop(): void {
    this.#states.stop()
    this.#groups.stop()
    this.#names.stop()
  }

  /**
   * Claims a name in the whole cluster for a service of this node, and serves it to every node. In a
   * connected cluster exactly one of concurrent registrations wins. When the promise resolves, this
   * node knows the name; who gets `registration.token` may wait for it anywhere.
   *
   * @param name up to 255 bytes, without control characters.
   * @param service an object whose methods other nodes may call; without one the name is only a name.
   * @throws {FoundationError} `FND_NAME_TAKEN` (`details.node` has it), `FND_TIMED_OUT`,
   *   `FND_LIMIT_REACHED`, `FND_OPTION_INVALID`, `FND_MESSAGE_INVALID` and `FND_MESSAGE_TOO_LARGE`
   *   for the metadata, `FND_NOT_RUNNING`. An abort rejects with `signal.reason`.
   */
  async register<M = undefined>(
    name: string,
    service?: object,
    options: RegisterOptions<M> = {},
  ): Promise<Registration<M>> {
    checkName('name', name)
    checkService(service)
    checkRegisterOptions(options)
    checkMeta(options.meta, this.#options.metaMaxBytes)
    const wanted = { name, service, options: options as RegisterOptions }
    return (await measured(this.#deps, name, () => this.#names.register(wanted))) as Registration<M>
  }

  /**
   * Who has the name, as far as this node knows: a read of a Map. With `after` the answer waits until
   * everything that token stands for is here.
   *
   * @throws {FoundationError} `FND_OPTION_INVALID`; with `after` it rejects with `FND_TIMED_OUT`,
   *   `FND_LIMIT_REACHED`, `FND_NOT_RUNNING`, or the reason of the signal.
   */
  lookup(name: string, options: LookupAfter): Promise<Entry | undefined>
  lookup(name: string, options?: LookupOptions): Entry | undefined
  lookup(name: string, options?: LookupOptions): Entry | undefined | Promise<Entry | undefined> {
    if (typeof name !== 'string') throw invalid('name', 'expected a string', name)
    checkLookup(options)
    if (options?.after) return this.#lookupAfter(name, options.after, options)
    const held = this.#names.table.get(name)
    return held && entryOf(held)
  }

  /**
   * The service behind a name, wherever it is at each call.
   *
   * @param options deadline and signal of each of its calls.
   */
  get<T>(name: string, options: CallOptions = {}): Remote<T> {
    checkName('name', name)
    checkCallOptions(options, 'get')
    return this.#deps.calls.remote<T>(name, this, options)
  }

  /** The entries that pass the filter. */
  select(filter: NameFilter = {}): Entry[] {
    checkFilter(filter, 'select')
    const entries: Entry[] = []
    for (const entry of this.#names.entries(filter.node)) {
      if (matches(filter, entry)) entries.push(entry)
    }
    return entries
  }

  /** How many there are: without going through them when the filter is a node, or nothing. */
  count(filter: NameFilter = {}): number {
    checkFilter(filter, 'count')
    const { prefix, node, where } = filter
    if (prefix !== undefined || where) return this.select(filter).length
    const { table } = this.#names
    return node === undefined ? table.size : table.sizeOf(node)
  }

  /** The names a node has. */
  keysOn(nodeName: string): string[] {
    return [...this.#names.entries(nodeName)].map(({ name }) => name)
  }

  /** Calls `listener` for what happens to names from now on, until the returned function is called. */
  watch(listener: NameListener): () => void
  watch(filter: NameFilter, listener: NameListener): () => void
  watch(first: NameFilter | NameListener, second?: NameListener): () => void {
    const [filter, listener] = typeof first === 'function' ? [{}, first] : [first, second]
    checkFilter(filter, 'watch')
    checkFunction('watch listener', listener)
    return this.#names.watch(filter, listener as NameListener)
  }

  /**
   * Joins a group: a name any number of services may have.
   *
   * @throws {FoundationError} `FND_OPTION_INVALID`, `FND_LIMIT_REACHED`, `FND_MESSAGE_INVALID`,
   *   `FND_NOT_RUNNING`
   */
  join(group: string, service?: object, options: JoinOptions = {}): GroupMembership {
    checkName('group', group)
    checkService(service)
    checkJoinOptions(options)
    this.#names.assertNotStopped(`join() of "${group}"`)
    return this.#groups.join(group, service, options.meta)
  }

  /** The members of a group: this node's first. */
  members(group: string): GroupMember[] {
    return this.#groups.members(group)
  }

  /**
   * Calls `work` once for each member of a group, all at the same time.
   *
   * @returns one outcome for each member. One member's failure is not the others'.
   */
  async dispatch<T, R = unknown>(
    group: string,
    work: (service: Remote<T>, member: GroupMember) => R | Promise<R>,
  ): Promise<DispatchOutcome<R>[]> {
    checkFunction('work of dispatch', work)
    return this.#groups.dispatch(group, work)
  }

  /** See {@link Locator}. */
  locate(name: string): Whereabouts {
    const held = this.#names.table.get(name)
    return held ? { node: held.log.owner } : this.#elsewhere?.locate(name)
  }

  /** See {@link Locator}. */
  onMoved(name: string, listener: () => void): () => void {
    const forgetName = this.#names.watchers.onMoved(name, listener)
    const forgetElsewhere = this.#elsewhere?.onMoved(name, listener)
    return () => {
      forgetName()
      forgetElsewhere?.()
    }
  }

  /**
   * Names nobody has at the moment are looked for there as well: the supervisor knows which of them are
   * children on their way, whose calls wait.
   */
  deferTo(locator: Locator): void {
    this.#elsewhere = locator
  }

  /** For the home of a child: the node that has, or is about to have, the id as a plain name. */
  claimantOf(name: string): string | undefined {
    return this.#names.claimantOf(name)
  }

  /** The member that decides about a key in the present view; the home of a child of that id. */
  homeOf(key: string): string {
    return this.#names.arbiterOf(key)
  }

  /**
   * For the supervisor: this node has a name, decided elsewhere. It is nobody's to claim meanwhile; who
   * has it as a plain name, since a split, loses it.
   *
   * @throws {FoundationError} `FND_LIMIT_REACHED`
   */
  adopt(name: string, adoption: Adoption): AdoptedName {
    return this.#names.adopt(name, adoption)
  }

  /** The node calls these, after the owner log was told. */
  memberUp(member: { name: string; incarnation: string; isObserver: boolean }): void {
    this.#names.memberUp(member)
  }

  memberDown(name: string, incarnation: string): void {
    this.#names.memberDown(name, incarnation)
  }

  linkUp(peer: string): void {
    this.#names.linkUp(peer)
  }

  stats(): RegistryStats {
    return { ...this.#names.stats(), groups: this.#groups.size }
  }

  /** The node of a child of that id; this one, its home, when it has none yet. */
  readonly #childAt = (name: string): string | undefined => {
    const place = this.#elsewhere?.locate(name)
    return place === 'pending' ? this.#deps.self.name : place?.node
  }

  async #lookupAfter(
    name: string,
    after: Token,
    { timeoutMs = this.#options.registerTimeoutMs, signal }: WaitOptions,
  ): Promise<Entry | undefined> {
    await this.#names.reached(after, { timeoutMs, ...(signal && { signal }) })
    return this.lookup(name)
  }
}

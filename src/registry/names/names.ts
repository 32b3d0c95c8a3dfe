/**
 * Names across nodes. A name has one owner: in a connected cluster the claims for it are decided, one
 * after the other, by its arbiter. Every node knows all names; looking one up is a read of a Map.
 *
 * On both sides of a partition a name may get an owner. When the sides meet, every node computes the
 * same winner, and the loser's node takes the name back by itself.
 */
import {
  FoundationError,
  type Host,
  type Lifecycle,
  type Log,
  type Telemetry,
  type WaitOptions,
} from '../../kernel/index.ts'
import type { HeldEntry, LogChange, OwnerLog } from '../../replication/index.ts'
import type { Router } from '../../transport/index.ts'
import type { RegistryOptions } from '../options.ts'
import { AdoptedNames, type AdoptedName, type Adoption } from './adopted-names.ts'
import { Arbitration, type ArbitrationDeps, type ArbitrationStats } from './arbitration.ts'
import {
  eventOf,
  isMove,
  NameWatchers,
  type NameCause,
  type NameFilter,
  type NameListener,
} from './name-events.ts'
import { NameTable, type NameChange } from './name-table.ts'
import { OwnedNames, type OwnedNamesDeps, type ServicePort, type Wanted } from './owned-names.ts'
import { entryOf, isNameValue, recordOf, type Entry } from './record.ts'
import { namesSpace, type OwnName, type Token } from './registration.ts'

/** What names talk to. */
export interface NamesDeps {
  readonly router: Pick<Router, 'handle' | 'send'>
  readonly host: Host
  readonly log: Log
  readonly telemetry: Telemetry
  readonly ownerLog: Pick<
    OwnerLog,
    | 'put'
    | 'delete'
    | 'watch'
    | 'entries'
    | 'isKnown'
    | 'sequence'
    | 'hasReached'
    | 'reached'
    | 'onProgress'
    | 'acknowledged'
    | 'heldBy'
    | 'fence'
    | 'tellNow'
  >
  readonly self: {
    readonly name: string
    readonly incarnation: string
    readonly isObserver: boolean
  }
  readonly services: ServicePort
  readonly childAt: ArbitrationDeps['childAt']
  readonly sendState: OwnedNamesDeps['sendState']
  /** Two owners of one name have met. */
  readonly conflict: (conflict: NameConflict) => void
}

/** Two owners of one name have met. */
export interface NameConflict {
  readonly name: string
  readonly winner: Entry
  readonly loser: Entry
}

/** Figures, for `status()`. */
export interface NamesStats extends ArbitrationStats {
  /** Names somebody owns. */
  readonly names: number
}

/** One a node. */
export class Names implements Lifecycle {
  readonly table: NameTable = new NameTable()
  readonly owned: OwnedNames
  readonly watchers: NameWatchers
  readonly #adopted: AdoptedNames
  readonly #deps: NamesDeps
  readonly #arbitration: Arbitration
  #state: 'idle' | 'running' | 'stopped' = 'idle'
  #unwatch: () => void = () => undefined

  constructor(deps: NamesDeps, options: RegistryOptions) {
    this.#deps = deps
    const { table } = this
    this.watchers = new NameWatchers(deps.log)
    const progressed = (): void => {
      this.owned.judgeDisputed()
    }
    this.#arbitration = new Arbitration({ ...deps, table, progressed }, options)
    const { claims } = this.#arbitration
    const view = (): Arbitration['view'] => this.#arbitration.view
    const release = this.#arbitration.release.bind(this.#arbitration)
    this.owned = new OwnedNames({ ...deps, table, view, release, claims }, options)
    this.#adopted = new AdoptedNames({ ownerLog: deps.ownerLog })
  }

  start(): void {
    if (this.#state !== 'idle') return
    this.#state = 'running'
    this.#unwatch = this.#deps.ownerLog.watch(namesSpace, (change) => {
      this.#learn(change)
    })
    this.#deps.ownerLog.onProgress(() => {
      if (this.#state === 'running') this.#arbitration.progress()
    })
    this.#arbitration.start()
  }

  stop(): void {
    if (this.#state === 'stopped') return
    this.#state = 'stopped'
    this.#unwatch()
    const reason = new FoundationError('FND_NOT_RUNNING', 'Registry: this node was stopped')
    this.#arbitration.stop(reason)
    this.owned.stop(reason)
  }

  /** @throws {FoundationError} `FND_NOT_RUNNING`: nobody would hear of it any more. */
  readonly assertNotStopped = (what: string): void => {
    if (this.#state === 'stopped') throw notRunning(what)
  }

  /**
   * Claims a name for this node.
   *
   * @throws {FoundationError} `FND_NAME_TAKEN`, `FND_TIMED_OUT`, `FND_LIMIT_REACHED`,
   *   `FND_MESSAGE_INVALID`, `FND_NOT_RUNNING`; the signal's reason when it aborts.
   */
  async register(wanted: Wanted): Promise<OwnName> {
    if (this.#state !== 'running') throw notRunning(`Registration of "${wanted.name}"`)
    return await this.owned.register(wanted)
  }

  /** See `Registry.adopt`. */
  adopt(name: string, adoption: Adoption): AdoptedName {
    const winner: Entry = { name, node: this.#deps.self.name, meta: undefined, ...adoption }
    const loser = this.owned.giveWay(winner)
    if (loser) this.#tellConflict({ name, winner, loser })
    return this.#adopted.adopt(name, adoption)
  }

  /** The node that has it as a plain name, or was granted it by this node and has not said so yet. */
  claimantOf(name: string): string | undefined {
    const claimed = this.table.owners(name).find((held) => recordOf(held).kind === 'claimed')
    return claimed?.log.owner ?? this.#arbitration.granteeOf(name)
  }

  /** The name's arbiter now: the member with the highest score for it. For homes of children too. */
  arbiterOf(key: string): string {
    return this.#arbitration.view.arbiterOf(key)
  }

  /** Resolves once everything the token stands for is here. */
  reached(token: Token, limits: WaitOptions): Promise<void> {
    return this.#deps.ownerLog.reached(token, limits)
  }

  /** Names of one node, or of all. */
  *entries(node?: string): Generator<Entry, void> {
    if (node === undefined) {
      for (const winner of this.table.winners()) yield entryOf(winner)
      return
    }
    for (const { key } of this.#deps.ownerLog.entries(namesSpace, { owner: node })) {
      const winner = this.table.get(key)
      if (winner?.log.owner === node) yield entryOf(winner)
    }
  }

  watch(filter: NameFilter, listener: NameListener): () => void {
    return this.watchers.watch(filter, listener)
  }

  /** The node calls this after the owner log was told. */
  memberUp(member: { name: string; incarnation: string; isObserver: boolean }): void {
    this.#arbitration.memberUp(member)
  }

  /** The node calls this after the owner log was told. */
  memberDown(name: string, incarnation: string): void {
    this.#arbitration.memberDown(name, incarnation)
  }

  linkUp(peer: string): void {
    this.#arbitration.linkUp(peer)
  }

  stats(): NamesStats {
    return { names: this.table.size, ...this.#arbitration.stats() }
  }

  #learn({ owner: node, key: name, held, cause }: LogChange): void {
    const said = held && isNameValue(held.value) ? held : undefined
    const change = said ? this.table.put(said) : this.table.remove(name, node)
    if (said) this.#arbitration.seen(said)
    this.#tell(change, cause === 'write' ? 'normal' : said ? 'node-up' : 'node-down')
    // All the rest is for names with several owners: hardly ever.
    if (!change.isContested) return
    if (said && change.isNewcomer) this.#meet(said)
    this.owned.judge(name)
  }

  #tell(change: NameChange, cause: NameCause): void {
    if (change.before?.log.owner !== change.after?.log.owner) this.watchers.moved(change.name)
    if (this.watchers.isEmpty) return
    const event = eventOf(change, cause)
    if (event) this.watchers.tell(event)
  }

  /** One more owner has come. */
  #meet(newcomer: HeldEntry): void {
    const [winner, ...others] = this.table.owners(newcomer.key)
    const loser = winner === newcomer ? others[0] : newcomer
    if (!winner || !loser || isMove(winner, loser)) return
    this.#tellConflict({ name: newcomer.key, winner: entryOf(winner), loser: entryOf(loser) })
  }

  #tellConflict(conflict: NameConflict): void {
    this.#deps.conflict(conflict)
    this.watchers.tell({
      ...{ type: 'conflict', cause: 'conflict' },
      ...{ entry: conflict.winner, loser: conflict.loser },
    })
  }
}

function notRunning(what: string): FoundationError {
  return new FoundationError('FND_NOT_RUNNING', `${what}: this node is not running`)
}

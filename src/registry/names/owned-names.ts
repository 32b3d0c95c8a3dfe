/** The names of this node: how it gets them, changes them, gives them up and loses them. */
import {
  deferred,
  FoundationError,
  toError,
  WideMap,
  within,
  type Host,
  type Log,
  type Telemetry,
} from '../../kernel/index.ts'
import type { HeldEntry, OwnerLog } from '../../replication/index.ts'
import { taken, tooMany, type Claims, type Granted } from './claims.ts'
import { Disputes } from './disputes.ts'
import { checkMeta } from './meta.ts'
import type { NameTable } from './name-table.ts'
import {
  lostError,
  namesSpace,
  OwnName,
  type RegisterOptions,
  type RegistrationOwner,
} from './registration.ts'
import { claimedValue, entryOf, type Entry } from './record.ts'
import { TurnShare } from './turn-share.ts'
import type { View } from './view.ts'

/** What it talks to. */
export interface OwnedNamesDeps {
  readonly host: Host
  readonly log: Log
  readonly telemetry: Telemetry
  readonly ownerLog: Pick<
    OwnerLog,
    'put' | 'delete' | 'fence' | 'acknowledged' | 'sequence' | 'isKnown' | 'heldBy'
  >
  readonly table: NameTable
  readonly claims: Claims
  readonly view: () => View
  readonly self: { readonly name: string; readonly incarnation: string }
  /** Serves the services behind names. */
  readonly services: ServicePort
  /** Hands the state of a loser to the winner. */
  readonly sendState: (winner: Entry, lost: { epoch: number; state: unknown }) => Promise<void>
  /** The grant for this registration, or what an arbiter thinks of it, is void. */
  readonly release: (own: OwnName) => void
}

/** What hosts services. */
export interface ServicePort {
  serve(name: string, service: object): void
  remove(name: string, movedTo?: string): void
}

/** The bounds. */
export interface OwnedNamesBounds {
  readonly claimsMax: number
  readonly registerTimeoutMs: number
  readonly conflictGraceMs: number
  readonly metaMaxBytes: number
}

/** What somebody asks for. */
export interface Wanted {
  readonly name: string
  readonly service: object | undefined
  readonly options: RegisterOptions
}

/** One a node. */
export class OwnedNames implements RegistrationOwner {
  readonly #deps: OwnedNamesDeps
  readonly #bounds: OwnedNamesBounds
  #held = new WideMap<OwnName>()
  /** Names this node is asking for now. */
  readonly #asking = new Map<string, Promise<unknown>>()
  readonly #disputes: Disputes
  /** Many claims are decided at once, here: they must not hold the event loop up. */
  readonly #share: TurnShare
  #stopped: FoundationError | undefined

  constructor(deps: OwnedNamesDeps, bounds: OwnedNamesBounds) {
    this.#deps = deps
    this.#bounds = bounds
    this.#disputes = new Disputes(deps.ownerLog)
    this.#share = new TurnShare(deps.host, bounds.claimsMax)
  }

  get self(): OwnedNamesDeps['self'] {
    return this.#deps.self
  }

  get(name: string): OwnName | undefined {
    return this.#held.get(name)
  }

  /** See `Names.register`. */
  async register(wanted: Wanted): Promise<OwnName> {
    const { name, options } = wanted
    const { timeoutMs = this.#bounds.registerTimeoutMs, signal } = options
    const deadlineMs = this.#deps.host.nowMs() + timeoutMs
    const leftMs = (): number => Math.max(1, deadlineMs - this.#deps.host.nowMs())
    const what = `Registration of "${name}"`
    for (let rival = this.#asking.get(name); rival; rival = this.#asking.get(name)) {
      const limits = { what, timeoutMs: leftMs(), ...(signal && { signal }) }
      await within(this.#deps.host, rival.catch(toError), limits)
    }
    const owner = this.#deps.table.get(name)
    if (owner) throw taken(name, owner.log.owner)
    const own = await this.#ask(wanted, leftMs)
    if (options.ack) await this.#acknowledged(own, { what, timeoutMs: leftMs() })
    return own
  }

  /** See `Registration.update`. */
  async write(own: OwnName, meta: unknown): Promise<void> {
    checkMeta(meta, this.#bounds.metaMaxBytes)
    const value = claimedValue(own.epoch, meta)
    own.sequence = this.#deps.ownerLog.put(namesSpace, own.name, value)
    this.#deps.ownerLog.fence()
    own.meta = meta
    await this.#spread(own.sequence)
  }

  /** See `Registration.unregister`. */
  async unregister(own: OwnName): Promise<void> {
    if (own.state !== 'held') return
    own.state = 'ended'
    await this.#spread(this.#drop(own))
  }

  /** The owners of a name have changed: this node may have lost it. */
  judge(name: string): void {
    const own = this.#held.get(name)
    if (!own) return
    const winner = this.#deps.table.get(name)
    if (!winner || winner.log.owner === this.self.name) this.#disputes.end(name)
    else if (this.#disputes.isDecided(name, winner.log.owner)) this.#lose(own, entryOf(winner))
  }

  /**
   * A child of that name starts on this node, which has it as a plain name since a split: the child
   * keeps it, as it does when it starts elsewhere.
   *
   * @returns what the name was, if this node had it.
   */
  giveWay(winner: Entry): Entry | undefined {
    const own = this.#held.get(winner.name)
    const held = own && this.#deps.table.owners(own.name).find(this.#isOwn)
    if (own) this.#lose(own, winner)
    return held && entryOf(held)
  }

  /** More of the peers' logs is here. */
  judgeDisputed(): void {
    for (const name of this.#disputes.names) this.judge(name)
  }

  stop(reason: FoundationError): void {
    this.#stopped = reason
    this.#share.finish()
    for (const own of this.#held.values()) {
      own.state = 'ended'
      if (own.service) this.#deps.services.remove(own.name)
      own.abort(reason)
    }
    this.#held = new WideMap()
    this.#disputes.clear()
  }

  #ask(wanted: Wanted, leftMs: () => number): Promise<OwnName> {
    const { name, options } = wanted
    const { signal } = options
    const { promise, resolve, reject } = deferred<OwnName>()
    const end = (): void => {
      this.#asking.delete(name)
      signal?.removeEventListener('abort', onAbort)
    }
    const failed = (reason: unknown): void => {
      end()
      reject(reason)
    }
    const granted = (grant: Granted): void => {
      try {
        resolve(this.#take(wanted, grant))
        end()
      } catch (thrown) {
        failed(toError(thrown))
      }
    }
    let cancel = failed
    const onAbort = (): void => {
      cancel(signal?.reason)
    }
    this.#asking.set(name, promise)
    signal?.addEventListener('abort', onAbort)
    const begin = (): void => {
      // Its caller gave up while it waited.
      if (this.#asking.get(name) !== promise) return
      try {
        signal?.throwIfAborted()
        if (this.#stopped) throw this.#stopped
        cancel = this.#deps.claims.claim(name, leftMs(), { granted, failed })
      } catch (thrown) {
        failed(thrown)
      }
    }
    if (!this.#share.run(begin)) failed(tooMany(name, this.#bounds.claimsMax))
    return promise
  }

  #take(wanted: Wanted, { epoch, id: claimId }: Granted): OwnName {
    const { name, service, options } = wanted
    // A child of that id may have started here since the name was asked for.
    if (this.#deps.table.owners(name).some(this.#isOwn)) throw taken(name, this.self.name)
    if (service) this.#deps.services.serve(name, service)
    // Held before the log tells: whoever hears of the name finds it here.
    const own = new OwnName(this, wanted, { epoch, claimId })
    this.#held.set(name, own)
    try {
      own.sequence = this.#deps.ownerLog.put(namesSpace, name, claimedValue(epoch, options.meta))
    } catch (thrown) {
      this.#held.delete(name)
      if (service) this.#deps.services.remove(name)
      throw thrown
    }
    // What this node sends from now on may depend on the name.
    this.#deps.ownerLog.fence()
    return own
  }

  async #acknowledged(own: OwnName, limits: { what: string; timeoutMs: number }): Promise<void> {
    const { ack = 'local', signal } = own.options
    if (ack === 'local') return
    const peers = ack === 'all' ? undefined : Math.floor(this.#deps.view().members.size / 2)
    const { timeoutMs } = limits
    const options = { timeoutMs, peers, ...(signal && { signal }) }
    try {
      await this.#deps.ownerLog.acknowledged(own.sequence, options)
    } catch (thrown) {
      void this.unregister(own)
      throw thrown
    }
  }

  /** Never rejects: what was done here stands, whatever becomes of the peers. */
  async #spread(sequence: number): Promise<void> {
    const options = { timeoutMs: this.#bounds.registerTimeoutMs }
    await this.#deps.ownerLog.acknowledged(sequence, options).catch(toError)
  }

  /** @returns the number of the change. */
  #drop(own: OwnName, movedTo?: string): number {
    this.#held.delete(own.name)
    this.#disputes.end(own.name)
    if (own.service) this.#deps.services.remove(own.name, movedTo)
    const sequence = this.#deps.ownerLog.delete(namesSpace, own.name)
    this.#deps.release(own)
    return sequence
  }

  readonly #isOwn = ({ log }: HeldEntry): boolean => log.owner === this.self.name

  #lose(own: OwnName, winner: Entry): void {
    own.state = 'lost'
    this.#drop(own, winner.node)
    const { name } = own
    this.#deps.telemetry.execute('registry.conflict.lost', { count: 1 }, () => ({
      ...{ name, winner: winner.node },
    }))
    this.#deps.log.warn({ name, winner: winner.node }, 'name lost to another owner')
    void this.#partWith(own, winner)
  }

  /** What the user does about it, for so long; then it is over whatever the user does. */
  async #partWith(own: OwnName, winner: Entry): Promise<void> {
    const { log, sendState } = this.#deps
    const { name, epoch } = own
    const state = await this.#lastWords(own, winner).catch((thrown: unknown) => {
      log.error({ name, error: toError(thrown) }, 'onConflictLost failed')
    })
    const sent = state === undefined ? undefined : sendState(winner, { epoch, state })
    await sent?.catch((thrown: unknown) => {
      log.warn({ name, error: toError(thrown) }, 'state of a lost name did not reach the winner')
    })
    own.abort(lostError(own, winner))
  }

  async #lastWords({ name, options }: OwnName, winner: Entry): Promise<unknown> {
    const { onConflictLost } = options
    if (!onConflictLost) return undefined
    const limits = { what: `onConflictLost of "${name}"`, timeoutMs: this.#bounds.conflictGraceMs }
    return within(this.#deps.host, Promise.resolve(winner).then(onConflictLost), limits)
  }
}

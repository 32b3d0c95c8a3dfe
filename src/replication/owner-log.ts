/**
 * The owner log: what each node says of itself, held by every other node. An owner numbers its
 * changes 1, 2, ...; nobody else writes its entries; an entry is visible while its owner is up.
 * It promises convergence of every linked pair, not an order between owners.
 * @source owner-partitioned logs with digests: the shape of Phoenix.Tracker and syn, without their
 *   general CRDT and without their silent divergence.
 */
import { messageCodes } from '../wire/index.ts'
import type { Inbound, Router } from '../transport/index.ts'
import {
  FoundationError,
  type Host,
  type Lifecycle,
  type Log,
  type Telemetry,
  type WaitOptions,
} from '../kernel/index.ts'
import { Inbox } from './inbox.ts'
import { logAck, logDelta, logDigest, logFetch, logSnapshot, type LogName } from './messages.ts'
import { ownerLogDefaults, type OwnerLogOptions } from './options.ts'
import { Outbox } from './outbox.ts'
import { OwnLog } from './own-log.ts'
import type { ReplicaState } from './replica.ts'
import { Watchers, type LogListener } from './watchers.ts'

/** What the owner log talks to. */
export interface OwnerLogDeps {
  readonly router: Pick<Router, 'handle' | 'send' | 'whenWritable'>
  readonly host: Host
  readonly log: Log
  readonly telemetry: Telemetry
  readonly self: { readonly name: string; readonly incarnation: string }
}

/** A visible entry. */
export interface LogEntry {
  readonly owner: string
  readonly key: string
  /** Read-only: everybody gets the same one. */
  readonly value: unknown
}

/** What one log holds, for status and tests. Two nodes agree on an owner when these are equal. */
export interface LogState {
  readonly owner: string
  readonly incarnation: string
  readonly sequence: number
  /** Hash of the entries, independent of their order. */
  readonly hash: string
  readonly entries: number
  readonly state: 'own' | ReplicaState
}

/** Counters, for `status()`. */
export interface OwnerLogStats {
  readonly sequence: number
  /** Lowest sequence a linked peer has acknowledged. */
  readonly acknowledged: number
  readonly snapshotsSent: number
  readonly fetches: number
  /** Times a peer's entries differed at an equal sequence. Anything but 0 is a bug. */
  readonly alarms: number
  /** Messages of peers dropped because too many waited. They are fetched again. */
  readonly dropped: number
}

/** One a node. */
export class OwnerLog implements Lifecycle {
  readonly #self: LogName
  readonly #own: OwnLog
  readonly #outbox: Outbox
  readonly #inbox: Inbox
  readonly #watchers: Watchers

  constructor(deps: OwnerLogDeps, options: OwnerLogOptions = ownerLogDefaults) {
    this.#self = { owner: deps.self.name, incarnation: deps.self.incarnation }
    this.#watchers = new Watchers(deps.log)
    this.#own = new OwnLog(options)
    this.#outbox = new Outbox({ ...deps, own: this.#own, self: this.#self }, options)
    this.#inbox = new Inbox({ ...deps, watchers: this.#watchers }, options)
    this.#listen(deps.router)
  }

  start(): void {
    this.#outbox.start()
  }

  stop(): void {
    this.#outbox.stop()
    this.#inbox.stop()
  }

  /** Number of this node's last change. */
  get sequence(): number {
    return this.#own.sequence
  }

  /**
   * Says `value` under (space, key) on every node. Watchers here hear of it at once, linked peers
   * within a batch. A second change of a key within one batch replaces the first.
   *
   * @param value anything the codec carries; not changed by the caller afterwards.
   * @returns the number of the change, for `acknowledged`.
   * @throws {FoundationError} `FND_LIMIT_REACHED` when there are too many entries or the key or
   *   value is too long; `FND_MESSAGE_INVALID` when the value cannot be carried.
   */
  put(space: string, key: string, value: unknown): number {
    const sequence = this.#own.put(space, key, value)
    this.#outbox.changed()
    this.#watchers.tell({ ...this.#ownChange(space, key), type: 'put', value })
    return sequence
  }

  /** Takes back what `put` said. Without such an entry nothing happens. Returns as `put` does. */
  delete(space: string, key: string): number {
    const sequence = this.#own.delete(space, key)
    if (sequence === undefined) return this.#own.sequence
    this.#outbox.changed()
    this.#watchers.tell({ ...this.#ownChange(space, key), type: 'delete' })
    return sequence
  }

  /**
   * Tells `listener` of every change of the visible entries of `space`, own ones too, until the
   * returned function is called. Entries visible before are not told: read `entries` first.
   */
  watch(space: string, listener: LogListener): () => void {
    return this.#watchers.add(space, listener)
  }

  /** The visible entries of a space: this node's first, then the others' in the order they came. */
  *entries(space: string, filter: { readonly owner?: string } = {}): Generator<LogEntry, void> {
    const { owner: self } = this.#self
    if ((filter.owner ?? self) === self) yield* this.#ownEntries(space)
    for (const replica of this.#inbox.replicas()) {
      const { owner } = replica
      if (!replica.isUp || (filter.owner ?? owner) !== owner) continue
      for (const [key, { value }] of replica.space(space) ?? []) yield { owner, key, value }
    }
  }

  /** True when everything the linked owner had said at some time on this link is applied here. */
  isKnown(owner: string): boolean {
    return this.#inbox.isKnown(owner)
  }

  /**
   * Resolves when every linked peer has applied this node's change number `sequence`. Peers whose
   * link ends stop counting; without peers it resolves at once.
   *
   * @throws {FoundationError} `FND_TIMED_OUT`, or `FND_LIMIT_REACHED` when too many calls wait.
   */
  acknowledged(sequence: number, options: WaitOptions = {}): Promise<void> {
    return this.#outbox.acknowledged(sequence, options)
  }

  /** The node calls this when a link is up, before any frame of it is handled. */
  linkUp(peer: { readonly name: string; readonly incarnation: string }): void {
    this.#inbox.linkUp(peer.name, peer.incarnation)
    this.#outbox.linkUp(peer.name, peer.incarnation)
  }

  /** The node calls this when a link has ended. Nothing is hidden: that is membership's word. */
  linkDown(name: string): void {
    this.#inbox.linkDown(name)
    this.#outbox.linkDown(name)
  }

  /** Shows the owner's entries. Entries of another incarnation of that name are gone for good. */
  memberUp(name: string, incarnation: string): void {
    this.#inbox.memberUp(name, incarnation)
  }

  /** Hides the owner's entries; they are kept for `purgeAfterMs`. */
  memberDown(name: string, incarnation: string): void {
    this.#inbox.memberDown(name, incarnation)
  }

  /** What is held, this node's log first. */
  digest(): LogState[] {
    const { sequence, hash, size: entries } = this.#own
    const own: LogState = { ...this.#self, sequence, hash, entries, state: 'own' }
    const others = [...this.#inbox.replicas()].map((held): LogState => ({
      owner: held.owner,
      incarnation: held.incarnation,
      sequence: held.sequence,
      hash: held.hash,
      entries: held.size,
      state: held.state,
    }))
    return [own, ...others]
  }

  stats(): OwnerLogStats {
    const { sequence } = this.#own
    const { snapshotsSent } = this.#outbox
    const acknowledged = this.#outbox.acknowledgedByAll()
    return { sequence, acknowledged, snapshotsSent, ...this.#inbox.counters }
  }

  *#ownEntries(space: string): Generator<LogEntry, void> {
    const { owner } = this.#self
    for (const { key, decoded } of this.#own.space(space)?.values() ?? []) {
      yield { owner, key, value: decoded }
    }
  }

  #ownChange(
    space: string,
    key: string,
  ): LogName & {
    space: string
    key: string
    isOwn: true
    cause: 'write'
  } {
    return { ...this.#self, space, key, isOwn: true, cause: 'write' }
  }

  #listen(router: Pick<Router, 'handle'>): void {
    const inbox = this.#inbox
    router.handle(messageCodes.logDelta, (body, inbound) => {
      inbox.delta(logDelta.decode(body), inbound)
    })
    router.handle(messageCodes.logSnapshot, (body, inbound) => {
      inbox.snapshot(logSnapshot.decode(body), inbound)
    })
    router.handle(messageCodes.logDigest, (body, inbound) => {
      inbox.digest(logDigest.decode(body), inbound)
    })
    router.handle(messageCodes.logFetch, (body, inbound) => {
      const fetch = logFetch.decode(body)
      this.#checkAddressee(fetch, inbound)
      this.#outbox.fetch(inbound.from, fetch)
    })
    router.handle(messageCodes.logAck, (body, inbound) => {
      const ack = logAck.decode(body)
      this.#checkAddressee(ack, inbound)
      this.#outbox.acknowledge(inbound.from, ack)
    })
  }

  #checkAddressee({ owner, incarnation }: LogName, { from }: Inbound): void {
    if (owner === this.#self.owner && incarnation === this.#self.incarnation) return
    const problem = `"${from}" asked for the log of "${owner}" (${incarnation})`
    throw new FoundationError(
      'FND_FRAME_INVALID',
      `Owner log: ${problem}, which is not this node's`,
    )
  }
}

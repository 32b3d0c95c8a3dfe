/**
 * The owner log: what each node says of itself, held by every other node. An owner numbers its
 * changes 1, 2, ...; nobody else writes its entries; an entry is visible while its owner is up.
 * It promises convergence of every linked pair, not an order between owners.
 * @source owner-partitioned logs with digests: the shape of Phoenix.Tracker and syn, without their
 *   general CRDT and without their silent divergence.
 */
import { messageCodes } from '../wire/index.ts'
import type { Inbound, MessageHandler, Router } from '../transport/index.ts'
import {
  FoundationError,
  type Host,
  type Lifecycle,
  type Log,
  type Telemetry,
  type WaitOptions,
} from '../kernel/index.ts'
import { Conditions } from './core/conditions.ts'
import { Inbox } from './inbox.ts'
import type { LogEntry, LogPosition, LogState, OwnerLogStats } from './log-state.ts'
import { logAck, logDelta, logDigest, logFetch, type LogName } from './messages.ts'
import { ownerLogDefaults, type OwnerLogOptions } from './options.ts'
import { Outbox, type AcknowledgedBy } from './outbox.ts'
import { OwnLog } from './own-log.ts'
import { ownChangeOf, Watchers, type LogListener } from './watchers.ts'

/** What the owner log talks to. */
export interface OwnerLogDeps {
  readonly router: Pick<Router, 'handle' | 'send' | 'whenWritable'>
  readonly host: Host
  readonly log: Log
  readonly telemetry: Telemetry
  readonly self: { readonly name: string; readonly incarnation: string }
}

/** One a node. */
export class OwnerLog implements Lifecycle {
  readonly #self: LogName
  readonly #own: OwnLog
  readonly #outbox: Outbox
  readonly #inbox: Inbox
  readonly #watchers: Watchers
  readonly #arrivals: Conditions
  readonly #progressed: (() => void)[] = []
  /** Number of the last change that others' messages wait for; 0 when every peer has it. */
  #fence = 0
  #isStopped = false

  constructor(deps: OwnerLogDeps, options: OwnerLogOptions = ownerLogDefaults) {
    this.#self = { owner: deps.self.name, incarnation: deps.self.incarnation }
    this.#watchers = new Watchers(deps.log)
    this.#own = new OwnLog(this.#self, options)
    this.#outbox = new Outbox({ ...deps, own: this.#own, self: this.#self }, options)
    this.#arrivals = new Conditions(deps.host, options.waitersMax)
    const progressed = (): void => {
      this.#arrivals.check()
      this.#tellProgress()
    }
    this.#inbox = new Inbox({ ...deps, watchers: this.#watchers, progressed }, options)
    this.#listen(deps.router)
  }

  start(): void {
    this.#outbox.start()
  }

  stop(): void {
    this.#isStopped = true
    this.#outbox.stop()
    this.#inbox.stop()
    this.#arrivals.stop()
  }

  /** Number of this node's last change. */
  get sequence(): number {
    return this.#own.sequence
  }

  /**
   * Says `value` under (space, key) on every node. Watchers here hear of it at once, linked peers
   * within a batch. A second change of an entry made within the batch replaces the first.
   *
   * @param value anything the codec carries; not changed by the caller afterwards.
   * @returns the number of the change, for `acknowledged`.
   * @throws {FoundationError} `FND_LIMIT_REACHED` when there are too many entries or the key or
   *   value is too long; `FND_MESSAGE_INVALID` when the value cannot be carried.
   */
  put(space: string, key: string, value: unknown): number {
    const sequence = this.#own.put(space, key, value)
    this.#outbox.changed()
    const held = { log: this.#self, key, value }
    this.#watchers.tell(ownChangeOf(this.#self, { space, key, held }))
    return sequence
  }

  /** Takes back what `put` said. Without such an entry nothing happens. Returns as `put` does. */
  delete(space: string, key: string): number {
    const sequence = this.#own.delete(space, key)
    if (sequence === undefined) return this.#own.sequence
    this.#outbox.changed({ space, key })
    this.#watchers.tell(ownChangeOf(this.#self, { space, key, held: undefined }))
    return sequence
  }

  /**
   * A deletion of that entry, if there was one in the present batch, is sent now: what is sent to a
   * peer afterwards does not overtake it.
   */
  tellNow(space: string, key: string): void {
    this.#outbox.tellNow({ space, key })
  }

  /**
   * Tells `listener` of every change of the visible entries of `space`, own ones too, until the
   * returned function is called. Entries visible before are not told: read `entries` first.
   */
  watch(space: string, listener: LogListener): () => void {
    return this.#watchers.add(space, listener)
  }

  /** The visible entries of a space: this node's first. In no order that means anything. */
  *entries(space: string, filter: { readonly owner?: string } = {}): Generator<LogEntry, void> {
    const { owner: self } = this.#self
    if ((filter.owner ?? self) === self) yield* this.#ownEntries(space)
    for (const replica of this.#inbox.replicas()) {
      const { owner } = replica
      if (!replica.isUp || (filter.owner ?? owner) !== owner) continue
      for (const { key, value } of replica.entries(space)) yield { owner, key, value }
    }
  }

  /** True when everything the linked owner had said at some time on this link is applied here. */
  isKnown(owner: string): boolean {
    return this.#inbox.isKnown(owner)
  }

  /** True when changes of that life of the owner, this node too, are applied here up to a number. */
  hasReached({ owner, incarnation, sequence }: LogPosition): boolean {
    if (owner === this.#self.owner) {
      return incarnation === this.#self.incarnation && sequence <= this.#own.sequence
    }
    const replica = this.#inbox.replica(owner)
    return replica?.incarnation === incarnation && replica.sequence >= sequence
  }

  /**
   * Resolves once {@link hasReached}.
   *
   * @throws {FoundationError} `FND_TIMED_OUT`, `FND_LIMIT_REACHED`, `FND_NOT_RUNNING`
   */
  reached(position: LogPosition, options: WaitOptions = {}): Promise<void> {
    const what = `Change ${String(position.sequence)} of "${position.owner}"`
    return this.#arrivals.wait(() => this.hasReached(position), { ...options, what })
  }

  /**
   * Calls `listener` after changes of peers were applied, at the end of that turn, and after a peer
   * has said how much of this node's it has applied.
   */
  onProgress(listener: () => void): void {
    this.#progressed.push(listener)
  }

  /**
   * Resolves when every linked peer, or as many as `peers` says, have applied this node's change
   * number `sequence`. Peers whose link ends stop counting; without peers all have.
   *
   * @throws {FoundationError} `FND_TIMED_OUT`, or `FND_LIMIT_REACHED` when too many calls wait.
   */
  acknowledged(sequence: number, options: AcknowledgedBy = {}): Promise<void> {
    return this.#outbox.acknowledged(sequence, options)
  }

  /** What this node sends from now on must not be taken in before its last change is: see `Fences`. */
  fence(): void {
    this.#fence = this.#own.sequence
  }

  /** The change a message to the peer must wait for there; 0 when the peer is known to have it. */
  fenceFor(peer: string): number {
    return this.#outbox.heldBy(peer) >= this.#fence ? 0 : this.fenceForAll()
  }

  /** As {@link fenceFor}, for a message to every peer: 0 when all linked ones are known to have it. */
  fenceForAll(): number {
    if (this.#fence > 0 && this.#outbox.acknowledgedByAll() >= this.#fence) this.#fence = 0
    return this.#fence
  }

  /** True when the linked owner's changes are here up to a number. */
  hasHeard(owner: string, sequence: number): boolean {
    const replica = this.#inbox.replica(owner)
    return replica !== undefined && replica.sequence >= sequence
  }

  /** Number of this node's last change that the peer is known to have applied. 0 without a link. */
  heldBy(peer: string): number {
    return this.#outbox.heldBy(peer)
  }

  /** The node calls this when a link is up, before any frame of it is handled. */
  linkUp(peer: { readonly name: string; readonly incarnation: string }): void {
    // Who was not linked did not count: what it has missed must not be overtaken either.
    this.fence()
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
    for (const { key, value } of this.#own.entries(space)) yield { owner, key, value }
  }

  #listen(router: Pick<Router, 'handle'>): void {
    const inbox = this.#inbox
    // Links end after this part has stopped: what peers say meanwhile is in order, and for nobody.
    const hear = (code: number, handler: MessageHandler): void => {
      router.handle(code, (body, inbound) => {
        if (!this.#isStopped) handler(body, inbound)
      })
    }
    hear(messageCodes.logDelta, (body, inbound) => {
      inbox.delta(logDelta.decode(body), inbound)
    })
    hear(messageCodes.logSnapshot, (body, inbound) => {
      inbox.snapshot(body, inbound)
    })
    hear(messageCodes.logDigest, (body, inbound) => {
      inbox.digest(logDigest.decode(body), inbound)
    })
    hear(messageCodes.logFetch, (body, inbound) => {
      const fetch = logFetch.decode(body)
      this.#checkAddressee(fetch, inbound)
      this.#outbox.fetch(inbound.from, fetch)
    })
    hear(messageCodes.logAck, (body, inbound) => {
      const ack = logAck.decode(body)
      this.#checkAddressee(ack, inbound)
      this.#outbox.acknowledge(inbound.from, ack)
      this.#tellProgress()
    })
  }

  #tellProgress(): void {
    for (const listener of this.#progressed) listener()
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

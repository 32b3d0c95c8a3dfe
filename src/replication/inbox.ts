/**
 * Follows the logs of the other nodes: applies what they send, asks for what is missing,
 * acknowledges, hides and shows owners as membership says.
 */
import {
  FoundationError,
  type Host,
  type Log,
  type Telemetry,
  type Timer,
} from '../kernel/index.ts'
import type { Inbound, Router } from '../transport/index.ts'
import {
  logAck,
  logFetch,
  logSnapshot,
  type LogDelta,
  type LogDigest,
  type LogName,
  type LogSnapshot,
} from './messages.ts'
import type { OwnerLogOptions } from './options.ts'
import { Replica, type EntryChanged, type Verdict } from './replica.ts'
import { SlicedWork } from './sliced-work.ts'
import { changeOf, type Watchers } from './watchers.ts'

/** What the inbox talks to. */
export interface InboxDeps {
  readonly router: Pick<Router, 'send'>
  readonly host: Host
  readonly log: Log
  readonly telemetry: Telemetry
  readonly watchers: Watchers
  /** Peers' messages were applied in the turn that ends. */
  readonly progressed: () => void
}

/** One link, while it is up. */
interface Link {
  readonly incarnation: string
}

/** The receiving half of an owner log. */
export class Inbox {
  readonly #deps: InboxDeps
  readonly #options: OwnerLogOptions
  readonly #work: SlicedWork
  /** At most one replica a name; names come from membership, which has its own bound. */
  readonly #replicas = new Map<string, Replica>()
  readonly #links = new Map<string, Link>()
  readonly #up = new Map<string, string>()
  readonly #purges = new Map<string, Timer>()
  readonly #toAcknowledge = new Set<Replica>()
  #state: 'open' | 'stopped' = 'open'
  #alarms = 0
  #fetches = 0
  #dropped = 0

  constructor(deps: InboxDeps, options: OwnerLogOptions) {
    this.#deps = deps
    this.#options = options
    this.#work = new SlicedWork(
      {
        host: deps.host,
        turnEnded: () => {
          this.#acknowledge()
          deps.progressed()
        },
        failed: (error) => {
          deps.log.warn({ error }, 'change of a peer dropped')
        },
      },
      options,
    )
  }

  /** For `stats()`: mismatches of equal sequences, fetches sent, messages dropped on overflow. */
  get counters(): { alarms: number; fetches: number; dropped: number } {
    return { alarms: this.#alarms, fetches: this.#fetches, dropped: this.#dropped }
  }

  stop(): void {
    this.#state = 'stopped'
    this.#work.stop()
    for (const timer of this.#purges.values()) timer.cancel()
    this.#purges.clear()
    this.#links.clear()
  }

  replicas(): Iterable<Replica> {
    return this.#replicas.values()
  }

  replica(owner: string): Replica | undefined {
    return this.#replicas.get(owner)
  }

  /** See `OwnerLog.isKnown`. */
  isKnown(owner: string): boolean {
    return this.#links.has(owner) && this.#replicas.get(owner)?.state === 'known'
  }

  /** Tells the owner where to begin: with what was missed, when its log was followed before. */
  linkUp(owner: string, incarnation: string): void {
    this.#links.set(owner, { incarnation })
    this.#cancelPurge(owner)
    const replica = this.#replicaFor(owner, incarnation)
    replica.cutOff()
    this.#ask(replica, replica.resumesFrom)
  }

  linkDown(owner: string): void {
    this.#links.delete(owner)
    const replica = this.#replicas.get(owner)
    replica?.cutOff()
    if (replica && !replica.isUp) this.#schedulePurge(replica)
  }

  memberUp(owner: string, incarnation: string): void {
    const linked = this.#links.get(owner)?.incarnation
    if (linked !== undefined && linked !== incarnation) return
    this.#up.set(owner, incarnation)
    const replica = this.#replicas.get(owner)
    if (!replica) return
    if (replica.incarnation !== incarnation) this.#discard(owner)
    else this.#show(replica)
  }

  memberDown(owner: string, incarnation: string): void {
    if (this.#up.get(owner) === incarnation) this.#up.delete(owner)
    const replica = this.#replicas.get(owner)
    if (replica?.incarnation !== incarnation) return
    this.#hide(replica)
    this.#schedulePurge(replica)
  }

  delta(delta: LogDelta, inbound: Inbound): void {
    const replica = this.#replicaOf(delta, inbound)
    const { from, to, operations } = delta
    if (from < 1 || to !== from + operations.length - 1) {
      throw new FoundationError('FND_FRAME_INVALID', 'Log delta: numbers and changes do not match')
    }
    const changed = this.#changedOf(replica)
    this.#add(replica, () => replica.applyDelta(delta, changed))
  }

  /** Decoded in its turn: what waits should not be a thousand objects a slice. */
  snapshot(body: Uint8Array, inbound: Inbound): void {
    const replica = this.#replicas.get(inbound.from)
    if (!replica) throw strange(inbound.from)
    const changed = this.#changedOf(replica)
    const decoded = (): LogSnapshot => {
      const slice = logSnapshot.decode(body)
      this.#replicaOf(slice, inbound)
      return slice
    }
    this.#add(replica, () => replica.applySlice(decoded(), changed))
  }

  /** Judged in its turn, behind what the owner sent before it. */
  digest(digest: LogDigest, inbound: Inbound): void {
    const replica = this.#replicaOf(digest, inbound)
    this.#add(replica, function* () {
      yield
      return replica.judge(digest)
    })
  }

  #replicaFor(owner: string, incarnation: string): Replica {
    const former = this.#replicas.get(owner)
    if (former?.incarnation === incarnation) return former
    this.#discard(owner)
    const replica = new Replica(owner, incarnation, this.#options.entriesMaxPerOwner)
    replica.isUp = this.#up.get(owner) === incarnation
    this.#replicas.set(owner, replica)
    return replica
  }

  #replicaOf({ owner, incarnation }: LogName, { from }: Inbound): Replica {
    const replica = this.#replicas.get(from)
    if (owner === from && replica && this.#links.get(from)?.incarnation === incarnation)
      return replica
    throw strange(from, `"${owner}" (${incarnation})`)
  }

  #add(replica: Replica, apply: () => Generator<void, Verdict>): void {
    const link = this.#links.get(replica.owner)
    if (!this.#work.add(this.#job(replica, link, apply))) this.#dropped += 1
  }

  *#job(
    replica: Replica,
    link: Link | undefined,
    apply: () => Generator<void, Verdict>,
  ): Generator<void, void> {
    // What came over a link that ended says nothing of the next one.
    const isCurrent = (): boolean =>
      this.#isCurrent(replica) && this.#links.get(replica.owner) === link
    if (!isCurrent()) return
    const verdict = yield* apply()
    if (!isCurrent()) return
    if (verdict.kind === 'fine') this.#toAcknowledge.add(replica)
    if (verdict.kind === 'fetch') this.#fetch(replica, verdict)
  }

  #isCurrent(replica: Replica): boolean {
    return this.#links.has(replica.owner) && this.#replicas.get(replica.owner) === replica
  }

  #fetch(replica: Replica, { from, isAlarm }: Verdict & { kind: 'fetch' }): void {
    if (isAlarm) this.#alarm(replica)
    const now = this.#deps.host.nowMs()
    if (now - replica.fetchedAtMs < this.#options.fetchRetryMs) return
    replica.fetchedAtMs = now
    this.#fetches += 1
    this.#ask(replica, from)
    const { owner } = replica
    this.#deps.telemetry.execute('replication.fetch.begun', { from }, () => ({ owner }))
  }

  #ask({ owner, incarnation }: Replica, from: number): void {
    this.#deps.router.send(owner, 'control', logFetch.encode({ owner, incarnation, from }))
  }

  #alarm({ owner, sequence }: Replica): void {
    this.#alarms += 1
    this.#deps.telemetry.execute('replication.replica.differs', { sequence }, () => ({ owner }))
    const fields = { owner, sequence }
    this.#deps.log.error(fields, 'entries of a peer differ at the same sequence; fetching them all')
  }

  #acknowledge(): void {
    for (const replica of this.#toAcknowledge) {
      const { owner, incarnation, progress } = replica
      if (!this.#isCurrent(replica)) continue
      const payload = logAck.encode({ owner, incarnation, ...progress })
      this.#deps.router.send(owner, 'control', payload)
    }
    this.#toAcknowledge.clear()
  }

  #changedOf(replica: Replica): EntryChanged {
    return (space, key, entry) => {
      if (replica.isUp) {
        this.#deps.watchers.tell(changeOf(replica, { space, key, held: entry }, 'write'))
      }
    }
  }

  #show(replica: Replica): void {
    this.#cancelPurge(replica.owner)
    if (replica.isUp) return
    replica.isUp = true
    this.#tellAll(replica, 'put')
  }

  #hide(replica: Replica): void {
    if (!replica.isUp) return
    replica.isUp = false
    this.#tellAll(replica, 'delete')
  }

  #tellAll(replica: Replica, type: 'put' | 'delete'): void {
    for (const space of replica.spaces()) {
      for (const entry of replica.entries(space)) {
        const held = type === 'put' ? entry : undefined
        this.#deps.watchers.tell(changeOf(replica, { space, key: entry.key, held }, 'member'))
      }
    }
  }

  #discard(owner: string): void {
    this.#cancelPurge(owner)
    const replica = this.#replicas.get(owner)
    if (!replica) return
    this.#replicas.delete(owner)
    this.#hide(replica)
  }

  #schedulePurge({ owner }: Replica): void {
    this.#cancelPurge(owner)
    // The engine ends its links after this part has stopped.
    if (this.#state === 'stopped') return
    const purge = (): void => {
      this.#discard(owner)
    }
    this.#purges.set(owner, this.#deps.host.after(this.#options.purgeAfterMs, purge))
  }

  #cancelPurge(owner: string): void {
    this.#purges.get(owner)?.cancel()
    this.#purges.delete(owner)
  }
}

function strange(from: string, owner = 'anybody'): FoundationError {
  return new FoundationError('FND_FRAME_INVALID', `Owner log: "${from}" may not speak for ${owner}`)
}

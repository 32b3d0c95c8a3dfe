/**
 * Sends this node's log to every linked peer: batches, snapshots, answers to fetches, digests; and
 * knows what the peers have acknowledged.
 */
import {
  deferred,
  FoundationError,
  jitter,
  within,
  type Deferred,
  type Host,
  type Telemetry,
  type Timer,
  type WaitOptions,
} from '../kernel/index.ts'
import type { Router } from '../transport/index.ts'
import {
  logDelta,
  logDigest,
  logSnapshot,
  type LogAck,
  type LogFetch,
  type LogName,
  type Operation,
} from './messages.ts'
import type { OwnerLogOptions } from './options.ts'
import { PeerStream, type StreamPart } from './peer-stream.ts'
import type { OperationRange, OwnLog } from './own-log.ts'

/** What the outbox talks to. */
export interface OutboxDeps {
  readonly own: OwnLog
  readonly self: LogName
  readonly router: Pick<Router, 'send' | 'whenWritable'>
  readonly host: Host
  readonly telemetry: Telemetry
}

/** What `OwnerLog.acknowledged` takes. */
export interface AcknowledgedBy extends WaitOptions {
  /** As many peers are enough. Default: every linked one. */
  readonly peers?: number | undefined
}

/** Which entry of this node. */
type EntryName = Pick<Operation, 'space' | 'key'>

interface Waiter {
  readonly sequence: number
  readonly peers: number | undefined
  readonly done: Deferred<undefined>
}

/** The sending half of an owner log. */
export class Outbox {
  readonly #deps: OutboxDeps
  readonly #options: OwnerLogOptions
  readonly #streams = new Map<string, PeerStream>()
  /** By sequence and number of peers. */
  readonly #waiters = new Map<string, Waiter>()
  #state: 'idle' | 'running' | 'stopped' = 'idle'
  #snapshots = 0
  /** Entries whose deletion waits for the end of its batch. */
  readonly #untold = new Set<string>()
  #batchTimer: Timer | undefined
  #digestTimer: Timer | undefined
  /** The last delta encoded: mostly every peer needs the same one. */
  #encoded: { readonly range: OperationRange; readonly payload: Uint8Array } | undefined

  constructor(deps: OutboxDeps, options: OwnerLogOptions) {
    this.#deps = deps
    this.#options = options
  }

  get snapshotsSent(): number {
    return this.#snapshots
  }

  start(): void {
    if (this.#state !== 'idle') return
    this.#state = 'running'
    this.#scheduleDigest()
  }

  stop(): void {
    this.#state = 'stopped'
    this.#batchTimer?.cancel()
    this.#digestTimer?.cancel()
    this.#streams.clear()
    this.#settleWaiters()
  }

  /** Nothing is sent before the peer has said where to begin. */
  linkUp(peer: string, incarnation: string): void {
    if (this.#state === 'stopped') return
    this.#streams.set(peer, new PeerStream(incarnation, this.#options))
  }

  linkDown(peer: string): void {
    this.#streams.delete(peer)
    this.#settleWaiters()
  }

  /** A change was made. It is sent with the others of its batch. */
  changed(deleted?: EntryName): void {
    if (this.#state === 'stopped') return
    if (deleted) this.#untold.add(nameOf(deleted))
    if (this.#deps.own.isBatchFull) this.#flush()
    else
      this.#batchTimer ??= this.#deps.host.after(this.#options.batchMs, () => {
        this.#flush()
      })
  }

  /** See `OwnerLog.tellNow`. */
  tellNow(deleted: EntryName): void {
    if (this.#untold.has(nameOf(deleted))) this.#flush()
  }

  /** A peer has applied something. */
  acknowledge(peer: string, ack: LogAck): void {
    const stream = this.#streams.get(peer)
    if (!stream) return
    // Where it begins was lost; what it has is as good.
    if (stream.isAwaited) this.fetch(peer, { ...ack, from: ack.sequence + 1 })
    if (stream.acknowledge(ack)) this.#settleWaiters()
    this.#pump(peer, stream)
  }

  /** A peer says from where on it needs the log: at the beginning of a link, or having lost something. */
  fetch(peer: string, { from }: LogFetch): void {
    const stream = this.#streams.get(peer)
    if (!stream) return
    const { own } = this.#deps
    own.seal()
    if (from > 0 && from <= own.sealed + 1 && own.range(from)) stream.rewind(from)
    else if (this.#mayBeginSnapshot(stream)) this.#beginSnapshot(stream)
    this.#settleWaiters()
    this.#pump(peer, stream)
  }

  /** See `OwnerLog.acknowledged`. */
  async acknowledged(sequence: number, { peers, ...limits }: AcknowledgedBy): Promise<void> {
    if (this.#isAcknowledged(sequence, peers)) return
    const key = `${String(sequence)} ${String(peers)}`
    const waiter = this.#waiters.get(key) ?? { sequence, peers, done: deferred<undefined>() }
    if (!this.#waiters.has(key) && this.#waiters.size >= this.#options.waitersMax) {
      const bound = String(this.#options.waitersMax)
      throw new FoundationError(
        'FND_LIMIT_REACHED',
        `Owner log: ${bound} calls wait for acknowledgement already; await some first`,
      )
    }
    this.#waiters.set(key, waiter)
    const who = peers === undefined ? 'every linked peer' : `${String(peers)} peers`
    const what = `Acknowledgement of change ${String(sequence)} by ${who}`
    await within(this.#deps.host, waiter.done.promise, { ...limits, what })
  }

  /** See `OwnerLog.heldBy`. */
  heldBy(peer: string): number {
    return this.#streams.get(peer)?.acknowledged ?? 0
  }

  /** For `stats()`. */
  acknowledgedByAll(): number {
    const sequences = [...this.#streams.values()].map((stream) => stream.acknowledged)
    return Math.min(this.#deps.own.sequence, ...sequences)
  }

  #flush(): void {
    this.#batchTimer?.cancel()
    this.#batchTimer = undefined
    this.#untold.clear()
    this.#deps.own.seal()
    for (const [peer, stream] of this.#streams) this.#pump(peer, stream)
  }

  #pump(peer: string, stream: PeerStream): void {
    while (!stream.isBlocked && this.#streams.get(peer) === stream) {
      const part = stream.next(this.#deps.own)
      if (!part) {
        if (stream.isEvenAgain(this.#deps.own)) this.#sendDigest(peer, stream)
        return
      }
      if (part === 'lost') {
        this.#beginSnapshot(stream)
        continue
      }
      const payload = this.#encode(part)
      const outcome = this.#deps.router.send(peer, 'control', payload)
      if (outcome === 'accepted') stream.sent(part, payload.length)
      else if (outcome === 'disconnected') return
      else this.#resumeLater(peer, stream)
    }
  }

  #resumeLater(peer: string, stream: PeerStream): void {
    stream.isBlocked = true
    const resume = (): void => {
      stream.isBlocked = false
      this.#pump(peer, stream)
    }
    this.#deps.router.whenWritable(peer, 'control').then(resume, resume)
  }

  #encode(part: StreamPart): Uint8Array {
    const { self } = this.#deps
    if (part.kind === 'slice') return logSnapshot.encode({ ...self, ...part.slice })
    const { range } = part
    const last = this.#encoded
    if (last && last.range.from === range.from && last.range.to === range.to) return last.payload
    const payload = logDelta.encode({ ...self, ...range })
    this.#encoded = { range, payload }
    return payload
  }

  #mayBeginSnapshot(stream: PeerStream): boolean {
    return this.#deps.host.nowMs() - stream.snapshotAtMs >= this.#options.fetchRetryMs
  }

  #beginSnapshot(stream: PeerStream): void {
    this.#snapshots += 1
    stream.snapshotAtMs = this.#deps.host.nowMs()
    stream.beginSnapshot(this.#snapshots, this.#deps.own)
    this.#deps.telemetry.execute('replication.snapshot.begun', { entries: this.#deps.own.size })
  }

  #scheduleDigest(): void {
    const { host } = this.#deps
    const delayMs = jitter(this.#options.digestIntervalMs, 0.25, host.random())
    this.#digestTimer = host.after(delayMs, () => {
      this.#sendDigests()
      this.#scheduleDigest()
    })
  }

  #sendDigests(): void {
    this.#flush()
    for (const [peer, stream] of this.#streams) this.#sendDigest(peer, stream)
  }

  #sendDigest(peer: string, stream: PeerStream): void {
    const { own, router, self } = this.#deps
    router.send(peer, 'control', logDigest.encode({ ...self, ...stream.digest(own) }))
  }

  #isAcknowledged(sequence: number, peers: number | undefined): boolean {
    return reachedBy(this.#levels(), peers) >= sequence
  }

  /** What each peer has acknowledged, highest first. */
  #levels(): number[] {
    return [...this.#streams.values()].map((stream) => stream.acknowledged).sort((a, b) => b - a)
  }

  #settleWaiters(): void {
    if (this.#waiters.size === 0) return
    const levels = this.#levels()
    for (const [key, { sequence, peers, done }] of this.#waiters) {
      if (this.#state !== 'stopped' && reachedBy(levels, peers) < sequence) continue
      this.#waiters.delete(key)
      done.resolve(undefined)
    }
  }
}

function nameOf({ space, key }: EntryName): string {
  return `${space} ${key}`
}

/** The number that so many peers have acknowledged; all of them, when `peers` is absent. */
function reachedBy(levels: readonly number[], peers: number = levels.length): number {
  return peers === 0 ? Infinity : (levels[peers - 1] ?? 0)
}

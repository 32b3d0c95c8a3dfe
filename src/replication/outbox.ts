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

/** The sending half of an owner log. */
export class Outbox {
  readonly #deps: OutboxDeps
  readonly #options: OwnerLogOptions
  readonly #streams = new Map<string, PeerStream>()
  readonly #waiters = new Map<number, Deferred<undefined>>()
  #state: 'idle' | 'running' | 'stopped' = 'idle'
  #snapshots = 0
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

  linkUp(peer: string, incarnation: string): void {
    if (this.#state === 'stopped') return
    const stream = new PeerStream(incarnation, this.#options)
    this.#streams.set(peer, stream)
    this.#deps.own.seal()
    this.#beginSnapshot(stream)
    this.#pump(peer, stream)
  }

  linkDown(peer: string): void {
    this.#streams.delete(peer)
    this.#settleWaiters()
  }

  /** A change was made. It is sent with the others of its batch. */
  changed(): void {
    if (this.#state === 'stopped') return
    if (this.#deps.own.isBatchFull) this.#flush()
    else
      this.#batchTimer ??= this.#deps.host.after(this.#options.batchMs, () => {
        this.#flush()
      })
  }

  /** A peer has applied something. */
  acknowledge(peer: string, ack: LogAck): void {
    const stream = this.#streams.get(peer)
    if (!stream) return
    if (stream.acknowledge(ack)) this.#settleWaiters()
    this.#pump(peer, stream)
  }

  /** A peer has lost something. */
  fetch(peer: string, { from }: LogFetch): void {
    const stream = this.#streams.get(peer)
    if (!stream) return
    const { own } = this.#deps
    if (from > 0 && from <= own.sealed + 1 && own.range(from)) stream.rewind(from)
    else if (this.#mayBeginSnapshot(stream)) this.#beginSnapshot(stream)
    this.#pump(peer, stream)
  }

  /** See `OwnerLog.acknowledged`. */
  async acknowledged(sequence: number, options: WaitOptions): Promise<void> {
    if (this.#isAcknowledged(sequence)) return
    if (!this.#waiters.has(sequence) && this.#waiters.size >= this.#options.waitersMax) {
      const bound = String(this.#options.waitersMax)
      throw new FoundationError('FND_LIMIT_REACHED', `Owner log: ${bound} calls wait already`)
    }
    const waiter: Deferred<undefined> = this.#waiters.get(sequence) ?? deferred()
    this.#waiters.set(sequence, waiter)
    const what = `Acknowledgement of change ${String(sequence)} by every linked peer`
    await within(this.#deps.host, waiter.promise, { ...options, what })
  }

  /** For `stats()`. */
  acknowledgedByAll(): number {
    const sequences = [...this.#streams.values()].map((stream) => stream.acknowledged)
    return Math.min(this.#deps.own.sequence, ...sequences)
  }

  #flush(): void {
    this.#batchTimer?.cancel()
    this.#batchTimer = undefined
    this.#deps.own.seal()
    for (const [peer, stream] of this.#streams) this.#pump(peer, stream)
  }

  #pump(peer: string, stream: PeerStream): void {
    while (!stream.isBlocked && this.#streams.get(peer) === stream) {
      const part = stream.next(this.#deps.own)
      if (!part) return
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
    this.#deps.telemetry('replication.snapshot.begun', { entries: this.#deps.own.size })
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
    const { own, router, self } = this.#deps
    this.#flush()
    for (const [peer, stream] of this.#streams) {
      router.send(peer, 'control', logDigest.encode({ ...self, ...stream.digest(own) }))
    }
  }

  #isAcknowledged(sequence: number): boolean {
    for (const stream of this.#streams.values()) {
      if (stream.acknowledged < sequence) return false
    }
    return true
  }

  #settleWaiters(): void {
    if (this.#waiters.size === 0) return
    const acknowledged = this.#streams.size === 0 ? Infinity : this.acknowledgedByAll()
    for (const [sequence, waiter] of this.#waiters) {
      if (sequence > acknowledged) continue
      this.#waiters.delete(sequence)
      waiter.resolve(undefined)
    }
  }
}

/**
 * One side of a link: counts what it sends and receives, keeps the class queues in bounds, hears
 * whether the other side is there. The streams between two ends are the network.
 */
import type { Host } from '../../kernel/index.ts'
import {
  channelClasses,
  type ChannelClass,
  type ClassStats,
  type LinkDownReason,
  type LinkInfo,
  type LinkStats,
  type SendOutcome,
} from '../port/port.ts'
import { ClassSender } from './class-sender.ts'
import { Heartbeat } from './heartbeat.ts'
import type { MemoryOptions } from './options.ts'
import type { PeerRecord } from './peer-ledger.ts'
import type { Parcel } from './parcel.ts'
import type { Stream } from './stream.ts'

/** What one side of a link tells its transport. */
export interface LinkNews {
  /** The first word of the one who dialled; false: this link is not wanted (any more). */
  confirmed(end: LinkEnd): boolean
  frame(end: LinkEnd, channelClass: ChannelClass, data: Parcel & { kind: 'data' }): void
  gap(end: LinkEnd, channelClass: ChannelClass, count: number): void
  degraded(end: LinkEnd, channelClass: ChannelClass): void
  restored(end: LinkEnd, channelClass: ChannelClass): void
  /** Called once, and never from inside `send`. */
  down(end: LinkEnd, reason: LinkDownReason): void
}

/** What one side of a link works with. */
export interface LinkEndDeps {
  readonly host: Host
  readonly record: PeerRecord
  readonly news: LinkNews
}

/** `pending`: the peer has it, this side has not heard its confirmation yet. */
export type LinkEndState = 'pending' | 'up' | 'down'

/** Figures of what came in, by class. */
interface Received {
  frames: number
  bytes: number
  gapFrames: number
}

/** One side of one link. */
export class LinkEnd {
  readonly info: LinkInfo
  readonly #deps: LinkEndDeps
  readonly #options: MemoryOptions
  readonly #senders = new Map<ChannelClass, ClassSender>()
  readonly #received = new Map<ChannelClass, Received>()
  readonly #heartbeat: Heartbeat
  #state: LinkEndState = 'pending'

  constructor(info: LinkInfo, deps: LinkEndDeps, options: MemoryOptions) {
    this.info = info
    this.#deps = deps
    this.#options = options
    this.#heartbeat = new Heartbeat(
      {
        host: deps.host,
        ping: (sentAtMs) => {
          this.#pushControl({ kind: 'ping', sentAtMs })
        },
        silent: () => {
          this.shut('silent', 'lost')
        },
      },
      options,
    )
  }

  get state(): LinkEndState {
    return this.#state
  }

  get silentMs(): number {
    return this.#heartbeat.silentMs
  }

  /** True when everything sent has arrived. */
  get isFlushed(): boolean {
    return [...this.#senders.values()].every((sender) => sender.isIdle)
  }

  /** True while something will arrive without a change of the network. */
  get isMoving(): boolean {
    return [...this.#senders.values()].some((sender) => sender.isMoving)
  }

  /** Gives this end the streams it sends by. Once, before anything else. */
  attach(streams: ReadonlyMap<ChannelClass, Stream<Parcel>>): void {
    for (const [name, stream] of streams) {
      this.#senders.set(name, new ClassSender(name, stream, this.#options.queueMaxBytes[name]))
      this.#received.set(name, { frames: 0, bytes: 0, gapFrames: 0 })
    }
  }

  /** The link is up on this side. `confirm`: tell the other side, which waits for it. */
  open(confirm: boolean): void {
    this.#state = 'up'
    this.#deps.record.epoch = this.info.epoch
    if (confirm) this.#senders.get('control')?.confirm()
    this.#resume('control')
    if (!confirm) this.#resumeOthers()
    this.#heartbeat.start()
  }

  /** See `Transport.send`. Counts the payload when it was taken. */
  send(channelClass: ChannelClass, payload: Uint8Array): SendOutcome {
    const sender = this.#senders.get(channelClass)
    if (this.#state !== 'up' || !sender) return 'disconnected'
    if (payload.length > this.#options.payloadMaxBytes[channelClass]) return 'full'
    if (!sender.makeRoom(payload.length)) {
      if (sender.policy === 'fail') this.#failSlowPeer()
      return 'full'
    }
    const count = this.#deps.record.counts[channelClass]
    count.sent += 1
    sender.push({ kind: 'data', sequence: count.sent, payload: Buffer.from(payload) })
    return 'accepted'
  }

  /** See `Transport.whenWritable`. */
  whenWritable(channelClass: ChannelClass): Promise<void> {
    const sender = this.#senders.get(channelClass)
    return this.#state === 'up' && sender ? sender.whenWritable() : Promise.resolve()
  }

  /** The queue of a class may have room again. */
  drained(channelClass: ChannelClass): void {
    const sender = this.#senders.get(channelClass)
    if (!sender?.isWaitedFor) return
    this.#deps.host.defer(() => {
      sender.wakeWaiting()
    })
  }

  /** Takes one parcel from the peer. */
  receive(channelClass: ChannelClass, parcel: Parcel): void {
    if (this.#state === 'down') return
    if (channelClass === 'control') this.#heartbeat.heard()
    this.#take(channelClass, parcel)
  }

  #take(channelClass: ChannelClass, parcel: Parcel): void {
    switch (parcel.kind) {
      case 'confirm':
        this.#confirm()
        return
      case 'data':
        this.#receiveData(channelClass, parcel)
        return
      case 'resume':
        this.#hearResume(channelClass, parcel.sequence)
        return
      case 'ping':
        this.#pushControl({ kind: 'pong', sentAtMs: parcel.sentAtMs })
        return
      case 'pong':
        this.#heartbeat.answered(parcel.sentAtMs)
        return
      case 'end':
        this.shut(parcel.reason)
    }
  }

  /**
   * Ends this side. `parting` is what the peer will be told, behind what is in flight; without it
   * the peer is told nothing.
   */
  shut(reason: LinkDownReason, parting?: 'goodbye' | 'lost'): void {
    if (this.#state === 'down') return
    const wasUp = this.#state === 'up'
    this.#state = 'down'
    this.#heartbeat.stop()
    for (const [name, sender] of this.#senders) {
      const last: Parcel | undefined =
        name === 'control' && parting ? { kind: 'end', reason: parting } : undefined
      sender.end(parting, last)
    }
    if (wasUp) this.#deps.news.down(this, reason)
  }

  /** The class's connection is gone: what was in flight is lost, what is queued waits. */
  degrade(channelClass: ChannelClass): void {
    if (this.#state !== 'up') return
    this.#senders.get(channelClass)?.degrade()
    this.#deps.news.degraded(this, channelClass)
  }

  /** The class has a connection again. */
  restore(channelClass: ChannelClass): void {
    if (this.#state !== 'up' || this.#senders.get(channelClass)?.state !== 'degraded') return
    this.#deps.news.restored(this, channelClass)
    this.#resume(channelClass)
  }

  /** The network changed: bytes that were held may flow. */
  poke(): boolean {
    for (const sender of this.#senders.values()) sender.poke()
    return this.#state !== 'down' || !this.isFlushed
  }

  stats(): LinkStats {
    return {
      peer: this.info.peer.name,
      epoch: this.info.epoch,
      protocol: this.info.protocol,
      address: this.info.address,
      rttMs: this.#heartbeat.rttMs,
      silentMs: this.silentMs,
      classes: Object.fromEntries(channelClasses.map((name) => [name, this.#classStats(name)])),
    }
  }

  #classStats(name: ChannelClass): ClassStats | undefined {
    const sender = this.#senders.get(name)
    const received = this.#received.get(name)
    if (!sender || !received) return undefined
    const hasCredit = name === 'telemetry' || name === 'bulk'
    return {
      ...sender.stats(),
      receivedFrames: received.frames,
      receivedBytes: received.bytes,
      gapFrames: received.gapFrames,
      windowBytes: hasCredit ? this.#options.wireMaxBytes : 0,
    }
  }

  #confirm(): void {
    if (!this.#deps.news.confirmed(this)) this.shut('lost', 'lost')
  }

  #hearResume(channelClass: ChannelClass, sequence: number): void {
    this.#catchUp(channelClass, sequence)
    if (channelClass === 'control') this.#resumeOthers()
  }

  #receiveData(channelClass: ChannelClass, data: Parcel & { kind: 'data' }): void {
    this.#catchUp(channelClass, data.sequence - 1)
    this.#deps.record.counts[channelClass].received = data.sequence
    const received = this.#received.get(channelClass)
    if (received) {
      received.frames += 1
      received.bytes += data.payload.length
    }
    this.#deps.news.frame(this, channelClass, data)
  }

  /** Everything up to `sequence` was sent; what of it did not come by now never will. */
  #catchUp(channelClass: ChannelClass, sequence: number): void {
    const count = this.#deps.record.counts[channelClass]
    const missing = sequence - count.received
    if (missing <= 0) return
    count.received = sequence
    const received = this.#received.get(channelClass)
    if (received) received.gapFrames += missing
    this.#deps.news.gap(this, channelClass, missing)
  }

  #resume(channelClass: ChannelClass): void {
    this.#senders.get(channelClass)?.resume(this.#deps.record.counts[channelClass].sent)
  }

  /** The peer has the link: what waited for that may flow. */
  #resumeOthers(): void {
    for (const [name, sender] of this.#senders) {
      if (sender.state === 'connecting') this.#resume(name)
    }
  }

  #failSlowPeer(): void {
    this.#deps.host.defer(() => {
      this.shut('slow-peer', 'lost')
    })
  }

  #pushControl(parcel: Parcel): void {
    this.#senders.get('control')?.pushOwn(parcel)
  }
}

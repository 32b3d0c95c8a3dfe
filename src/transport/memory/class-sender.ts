/** The sending side of one class of one link: the bound of its queue and who waits for room. */
import { deferred, type Deferred } from '../../kernel/index.ts'
import type { ChannelClass, ClassStats } from '../port/port.ts'
import { overflowPolicies, type OverflowPolicy } from './options.ts'
import { headerBytes, type Parcel } from './parcel.ts'
import type { Stream } from './stream.ts'

/** What a sender can tell of {@link ClassStats}. */
export type SenderStats = Omit<
  ClassStats,
  'receivedFrames' | 'receivedBytes' | 'gapFrames' | 'windowBytes'
>

/** Owned by one end of a link. */
export class ClassSender {
  readonly policy: OverflowPolicy
  readonly #stream: Stream<Parcel>
  readonly #queueMaxBytes: number
  #state: 'connecting' | 'open' | 'degraded' = 'connecting'
  #neededBytes = 0
  #room: Deferred<unknown> | undefined
  #sentFrames = 0
  #sentBytes = 0
  #droppedFrames = 0

  constructor(channelClass: ChannelClass, stream: Stream<Parcel>, queueMaxBytes: number) {
    this.policy = overflowPolicies[channelClass]
    this.#stream = stream
    this.#queueMaxBytes = queueMaxBytes
    this.#stream.hold()
  }

  get state(): ClassStats['state'] {
    return this.#state
  }

  /** True when nothing is queued or in flight. */
  get isIdle(): boolean {
    return this.#stream.parcels === 0
  }

  /** True while something will arrive without a change of the network. */
  get isMoving(): boolean {
    return this.#stream.isMoving
  }

  /** Whether a payload of this size may be queued now; drops older ones where the policy says so. */
  makeRoom(payloadBytes: number): boolean {
    const bytes = payloadBytes + headerBytes
    if (this.policy === 'drop-oldest') this.#dropUntilFits(bytes)
    if (this.#fits(bytes)) return true
    this.#neededBytes = Math.max(this.#neededBytes, bytes)
    return false
  }

  /** Queues a payload that has room. */
  push(data: Parcel & { kind: 'data' }): void {
    this.#sentFrames += 1
    this.#sentBytes += data.payload.length
    this.#stream.push(data, data.payload.length + headerBytes)
  }

  /** Queues a parcel of the engine itself, whatever the bound: few and small. */
  pushOwn(parcel: Parcel): void {
    this.#stream.push(parcel, headerBytes)
  }

  /** Puts the confirmation of a dial on the wire, before everything else. */
  confirm(): void {
    this.#stream.pushAhead({ kind: 'confirm' }, headerBytes)
  }

  /** Begins, or begins again, to put parcels on the wire. `sent` is the last sequence counted. */
  resume(sent: number): void {
    if (this.#state === 'open') return
    this.#state = 'open'
    const queued = this.#stream.firstQueued
    const sequence = queued?.kind === 'data' ? queued.sequence - 1 : sent
    this.#stream.pushAhead({ kind: 'resume', sequence }, headerBytes)
    this.#stream.release()
  }

  /** Loses what is in flight; what is queued waits for `resume`. */
  degrade(): void {
    this.#state = 'degraded'
    this.#stream.loseWire()
    this.#stream.hold()
  }

  /** Resolves when what was refused last would fit, or the link is gone. */
  async whenWritable(): Promise<void> {
    if (this.#neededBytes === 0 || this.#fits(this.#neededBytes)) return
    this.#room ??= deferred<unknown>()
    await this.#room.promise
  }

  /** True when a payload was refused and its sender not told yet that there is room. */
  get isWaitedFor(): boolean {
    return this.#neededBytes > 0
  }

  /** Wakes who waits for room when there is room. */
  wakeWaiting(): void {
    if (this.#neededBytes === 0 || !this.#fits(this.#neededBytes)) return
    this.#neededBytes = 0
    this.#wake()
  }

  /**
   * The link is gone on this side. `goodbye` lets what is queued flow, `lost` only what is in
   * flight; `last` tells the peer. Without `parting` nothing arrives any more.
   */
  end(parting: 'goodbye' | 'lost' | undefined, last?: Parcel): void {
    const sized = last && { parcel: last, bytes: headerBytes }
    if (parting === 'goodbye') this.#stream.finish(sized)
    else if (parting === 'lost') this.#stream.cutOff(sized)
    else this.#stream.close()
    this.#wake()
  }

  poke(): void {
    this.#stream.poke()
  }

  stats(): SenderStats {
    return {
      state: this.#state,
      queuedBytes: this.#stream.bytes,
      queuedFrames: this.#stream.parcels,
      sentFrames: this.#sentFrames,
      sentBytes: this.#sentBytes,
      droppedFrames: this.#droppedFrames,
    }
  }

  #fits(bytes: number): boolean {
    const { queueBytes } = this.#stream
    return queueBytes === 0 || queueBytes + bytes <= this.#queueMaxBytes
  }

  #dropUntilFits(bytes: number): void {
    while (!this.#fits(bytes)) {
      if (this.#stream.dropOldest()?.kind !== 'data') return
      this.#droppedFrames += 1
    }
  }

  #wake(): void {
    this.#room?.resolve(undefined)
    this.#room = undefined
  }
}

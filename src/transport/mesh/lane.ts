/**
 * One class of one link: its queue, its sequences, its credit and, while there is one, its
 * connection. What is queued outlives a lost connection; what a socket had taken does not.
 */
import { FoundationError, deferred, type Deferred } from '../../kernel/index.ts'
import { frameHeaderBytes, frameKinds } from '../../wire/index.ts'
import { channelClasses, type ChannelClass, type ClassStats, type SendOutcome } from '../port.ts'
import type { ClassConnection } from './class-connection.ts'
import { CreditMeter, CreditWindow, creditDefaults } from './credit.ts'
import { Reassembly, creditPartMaxBytes, fragmentAt, partMaxBytes } from './fragments.ts'
import {
  classPolicies,
  queueMaxBytesOf,
  type ClassPolicy,
  type MeshOptions,
} from './mesh-options.ts'
import { SendQueue } from './send-queue.ts'
import { missingBefore, resume, type Streams } from './sequence.ts'

/** Most bytes given to a socket that the kernel has not accepted: what is there cannot be dropped. */
const socketMaxBytes = 256 * 1024

/** What the link does for its lanes. */
export interface LaneOwner {
  readonly streams: Streams
  deliver(lane: Lane, sequence: number, payload: Uint8Array): void
  gap(lane: Lane, count: number): void
  /** Something is queued and there is no connection. */
  wanted(lane: Lane): void
  /** The queue of a class with policy `fail` is over its bound. */
  overflowed(): void
  /** Credit holds payloads back: round trips should be measured often. */
  limited(): void
}

/** Where the connection of a lane stands; see {@link ClassStats}. */
export type LaneState = ClassStats['state']

/** Four a link. */
export class Lane {
  readonly channelClass: ChannelClass
  readonly index: number
  /** Undefined where the class has no credit. */
  readonly credit: CreditWindow | undefined
  readonly meter: CreditMeter = new CreditMeter()
  state: LaneState = 'idle'
  readonly #owner: LaneOwner
  readonly #policy: ClassPolicy
  readonly #queue: SendQueue
  readonly #reassembly: Reassembly
  readonly #socketMaxBytes: number
  readonly #partMaxBytes: number
  #connection: ClassConnection | undefined
  /** How much of the oldest queued payload has left as fragments. */
  #offset = 0
  #room: Deferred<void> | undefined
  #isDown = false
  #sentFrames = 0
  #sentBytes = 0
  #receivedFrames = 0
  #receivedBytes = 0
  #droppedFrames = 0
  #gapFrames = 0

  constructor(owner: LaneOwner, channelClass: ChannelClass, queueMaxBytes: number) {
    this.channelClass = channelClass
    this.index = channelClasses.indexOf(channelClass)
    this.#owner = owner
    this.#policy = classPolicies[channelClass]
    this.#queue = new SendQueue(queueMaxBytes)
    this.#reassembly = new Reassembly(this.#policy.payloadMaxBytes)
    this.#socketMaxBytes = Math.min(socketMaxBytes, queueMaxBytes / 2)
    this.#partMaxBytes = this.#policy.hasCredit ? creditPartMaxBytes : partMaxBytes
    this.credit = this.#policy.hasCredit ? new CreditWindow(creditDefaults) : undefined
  }

  get connection(): ClassConnection | undefined {
    return this.#connection
  }

  /** True while something waits for a connection or for room in it. */
  get hasQueued(): boolean {
    return this.#queue.frames > 0
  }

  /** True while anything waits here or in the socket. */
  get isBusy(): boolean {
    return this.hasQueued || (this.#connection?.pendingBytes ?? 0) > 0
  }

  /** The sequence of the first payload that will still be sent: the oldest queued or the next one. */
  get firstUnsent(): number {
    return this.#nextSequence - this.#queue.frames
  }

  /** Whether a small frame that is not counted (pong, credit) may still be added. */
  get canAnswer(): boolean {
    return (this.#connection?.pendingBytes ?? Infinity) < 2 * socketMaxBytes
  }

  get #nextSequence(): number {
    return this.#owner.streams.next[this.index] ?? 1
  }

  /** Uses a fresh connection from now on. `told` is what the peer will send first on it. */
  attach(connection: ClassConnection, { told, generation }: Attachment): void {
    this.#connection?.close()
    this.#connection = connection
    this.state = 'open'
    this.#offset = 0
    this.#reassembly.abandon()
    this.credit?.restart(generation)
    this.meter.restart(generation)
    this.resume(told)
    this.pump()
  }

  /** Learns what the peer will send first; everything before it that did not arrive is a gap. */
  resume(told: number): void {
    this.#missed(resume(this.#owner.streams, this.index, told))
  }

  /** The connection is gone; what is queued waits for the next one. */
  detach(state: LaneState): void {
    this.#connection = undefined
    this.state = state
    this.#offset = 0
    this.#reassembly.abandon()
    this.#wakeIfRelaxed()
  }

  /** The link is gone: nothing queued will be sent, nobody has to wait. */
  shutDown(): void {
    this.#isDown = true
    this.#connection = undefined
    this.#queue.clear()
    this.#wake()
  }

  /** See `Transport.send`. */
  send(payload: Uint8Array): SendOutcome {
    if (this.#queue.frames === 0 && payload.length <= this.#partMaxBytes) {
      const connection = this.#connection
      if (connection && this.#hasRoom(connection)) {
        this.#writeData(connection, this.#takeSequence(), payload)
        return 'accepted'
      }
    }
    return this.#enqueue(payload)
  }

  /** Resolves when half of the bound is free, or the link is gone. */
  whenWritable(): Promise<void> {
    if (this.#isDown || this.#isRelaxed()) return Promise.resolve()
    this.#room ??= deferred()
    return this.#room.promise
  }

  /** Moves what is queued to the connection while there is room. */
  pump(): void {
    const connection = this.#connection
    if (connection) {
      let payload = this.#queue.peek()
      while (payload && this.#hasRoom(connection)) {
        this.#writeNext(connection, payload)
        payload = this.#queue.peek()
      }
      connection.flush()
    }
    this.#wakeIfRelaxed()
  }

  /** One whole payload of the peer. */
  data(sequence: number, body: Buffer): void {
    this.meter.took(frameHeaderBytes + body.length)
    this.#place(sequence)
    this.#deliver(sequence, body)
  }

  /** A part of a payload of the peer. */
  fragment(sequence: number, body: Buffer, isLast: boolean): void {
    this.meter.took(frameHeaderBytes + body.length)
    if (!this.#reassembly.isAt(sequence)) this.#place(sequence)
    const payload = this.#reassembly.add(sequence, body, isLast)
    if (payload) this.#deliver(sequence, payload)
  }

  stats(): ClassStats {
    return {
      state: this.state,
      queuedBytes: this.#queue.bytes + (this.#connection?.pendingBytes ?? 0),
      queuedFrames: this.#queue.frames,
      sentFrames: this.#sentFrames,
      sentBytes: this.#sentBytes,
      receivedFrames: this.#receivedFrames,
      receivedBytes: this.#receivedBytes,
      droppedFrames: this.#droppedFrames,
      gapFrames: this.#gapFrames,
      windowBytes: this.credit?.windowBytes ?? 0,
    }
  }

  #hasRoom(connection: ClassConnection): boolean {
    if (connection.pendingBytes >= this.#socketMaxBytes) return false
    if (this.credit === undefined || this.credit.hasRoom()) return true
    this.#owner.limited()
    return false
  }

  #isRelaxed(): boolean {
    return this.#queue.isRelaxed(this.#connection?.pendingBytes ?? 0)
  }

  #takeSequence(): number {
    const sequence = this.#nextSequence
    this.#owner.streams.next[this.index] = sequence + 1
    return sequence
  }

  #enqueue(payload: Uint8Array): SendOutcome {
    if (!this.#makeRoom(payload.length)) return 'full'
    // Given out even if the payload is dropped later: the hole tells the peer.
    this.#takeSequence()
    this.#queue.push(payload)
    if (!this.#connection) this.#owner.wanted(this)
    else if (this.#queue.frames === 1) this.pump()
    return 'accepted'
  }

  /** Applies the overflow policy; false when the payload cannot be taken. */
  #makeRoom(payloadBytes: number): boolean {
    const pendingBytes = this.#connection?.pendingBytes ?? 0
    while (!this.#queue.fits(payloadBytes, pendingBytes)) {
      if (this.#policy.overflow !== 'drop-oldest') {
        if (this.#policy.overflow === 'fail') this.#owner.overflowed()
        return false
      }
      this.#queue.shift()
      this.#offset = 0
      this.#droppedFrames += 1
    }
    return true
  }

  #writeNext(connection: ClassConnection, payload: Uint8Array): void {
    const sequence = this.firstUnsent
    if (payload.length <= this.#partMaxBytes) {
      this.#queue.shift()
      this.#writeData(connection, sequence, payload)
      return
    }
    const { body, nextOffset, isLast } = fragmentAt(payload, this.#offset, this.#partMaxBytes)
    connection.write(isLast ? frameKinds.fragmentEnd : frameKinds.fragment, sequence, body)
    this.credit?.sent(frameHeaderBytes + body.length)
    this.#offset = isLast ? 0 : nextOffset
    if (!isLast) return
    this.#queue.shift()
    this.#sentFrames += 1
    this.#sentBytes += payload.length
  }

  #writeData(connection: ClassConnection, sequence: number, payload: Uint8Array): void {
    connection.write(frameKinds.data, sequence, payload)
    this.credit?.sent(frameHeaderBytes + payload.length)
    this.#sentFrames += 1
    this.#sentBytes += payload.length
  }

  /** Checks the place of a payload in its stream and reports what is missing before it. */
  #place(sequence: number): void {
    const missing = missingBefore(this.#owner.streams.expected[this.index] ?? 1, sequence)
    if (missing < 0) throw new FoundationError('FND_FRAME_INVALID', 'Sequence went back')
    this.#owner.streams.expected[this.index] = sequence
    this.#missed(missing)
  }

  #deliver(sequence: number, payload: Uint8Array): void {
    this.#owner.streams.expected[this.index] = sequence + 1
    this.#receivedFrames += 1
    this.#receivedBytes += payload.length
    this.#owner.deliver(this, sequence, payload)
  }

  #missed(count: number): void {
    if (count === 0) return
    this.#gapFrames += count
    this.#owner.gap(this, count)
  }

  #wakeIfRelaxed(): void {
    if (this.#room && this.#isRelaxed()) this.#wake()
  }

  #wake(): void {
    this.#room?.resolve()
    this.#room = undefined
  }
}

/** One lane for each class. */
export function lanesOf(
  owner: LaneOwner,
  options: MeshOptions,
): Readonly<Record<ChannelClass, Lane>> {
  const laneOf = (channelClass: ChannelClass): Lane =>
    new Lane(owner, channelClass, queueMaxBytesOf(options, channelClass))
  return {
    control: laneOf('control'),
    events: laneOf('events'),
    telemetry: laneOf('telemetry'),
    bulk: laneOf('bulk'),
  }
}

/** What both sides agreed for a fresh connection. */
export interface Attachment {
  /** The sequence of the first payload the peer will still send. */
  readonly told: number
  /** Counts the connections of this class of this link, chosen by the dialing side. */
  readonly generation: number
}

/**
 * The sending half of a lane: the queue, the place of each payload in its stream, credit, and the
 * connection all of it leaves by. What is queued outlives a lost connection; what a socket had taken
 * does not.
 */
import { deferred, type Deferred } from '../../kernel/index.ts'
import { frameHeaderBytes, frameKinds } from '../../wire/index.ts'
import type { ClassStats, SendOutcome } from '../port/port.ts'
import type { Streams } from '../port/sequence.ts'
import type { ClassConnection } from './class-connection.ts'
import { CreditWindow, creditDefaults } from './credit.ts'
import { creditPartMaxBytes, fragmentAt, partMaxBytes } from './fragments.ts'
import type { ClassPolicy } from './mesh-options.ts'
import { SendQueue } from './send-queue.ts'

/** What a {@link LaneSender} talks to. */
export interface LaneSenderDeps {
  readonly streams: Streams
  /** Place of the class in `channelClasses`. */
  readonly index: number
  /** Something is queued and there is no connection. */
  readonly wanted: () => void
  /** The queue of a class with policy `fail` is over its bound. */
  readonly overflowed: () => void
  /** Credit holds payloads back. */
  readonly limited: () => void
}

/** Most bytes given to a socket that the kernel has not accepted: what is there cannot be dropped. */
const socketMaxBytes = 256 * 1024

/** One a lane. */
export class LaneSender {
  /** Undefined where the class has no credit. */
  readonly credit: CreditWindow | undefined
  readonly #deps: LaneSenderDeps
  readonly #policy: ClassPolicy
  readonly #queue: SendQueue
  readonly #socketMaxBytes: number
  /** Who waits for room is woken at this many: enough to keep the socket busy meanwhile. */
  readonly #lowBytes: number
  readonly #partMaxBytes: number
  #connection: ClassConnection | undefined
  /** How much of the oldest queued payload has left as fragments. */
  #offset = 0
  #room: Deferred<void> | undefined
  #isDown = false
  #sentFrames = 0
  #sentBytes = 0
  #droppedFrames = 0

  constructor(deps: LaneSenderDeps, policy: ClassPolicy, queueMaxBytes: number) {
    this.#deps = deps
    this.#policy = policy
    this.#queue = new SendQueue(queueMaxBytes)
    this.#socketMaxBytes = Math.min(socketMaxBytes, queueMaxBytes / 2)
    this.#lowBytes = this.#socketMaxBytes / 2
    this.#partMaxBytes = policy.hasCredit ? creditPartMaxBytes : partMaxBytes
    this.credit = policy.hasCredit ? new CreditWindow(creditDefaults) : undefined
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
    return this.hasQueued || this.#pendingBytes > 0
  }

  /** The sequence of the first payload that will still be sent: the oldest queued or the next one. */
  get firstUnsent(): number {
    return this.#nextSequence - this.#queue.frames
  }

  /** Whether a small frame that is not counted (pong, credit) may still be added. */
  get canAnswer(): boolean {
    return (this.#connection?.pendingBytes ?? Infinity) < 2 * socketMaxBytes
  }

  get #pendingBytes(): number {
    return this.#connection?.pendingBytes ?? 0
  }

  get #nextSequence(): number {
    return this.#deps.streams.next[this.#deps.index] ?? 1
  }

  /** Uses a fresh connection from the next {@link pump} on, and closes the one before it. */
  attach(connection: ClassConnection, generation: number): void {
    this.#connection?.close()
    this.#connection = connection
    this.#offset = 0
    this.credit?.restart(generation)
  }

  /** The connection is gone; what is queued waits for the next one. */
  detach(): void {
    this.#connection = undefined
    this.#offset = 0
    this.#wakeIfLow()
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

  /** Resolves when little is queued any more, or the link is gone. */
  whenWritable(): Promise<void> {
    if (this.#isDown || this.#isLow()) return Promise.resolve()
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
    this.#wakeIfLow()
  }

  stats(): Omit<ClassStats, 'state' | 'receivedFrames' | 'receivedBytes' | 'gapFrames'> {
    return {
      queuedBytes: this.#queue.bytes + this.#pendingBytes,
      queuedFrames: this.#queue.frames,
      sentFrames: this.#sentFrames,
      sentBytes: this.#sentBytes,
      droppedFrames: this.#droppedFrames,
      windowBytes: this.credit?.windowBytes ?? 0,
    }
  }

  #hasRoom(connection: ClassConnection): boolean {
    if (connection.pendingBytes >= this.#socketMaxBytes) return false
    if (this.credit === undefined || this.credit.hasRoom()) return true
    this.#deps.limited()
    return false
  }

  #isLow(): boolean {
    return this.#queue.bytes + this.#pendingBytes <= this.#lowBytes
  }

  #takeSequence(): number {
    const sequence = this.#nextSequence
    this.#deps.streams.next[this.#deps.index] = sequence + 1
    return sequence
  }

  #enqueue(payload: Uint8Array): SendOutcome {
    if (!this.#makeRoom(payload.length)) return 'full'
    // Given out even if the payload is dropped later: the hole tells the peer.
    this.#takeSequence()
    this.#queue.push(payload)
    if (!this.#connection) this.#deps.wanted()
    else if (this.#queue.frames === 1) this.pump()
    return 'accepted'
  }

  /** Applies the overflow policy; false when the payload cannot be taken. */
  #makeRoom(payloadBytes: number): boolean {
    const pendingBytes = this.#pendingBytes
    while (!this.#queue.fits(payloadBytes, pendingBytes)) {
      if (this.#policy.overflow !== 'drop-oldest') {
        if (this.#policy.overflow === 'fail') this.#deps.overflowed()
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

  #wakeIfLow(): void {
    if (this.#room && this.#isLow()) this.#wake()
  }

  #wake(): void {
    this.#room?.resolve()
    this.#room = undefined
  }
}

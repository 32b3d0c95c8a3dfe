/**
 * One class of one link: what is sent, what comes, and, while there is one, the connection both go
 * over.
 */
import { frameKinds, type BodyUse } from '../../wire/index.ts'
import {
  channelClasses,
  type ChannelClass,
  type ClassStats,
  type SendOutcome,
} from '../port/port.ts'
import type { Streams } from '../port/sequence.ts'
import type { ClassConnection } from './class-connection.ts'
import { CreditMeter, type CreditWindow } from './credit.ts'
import { LaneReceiver } from './lane-receiver.ts'
import { LaneSender } from './lane-sender.ts'
import { classPolicies, queueMaxBytesOf, type MeshOptions } from './mesh-options.ts'

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
  readonly meter: CreditMeter = new CreditMeter()
  state: LaneState = 'idle'
  readonly #sender: LaneSender
  readonly #receiver: LaneReceiver

  constructor(owner: LaneOwner, channelClass: ChannelClass, queueMaxBytes: number) {
    this.channelClass = channelClass
    this.index = channelClasses.indexOf(channelClass)
    this.#sender = this.#senderOf(owner, queueMaxBytes)
    this.#receiver = this.#receiverOf(owner)
  }

  /** Undefined where the class has no credit. */
  get credit(): CreditWindow | undefined {
    return this.#sender.credit
  }

  get connection(): ClassConnection | undefined {
    return this.#sender.connection
  }

  /** See {@link LaneSender}. */
  get hasQueued(): boolean {
    return this.#sender.hasQueued
  }

  /** See {@link LaneSender}. */
  get isBusy(): boolean {
    return this.#sender.isBusy
  }

  /** See {@link LaneSender}. */
  get firstUnsent(): number {
    return this.#sender.firstUnsent
  }

  /** See {@link LaneSender}. */
  get canAnswer(): boolean {
    return this.#sender.canAnswer
  }

  /** Uses a fresh connection from now on. `told` is what the peer will send first on it. */
  attach(connection: ClassConnection, { told, generation }: Attachment): void {
    this.#sender.attach(connection, generation)
    this.state = 'open'
    this.#receiver.abandon()
    this.meter.restart(generation)
    this.resume(told)
    this.pump()
  }

  /** Learns what the peer will send first; everything before it that did not arrive is a gap. */
  resume(told: number): void {
    this.#receiver.resume(told)
  }

  /** The connection is gone; what is queued waits for the next one. */
  detach(state: LaneState): void {
    this.state = state
    this.#receiver.abandon()
    this.#sender.detach()
  }

  /** The link is gone: nothing queued will be sent, nobody has to wait. */
  shutDown(): void {
    this.#sender.shutDown()
  }

  /** See `Transport.send`. */
  send(payload: Uint8Array): SendOutcome {
    return this.#sender.send(payload)
  }

  /** Resolves when little is queued any more, or the link is gone. */
  whenWritable(): Promise<void> {
    return this.#sender.whenWritable()
  }

  /** Moves what is queued to the connection while there is room. */
  pump(): void {
    this.#sender.pump()
  }

  /** Takes a frame that carries a payload or a part of one. @returns undefined for any other frame. */
  frame(kind: number, sequence: number, body: Uint8Array): BodyUse | undefined {
    if (kind === frameKinds.data) {
      this.#receiver.data(sequence, body)
      return 'kept'
    }
    const isEnd = kind === frameKinds.fragmentEnd
    if (!isEnd && kind !== frameKinds.fragment) return undefined
    this.#receiver.fragment(sequence, body, isEnd)
    return 'free'
  }

  stats(): ClassStats {
    return { state: this.state, ...this.#sender.stats(), ...this.#receiver.stats() }
  }

  #senderOf(owner: LaneOwner, queueMaxBytes: number): LaneSender {
    return new LaneSender(
      {
        ...{ streams: owner.streams, index: this.index },
        wanted: () => {
          owner.wanted(this)
        },
        overflowed: () => {
          owner.overflowed()
        },
        limited: () => {
          owner.limited()
        },
      },
      classPolicies[this.channelClass],
      queueMaxBytes,
    )
  }

  #receiverOf(owner: LaneOwner): LaneReceiver {
    const { index, meter } = this
    return new LaneReceiver(
      {
        ...{ streams: owner.streams, index, meter },
        deliver: (sequence, payload) => {
          owner.deliver(this, sequence, payload)
        },
        gap: (count) => {
          owner.gap(this, count)
        },
      },
      classPolicies[this.channelClass].payloadMaxBytes,
    )
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

/** The receiving half of a lane: the place of each payload in its stream, its parts, and what is missing. */
import { FoundationError } from '../../kernel/index.ts'
import { frameHeaderBytes } from '../../wire/index.ts'
import type { ClassStats } from '../port/port.ts'
import { missingBefore, resume, type Streams } from '../port/sequence.ts'
import type { CreditMeter } from './credit.ts'
import { Reassembly } from './fragments.ts'

/** What a {@link LaneReceiver} talks to. */
export interface LaneReceiverDeps {
  readonly streams: Streams
  /** Place of the class in `channelClasses`. */
  readonly index: number
  /** Counts what the peer is owed credit for. */
  readonly meter: Pick<CreditMeter, 'took'>
  readonly deliver: (sequence: number, payload: Uint8Array) => void
  readonly gap: (count: number) => void
}

/** One a lane. */
export class LaneReceiver {
  readonly #deps: LaneReceiverDeps
  readonly #reassembly: Reassembly
  #receivedFrames = 0
  #receivedBytes = 0
  #gapFrames = 0

  constructor(deps: LaneReceiverDeps, payloadMaxBytes: number) {
    this.#deps = deps
    this.#reassembly = new Reassembly(payloadMaxBytes)
  }

  stats(): Pick<ClassStats, 'receivedFrames' | 'receivedBytes' | 'gapFrames'> {
    return {
      receivedFrames: this.#receivedFrames,
      receivedBytes: this.#receivedBytes,
      gapFrames: this.#gapFrames,
    }
  }

  /** Learns what the peer will send first; everything before it that did not arrive is a gap. */
  resume(told: number): void {
    this.#missed(resume(this.#deps.streams, this.#deps.index, told))
  }

  /** The connection is another one, or gone: the rest of a payload in parts will not come. */
  abandon(): void {
    this.#reassembly.abandon()
  }

  /**
   * One whole payload of the peer.
   *
   * @throws {FoundationError} `FND_FRAME_INVALID`
   */
  data(sequence: number, body: Uint8Array): void {
    this.#deps.meter.took(frameHeaderBytes + body.length)
    this.#place(sequence)
    this.#deliver(sequence, body)
  }

  /**
   * A part of a payload of the peer.
   *
   * @throws {FoundationError} `FND_FRAME_INVALID`
   */
  fragment(sequence: number, body: Uint8Array, isLast: boolean): void {
    this.#deps.meter.took(frameHeaderBytes + body.length)
    if (!this.#reassembly.isAt(sequence)) this.#place(sequence)
    const payload = this.#reassembly.add(sequence, body, isLast)
    if (payload) this.#deliver(sequence, payload)
  }

  /** Checks the place of a payload in its stream and reports what is missing before it. */
  #place(sequence: number): void {
    const { expected } = this.#deps.streams
    const missing = missingBefore(expected[this.#deps.index] ?? 1, sequence)
    if (missing < 0) throw new FoundationError('FND_FRAME_INVALID', 'Sequence went back')
    expected[this.#deps.index] = sequence
    this.#missed(missing)
  }

  #deliver(sequence: number, payload: Uint8Array): void {
    this.#deps.streams.expected[this.#deps.index] = sequence + 1
    this.#receivedFrames += 1
    this.#receivedBytes += payload.length
    this.#deps.deliver(sequence, payload)
  }

  #missed(count: number): void {
    if (count === 0) return
    this.#gapFrames += count
    this.#deps.gap(count)
  }
}

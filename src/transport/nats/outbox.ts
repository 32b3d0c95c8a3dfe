/**
 * What one class still has to say to the broker. Payloads of one turn for one subject become one
 * message; messages leave within a window of what the broker has not confirmed; all is bounded.
 * After a lost connection what was not confirmed is said again, and receivers pass over what they
 * have. Pure.
 */
import { frameWith, headerBytes, lengthBytes, natsKinds, writePayloads } from './frames.ts'
import { partHeadBytes, writePartHead } from './fragments.ts'
import type { Place, Stream } from './streams.ts'

/** One message for the broker. */
export interface Parcel {
  readonly subject: string
  readonly bytes: Buffer
  /** Payloads that end in it. */
  readonly payloads: number
}

/** Bounds of an outbox. */
export interface OutboxOptions {
  readonly sender: string
  /** Bytes waiting and under way. */
  readonly queueMaxBytes: number
  /** Bytes under way. */
  readonly windowMaxBytes: number
  /** Largest message. */
  readonly messageMaxBytes: number
  /** Seals a message, or leaves it as it is. */
  readonly close: (message: Buffer, subject: string) => Buffer
}

interface Batch extends Place {
  readonly stream: Stream
  readonly payloads: Uint8Array[]
  bytes: number
}

/** Payloads are joined up to about this size. */
const batchMaxBytes = 32 * 1024

/** One a class. */
export class Outbox {
  readonly #options: OutboxOptions
  readonly #batchMaxBytes: number
  #batch: Batch | undefined
  #waiting: Parcel[] = []
  /** Index of the first parcel that still waits: cutting the array costs as much as it is long. */
  #first = 0
  #flying: Parcel[] = []
  #waitingBytes = 0
  #flyingBytes = 0

  constructor(options: OutboxOptions) {
    this.#options = options
    this.#batchMaxBytes = Math.min(batchMaxBytes, options.messageMaxBytes)
  }

  get queuedBytes(): number {
    return this.#waitingBytes + this.#flyingBytes + (this.#batch?.bytes ?? 0)
  }

  get queuedParcels(): number {
    return this.#waiting.length - this.#first + this.#flying.length + (this.#batch ? 1 : 0)
  }

  /** A message is full and may leave before the turn ends. */
  get isPressing(): boolean {
    return this.#first < this.#waiting.length && this.#flyingBytes < this.#options.windowMaxBytes
  }

  get isEmpty(): boolean {
    return this.queuedParcels === 0
  }

  /** A payload larger than half the bound is taken while half of it is free. */
  hasRoom(bytes: number): boolean {
    const { queueMaxBytes } = this.#options
    return this.queuedBytes + Math.min(bytes, queueMaxBytes / 2) <= queueMaxBytes
  }

  /** Drops what has waited longest until there is room; returns how many payloads that were. */
  makeRoom(bytes: number): number {
    let dropped = 0
    this.#closeBatch()
    while (!this.hasRoom(bytes) && this.#first < this.#waiting.length) {
      dropped += this.#shift().payloads
    }
    return dropped
  }

  /** Takes a payload behind all others and counts it. Ask `hasRoom` first. */
  add(stream: Stream, payload: Uint8Array): void {
    const sequence = stream.next++
    if (payload.length + lengthBytes + headerBytes > this.#options.messageMaxBytes) {
      const { subject, generation } = stream
      this.#addInParts({ subject, generation, sequence }, payload)
      return
    }
    if (!this.#fits(stream, sequence, payload.length)) this.#closeBatch()
    const batch = (this.#batch ??= newBatch(stream, sequence))
    batch.payloads.push(payload)
    batch.bytes += lengthBytes + payload.length
  }

  /** Takes a message that belongs to no stream, behind all others. */
  addMessage(subject: string, bytes: Buffer): void {
    this.#closeBatch()
    this.#push({ subject, bytes: this.#options.close(bytes, subject), payloads: 0 })
  }

  /**
   * The next message that may leave now; it is under way from then on.
   *
   * @param partial `false` leaves alone a message that more payloads may still join.
   */
  take(partial = true): Parcel | undefined {
    if (this.#flyingBytes >= this.#options.windowMaxBytes) return undefined
    if (partial && this.#first === this.#waiting.length) this.#closeBatch()
    if (this.#first === this.#waiting.length) return undefined
    const parcel = this.#shift()
    this.#flying.push(parcel)
    this.#flyingBytes += parcel.bytes.length
    return parcel
  }

  /** Messages under way now; what `confirm` is given later. */
  get flying(): number {
    return this.#flying.length
  }

  /** The broker has the first `count` messages that were under way. */
  confirm(count: number): void {
    for (const { bytes } of this.#flying.splice(0, count)) this.#flyingBytes -= bytes.length
  }

  /** The connection was lost: what was under way leaves again, first. */
  rewind(): void {
    this.#waiting = [...this.#flying, ...this.#waiting.slice(this.#first)]
    this.#first = 0
    this.#waitingBytes += this.#flyingBytes
    this.#flying = []
    this.#flyingBytes = 0
  }

  #fits(stream: Stream, sequence: number, bytes: number): boolean {
    const batch = this.#batch
    if (!batch) return true
    const isNext = batch.stream === stream && batch.sequence + batch.payloads.length === sequence
    return isNext && batch.bytes + lengthBytes + bytes <= this.#batchMaxBytes
  }

  #closeBatch(): void {
    const batch = this.#batch
    if (!batch) return
    this.#batch = undefined
    const { subject, payloads, bytes } = batch
    const frame = frameWith(this.#header(natsKinds.data, batch), bytes - headerBytes)
    writePayloads(frame, payloads)
    this.#push({
      subject,
      bytes: this.#options.close(frame, subject),
      payloads: payloads.length,
    })
  }

  #addInParts(place: Place, payload: Uint8Array): void {
    this.#closeBatch()
    const { subject } = place
    const partMaxBytes = this.#options.messageMaxBytes - headerBytes - partHeadBytes
    for (let offset = 0; offset < payload.length; offset += partMaxBytes) {
      const part = payload.subarray(offset, offset + partMaxBytes)
      const isLast = offset + part.length === payload.length
      const frame = frameWith(this.#header(natsKinds.part, place), partHeadBytes + part.length)
      frame.set(part, writePartHead(frame, headerBytes, { total: payload.length, offset }))
      this.#push({
        subject,
        bytes: this.#options.close(frame, subject),
        payloads: isLast ? 1 : 0,
      })
    }
  }

  #header(kind: number, { generation, sequence }: Place): Parameters<typeof frameWith>[0] {
    const { sender } = this.#options
    return { kind, isSealed: false, generation, sender, sequence }
  }

  #push(parcel: Parcel): void {
    this.#waiting.push(parcel)
    this.#waitingBytes += parcel.bytes.length
  }

  #shift(): Parcel {
    const parcel = this.#waiting[this.#first] as Parcel
    this.#first += 1
    this.#waitingBytes -= parcel.bytes.length
    if (this.#first > 1_024 && this.#first * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#first)
      this.#first = 0
    }
    return parcel
  }
}

function newBatch(stream: Stream, sequence: number): Batch {
  const { subject, generation } = stream
  return { stream, subject, generation, sequence, payloads: [], bytes: headerBytes }
}

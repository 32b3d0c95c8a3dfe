/**
 * What one linked peer was sent of this node's log and what it has acknowledged. Pure: decides
 * which message comes next; the outbox sends it.
 */
import type { LogAck, LogDigest, LogName, LogSnapshot, Operation } from './messages.ts'
import { operationBytes, type OperationRange, type OwnLog } from './own-log.ts'
import { operationsMax } from './messages.ts'

/** The next message for a peer. */
export type StreamPart =
  | { readonly kind: 'delta'; readonly range: OperationRange }
  | { readonly kind: 'slice'; readonly slice: SnapshotSlice }

type SnapshotSlice = Omit<LogSnapshot, keyof LogName>

interface OpenSnapshot {
  readonly id: number
  readonly sequence: number
  /** What is left of it. Read a slice at a time: a list of a million would hold up the event loop. */
  readonly operations: Iterator<Operation, undefined>
  /** Read already, for the next slice. */
  ahead: Operation | undefined
  /** Cut, not taken by the transport yet. */
  slice: SnapshotSlice | undefined
  /** Slices sent. */
  slices: number
}

/** A message under way: gone when the acknowledgement passes its mark. */
interface InFlight {
  readonly bytes: number
  readonly isCoveredBy: (ack: LogAck) => boolean
}

/** The bounds a stream needs. */
export interface StreamBounds {
  readonly sliceMaxBytes: number
  readonly windowMaxBytes: number
}

/** One linked peer, as the owner sees it. */
export class PeerStream {
  readonly incarnation: string
  readonly #bounds: StreamBounds
  #acknowledged = 0
  /** Changes up to this number were sent, or are part of the open snapshot. */
  #sent = 0
  #snapshot: OpenSnapshot | undefined
  #inFlight: InFlight[] = []
  #inFlightBytes = 0
  /** `awaited`: the peer has not said yet where to begin. `owed`: it is told once it has everything. */
  #state: 'awaited' | 'owed' | 'even' = 'awaited'
  /** When the last snapshot was begun, on the host's clock. */
  snapshotAtMs: number = Number.NEGATIVE_INFINITY
  /** True while somebody waits for the peer's queue to have room. */
  isBlocked = false

  constructor(incarnation: string, bounds: StreamBounds) {
    this.incarnation = incarnation
    this.#bounds = bounds
  }

  /** Every change up to this number is known to be applied by the peer. */
  get acknowledged(): number {
    return this.#acknowledged
  }

  /** Begins to send the whole state; what was under way is forgotten. */
  beginSnapshot(id: number, own: OwnLog): void {
    this.#snapshot = {
      ...{ id, sequence: own.sealed, operations: own.operations() },
      ...{ ahead: undefined, slice: undefined, slices: 0 },
    }
    this.#sent = own.sealed
    this.#state = 'even'
    this.#forgetInFlight()
  }

  /** Sends, perhaps again, from change number `from`: the peer has those before it. */
  rewind(from: number): void {
    this.#snapshot = undefined
    this.#sent = from - 1
    this.#state = 'owed'
    this.#acknowledged = Math.max(this.#acknowledged, from - 1)
    this.#forgetInFlight()
  }

  /** True once, when a peer that had fallen behind was sent everything. */
  isEvenAgain(own: OwnLog): boolean {
    if (this.#state !== 'owed' || !this.#isComplete(own)) return false
    this.#state = 'even'
    return true
  }

  /**
   * What to send next.
   *
   * @returns `'lost'` when the peer needs changes that are no longer retained; undefined when there
   *   is nothing to send or enough is under way.
   */
  next(own: OwnLog): StreamPart | 'lost' | undefined {
    if (this.isAwaited) return undefined
    if (this.#inFlightBytes >= this.#bounds.windowMaxBytes) return undefined
    if (this.#snapshot) return this.#nextSlice(this.#snapshot)
    if (this.#sent >= own.sealed) return undefined
    const range = own.range(this.#sent + 1)
    return range ? { kind: 'delta', range } : 'lost'
  }

  /** The part was taken by the transport. */
  sent(part: StreamPart, bytes: number): void {
    if (part.kind === 'delta') {
      const { to } = part.range
      this.#sent = to
      this.#track({ bytes, isCoveredBy: (ack) => ack.sequence >= to })
      return
    }
    const { snapshot: id, index, isLast } = part.slice
    this.#track({
      bytes,
      isCoveredBy: (ack) => ack.snapshot > id || (ack.snapshot === id && ack.slices > index),
    })
    if (isLast) this.#snapshot = undefined
    else if (this.#snapshot) {
      this.#snapshot.slice = undefined
      this.#snapshot.slices = index + 1
    }
  }

  /** @returns true when the peer has applied more than was known. */
  acknowledge(ack: LogAck): boolean {
    let covered = 0
    for (let first = this.#inFlight[0]; first?.isCoveredBy(ack); first = this.#inFlight[covered]) {
      this.#inFlightBytes -= first.bytes
      covered += 1
    }
    if (covered > 0) this.#inFlight.splice(0, covered)
    // A peer cannot have applied what it was not sent.
    const sequence = Math.min(ack.sequence, this.#sent)
    const isNews = sequence > this.#acknowledged
    if (isNews) this.#acknowledged = sequence
    return isNews
  }

  /** True until the peer has said where to begin. */
  get isAwaited(): boolean {
    return this.#state === 'awaited'
  }

  /** What the peer holds if nothing was lost; what it should hold, while it has not said where to begin. */
  digest(own: OwnLog): Omit<LogDigest, keyof LogName> {
    if (this.isAwaited) return { sequence: own.sequence, hash: own.hash, snapshot: 0, slices: 0 }
    const { id, slices } = this.#snapshot ?? { id: 0, slices: 0 }
    const hash = this.#isComplete(own) ? own.hash : ''
    return { sequence: this.#sent, hash, snapshot: id, slices }
  }

  #isComplete(own: OwnLog): boolean {
    return !this.#snapshot && this.#sent === own.sequence
  }

  #nextSlice(snapshot: OpenSnapshot): StreamPart {
    snapshot.slice ??= this.#cut(snapshot)
    return { kind: 'slice', slice: snapshot.slice }
  }

  #cut(snapshot: OpenSnapshot): SnapshotSlice {
    const operations: Operation[] = []
    let size = 0
    let next = snapshot.ahead ?? snapshot.operations.next().value
    while (next && operations.length < operationsMax) {
      if (size > 0 && size >= this.#bounds.sliceMaxBytes) break
      operations.push(next)
      size += operationBytes(next)
      next = snapshot.operations.next().value
    }
    snapshot.ahead = next
    const { id, sequence, slices: index } = snapshot
    return { snapshot: id, index, isLast: next === undefined, sequence, operations }
  }

  #track(message: InFlight): void {
    this.#inFlight.push(message)
    this.#inFlightBytes += message.bytes
  }

  #forgetInFlight(): void {
    this.#inFlight = []
    this.#inFlightBytes = 0
  }
}

/**
 * One ordered stream of parcels in one direction, as a TCP connection gives it: a bounded amount in
 * flight, a bounded queue behind that, never a reorder, held back while its path is blocked.
 */
import type { Host, Timer } from '../../kernel/index.ts'
import type { Path } from './faults.ts'
import { Fifo } from './fifo.ts'

/** What a stream works with. */
export interface StreamDeps<T> {
  /** The receiver's: a node that is blocked gets its bytes late. */
  readonly host: Host
  readonly path: Path
  /** The way acknowledgements take: while it is blocked, what is in flight stays in flight. */
  readonly wayBack: Path
  /** Gets each parcel at the receiver. */
  readonly deliver: (parcel: T) => void
  /** The queue may have got shorter. */
  readonly drained: () => void
}

/** Shorter waits are none: sums of fractions of a millisecond are not exact. */
const instantMs = 1e-3

/** A parcel and its size on the wire. */
interface Sized<T> {
  readonly parcel: T
  readonly bytes: number
}

interface Flying<T> extends Sized<T> {
  readonly arriveMs: number
}

/**
 * `held`: nothing queued enters the wire. `open`: it does. `finished`: what is there flows on,
 * nothing is taken any more. `closed`: everything was thrown away.
 */
type StreamState = 'held' | 'open' | 'finished' | 'closed'

/** Owned by the sender's end of a link. */
export class Stream<T> {
  readonly #deps: StreamDeps<T>
  readonly #wireMaxBytes: number
  readonly #queue = new Fifo<Sized<T>>()
  readonly #wire = new Fifo<Flying<T>>()
  #state: StreamState = 'open'
  #timer: Timer | undefined
  #isArmed = false
  #lastArriveMs = 0
  #queueBytes = 0
  #wireBytes = 0
  #unacknowledgedBytes = 0

  constructor(deps: StreamDeps<T>, wireMaxBytes: number) {
    this.#deps = deps
    this.#wireMaxBytes = wireMaxBytes
  }

  /** Bytes behind those in flight. */
  get queueBytes(): number {
    return this.#queueBytes
  }

  /** Parcels queued and in flight. */
  get parcels(): number {
    return this.#queue.length + this.#wire.length
  }

  /** Bytes queued and in flight. */
  get bytes(): number {
    return this.#queueBytes + this.#wireBytes
  }

  /** True while something will arrive without a change of the network. */
  get isMoving(): boolean {
    return this.parcels > 0 && this.#deps.path.freeAtMs() !== Infinity
  }

  /** The oldest parcel that is not in flight yet. */
  get firstQueued(): T | undefined {
    return this.#queue.first?.parcel
  }

  /** Takes a parcel, whatever the queue holds: the caller checks the bound. */
  push(parcel: T, bytes: number): void {
    if (this.#state !== 'open' && this.#state !== 'held') return
    this.#queue.push({ parcel, bytes })
    this.#queueBytes += bytes
    this.#fill()
  }

  /** Puts a parcel on the wire at once, before everything that is queued, held or not. */
  pushAhead(parcel: T, bytes: number): void {
    if (this.#state === 'open' || this.#state === 'held') this.#launch({ parcel, bytes })
  }

  /** Takes the oldest parcel out that is not in flight. */
  dropOldest(): T | undefined {
    const dropped = this.#queue.shift()
    this.#queueBytes -= dropped?.bytes ?? 0
    return dropped?.parcel
  }

  /** Lets nothing more enter the wire until `release`. */
  hold(): void {
    if (this.#state === 'open') this.#state = 'held'
  }

  /** Ends a `hold`. */
  release(): void {
    if (this.#state !== 'held') return
    this.#state = 'open'
    this.#fill()
  }

  /**
   * Takes nothing more. What is queued still flows when the path is not blocked; a blocked one
   * loses all it has. `last` comes behind the rest.
   */
  finish(last?: { parcel: T; bytes: number }): void {
    if (this.#state === 'closed' || this.#state === 'finished') return
    if (this.#deps.path.freeAtMs() === Infinity) this.#clear()
    if (last) this.#queue.push(last)
    this.#queueBytes += last?.bytes ?? 0
    this.#state = 'finished'
    this.#fill()
  }

  /** As `finish`, after what is queued was thrown away: only what is in flight still arrives. */
  cutOff(last?: { parcel: T; bytes: number }): void {
    this.#queue.clear()
    this.#queueBytes = 0
    this.finish(last)
  }

  /** Throws away what is in flight. */
  loseWire(): void {
    this.#wire.clear()
    this.#wireBytes = 0
    this.#unacknowledgedBytes = 0
  }

  /** The path may be free again. Returns true: it asks to be poked again. */
  poke(): boolean {
    this.#acknowledge(0)
    if (this.#timer) {
      this.#timer.cancel()
      this.#timer = undefined
      this.#isArmed = false
    }
    this.#arm()
    return true
  }

  /** Throws everything away, now and from now on. */
  close(): void {
    this.#state = 'closed'
    this.#timer?.cancel()
    this.#clear()
  }

  #clear(): void {
    this.#queue.clear()
    this.#queueBytes = 0
    this.loseWire()
  }

  #fill(): void {
    while (this.#state !== 'held' && this.#hasRoom(this.#queue.first?.bytes)) {
      const sized = this.#queue.shift()
      if (!sized) return
      this.#queueBytes -= sized.bytes
      this.#launch(sized)
    }
  }

  #hasRoom(bytes: number | undefined): boolean {
    if (bytes === undefined) return false
    return this.#wireBytes === 0 || this.#wireBytes + bytes <= this.#wireMaxBytes
  }

  #launch({ parcel, bytes }: Sized<T>): void {
    const arriveMs = this.#deps.host.nowMs() + this.#deps.path.delayMs()
    this.#lastArriveMs = Math.max(this.#lastArriveMs, arriveMs)
    this.#wire.push({ parcel, bytes, arriveMs: this.#lastArriveMs })
    this.#wireBytes += bytes
    this.#arm()
  }

  #waitMs(flying: Flying<T>): number {
    return Math.max(flying.arriveMs, this.#deps.path.freeAtMs()) - this.#deps.host.nowMs()
  }

  #isDue(flying: Flying<T>): boolean {
    return this.#waitMs(flying) < instantMs
  }

  #arm(): void {
    const next = this.#wire.first
    if (!next || this.#isArmed) return
    const waitMs = this.#waitMs(next)
    if (waitMs === Infinity) return
    this.#isArmed = true
    if (waitMs >= instantMs) this.#timer = this.#deps.host.after(waitMs, this.#arrive)
    else this.#deps.host.defer(this.#arrive)
  }

  readonly #arrive = (): void => {
    this.#timer = undefined
    for (let next = this.#wire.first; next && this.#isDue(next); next = this.#wire.first) {
      this.#wire.shift()
      this.#acknowledge(next.bytes)
      this.#deps.deliver(next.parcel)
    }
    this.#isArmed = false
    this.#arm()
  }

  #acknowledge(bytes: number): void {
    this.#unacknowledgedBytes += bytes
    if (this.#unacknowledgedBytes === 0 || this.#deps.wayBack.freeAtMs() === Infinity) return
    this.#wireBytes -= this.#unacknowledgedBytes
    this.#unacknowledgedBytes = 0
    this.#fill()
    this.#deps.drained()
  }
}

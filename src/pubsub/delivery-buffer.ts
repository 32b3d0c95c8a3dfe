/** Deliveries kept for a subscriber that is behind: bounded, optionally the latest of each key only. */
import { deferred, type Deferred } from '../kernel/index.ts'
import { bufferMaxDefault, type Delivery, type SubscribeOptions } from './delivery.ts'

/** One writer, one reader. */
export class DeliveryBuffer {
  readonly #kept = new Map<unknown, Delivery>()
  readonly #readers: Deferred<IteratorResult<Delivery, undefined>>[] = []
  readonly #options: SubscribeOptions
  readonly #dropped: () => void
  #counter = 0
  #state: 'open' | 'ended' = 'open'

  /** @param dropped called for each delivery that overflows. Coalescing is not dropping. */
  constructor(options: SubscribeOptions, dropped: () => void) {
    this.#options = options
    this.#dropped = dropped
  }

  /** Hands the delivery to who waits for one, or keeps it. */
  push(delivery: Delivery): void {
    if (this.#state === 'ended') return
    const reader = this.#readers.shift()
    if (reader) reader.resolve({ value: delivery, done: false })
    else this.#keep(delivery)
  }

  /** The oldest kept delivery, or nothing. */
  take(): Delivery | undefined {
    for (const [key, delivery] of this.#kept) {
      this.#kept.delete(key)
      return delivery
    }
    return undefined
  }

  /** What is kept is still given out; then comes the end. */
  end(): void {
    this.#state = 'ended'
    for (const reader of this.#readers.splice(0)) reader.resolve({ value: undefined, done: true })
  }

  /** Forgets what is kept. */
  clear(): void {
    this.#kept.clear()
  }

  next(): Promise<IteratorResult<Delivery, undefined>> {
    const value = this.take()
    if (value) return Promise.resolve({ value, done: false })
    if (this.#state === 'ended') return Promise.resolve({ value: undefined, done: true })
    const reader = deferred<IteratorResult<Delivery, undefined>>()
    this.#readers.push(reader)
    return reader.promise
  }

  #keep(delivery: Delivery): void {
    const { latestBy, bufferMax = bufferMaxDefault, overflow } = this.#options
    const key = latestBy ? latestBy(delivery.message) : this.#counter++
    if (!this.#kept.has(key) && this.#kept.size >= bufferMax) {
      this.#dropped()
      if (overflow === 'drop-newest') return
      this.take()
    }
    this.#kept.set(key, delivery)
  }
}

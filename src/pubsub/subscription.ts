/** One subscriber: a handler that is called, or an iterator that is read. */
import { toError } from '../kernel/index.ts'
import { decodeValue } from '../wire/index.ts'
import { DeliveryBuffer } from './delivery-buffer.ts'
import type { Delivery, DeliveryMeta, Gap, Handler, Parcel, SubscribeOptions } from './delivery.ts'

/** What a subscription needs of the part that owns it. */
export interface SubscriptionDeps {
  readonly ended: (subscription: TopicSubscription) => void
  readonly ready: (subscription: TopicSubscription) => Promise<void>
  /** Its handler (or a function of its options) threw or rejected. */
  readonly failed: (topic: string, thrown: unknown) => void
  /** A message did not pass its check and was not delivered. */
  readonly invalid: (meta: DeliveryMeta, error: Error) => void
  /** It was behind and lost a delivery. */
  readonly dropped: (subscription: TopicSubscription) => void
}

/** What a user holds of a subscription. */
export interface Subscription extends Disposable {
  /** The topics and patterns it listens to. */
  readonly topics: readonly string[]
  /** Resolves when every connected node knows of it. Never rejects. */
  readonly ready: Promise<void>
  /** Deliveries lost because this subscriber was behind. */
  readonly dropped: number
  /** No more deliveries. Called again, nothing happens. */
  unsubscribe(): void
}

/** A subscription that is read: it ends when it is unsubscribed, the loop is left or the node stops. */
export interface SubscriptionStream<M = unknown>
  extends Subscription, AsyncIterableIterator<Delivery<M>, undefined> {}

/** What a subscription listens to and how. */
export interface SubscriptionPlan {
  readonly topics: readonly string[]
  readonly handler: Handler | undefined
  readonly options: SubscribeOptions
  /** Gives the message as the subscriber gets it, or throws when it must not be delivered. */
  readonly check?: ((message: unknown) => unknown) | undefined
}

/** See {@link Subscription}. */
export class TopicSubscription implements SubscriptionStream {
  readonly topics: readonly string[]
  readonly #deps: SubscriptionDeps
  readonly #options: SubscribeOptions
  readonly #handler: Handler | undefined
  readonly #buffer: DeliveryBuffer | undefined
  readonly #prepare: ((parcel: Parcel) => unknown) | undefined
  #state: 'open' | 'ended' = 'open'
  /** Whether a `latestBy` handler is at work. */
  #turn: 'free' | 'busy' = 'free'
  #ready: Promise<void> | undefined
  #dropped = 0

  constructor(plan: SubscriptionPlan, deps: SubscriptionDeps) {
    const { topics, handler, options } = plan
    this.#prepare = preparationOf(plan)
    this.topics = topics
    this.#deps = deps
    this.#options = options
    this.#handler = handler
    this.#buffer = handler && !options.latestBy ? undefined : this.#newBuffer()
    options.signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  get ready(): Promise<void> {
    this.#ready ??= this.#deps.ready(this)
    return this.#ready
  }

  get isOpen(): boolean {
    return this.#state === 'open'
  }

  get dropped(): number {
    return this.#dropped
  }

  /** Whether other nodes are told of it. */
  get isAnnounced(): boolean {
    return this.#options.announce !== false
  }

  /** Takes one message. Never throws. */
  deliver(parcel: Parcel): void {
    const { meta } = parcel
    let message: unknown
    try {
      message = this.#prepare === undefined ? parcel.message : this.#prepare(parcel)
    } catch (thrown) {
      this.#deps.invalid(meta, toError(thrown))
      return
    }
    try {
      if (this.#buffer === undefined) this.#call(message, meta)
      else if (this.#handler) this.#callInTurn(this.#buffer, { message, meta })
      else this.#buffer.push({ message, meta })
    } catch (thrown) {
      this.#deps.failed(meta.topic, thrown)
    }
  }

  /** Tells the subscriber of a lost stretch. Never throws. */
  gap(gap: Gap): void {
    const failed = (thrown: unknown): void => {
      this.#deps.failed(gap.channel, thrown)
    }
    try {
      const result: unknown = this.#options.onGap?.(gap)
      if (result instanceof Promise) result.catch(failed)
    } catch (thrown) {
      failed(thrown)
    }
  }

  unsubscribe(): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
    this.#buffer?.end()
    this.#deps.ended(this)
  }

  [Symbol.dispose](): void {
    this.unsubscribe()
  }

  next(): Promise<IteratorResult<Delivery, undefined>> {
    return this.#buffer?.next() ?? Promise.resolve({ value: undefined, done: true })
  }

  return(): Promise<IteratorResult<Delivery, undefined>> {
    this.#buffer?.clear()
    this.unsubscribe()
    return Promise.resolve({ value: undefined, done: true })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #newBuffer(): DeliveryBuffer {
    return new DeliveryBuffer(this.#options, () => {
      this.#dropped += 1
      this.#deps.dropped(this)
    })
  }

  readonly #onAbort = (): void => {
    this.unsubscribe()
  }

  #call(message: unknown, meta: DeliveryMeta): void {
    const result = this.#handler?.(message, meta)
    if (isThenable(result)) this.#watch(result, meta.topic)
  }

  /** A rejection is reported, never left unhandled. */
  #watch(result: PromiseLike<unknown>, topic: string): void {
    result.then(undefined, (thrown: unknown) => {
      this.#deps.failed(topic, thrown)
    })
  }

  #callInTurn(buffer: DeliveryBuffer, delivery: Delivery): void {
    if (this.#turn === 'busy') buffer.push(delivery)
    else void this.#runInTurn(buffer, delivery)
  }

  async #runInTurn(buffer: DeliveryBuffer, first: Delivery): Promise<void> {
    this.#turn = 'busy'
    for (let next: Delivery | undefined = first; next; next = buffer.take()) {
      try {
        const result = this.#handler?.(next.message, next.meta)
        if (isThenable(result)) await result
      } catch (thrown) {
        this.#deps.failed(next.meta.topic, thrown)
      }
      if (this.#state === 'ended') break
    }
    this.#turn = 'free'
  }
}

function preparationOf({
  options,
  check,
}: SubscriptionPlan): ((parcel: Parcel) => unknown) | undefined {
  if (options.copy !== true) return check && (({ message }) => check(message))
  return ({ payload, valueAt }) => {
    // Of bytes of its own: large binary parts are views of what they were read from.
    const own = decodeValue(Uint8Array.from(payload.subarray(valueAt)))
    return check ? check(own) : own
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { then?: unknown }).then === 'function'
  )
}

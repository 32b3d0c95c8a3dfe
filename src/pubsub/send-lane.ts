/**
 * Messages of `wait` channels that one (peer, class) has no room for yet. First in, first out: none
 * overtakes another. Bounded in messages and bytes.
 */
import { deferred, FoundationError, type Deferred } from '../kernel/index.ts'
import type { Router, SendOutcome } from '../transport/index.ts'
import type { Channel, PubSubOptions } from './options.ts'

/** A message that waits. */
export interface Waiter {
  readonly payload: Uint8Array
  readonly outcome: Deferred<'queued' | 'dropped'>
}

/** One (peer, class). */
export class SendLane {
  readonly peer: string
  readonly #channelClass: Channel['class']
  readonly #router: Pick<Router, 'send' | 'whenWritable'>
  readonly #options: PubSubOptions
  readonly #waiters = new Set<Waiter>()
  #bytes = 0
  /** A drain is under way until the lane is empty. */
  #state: 'empty' | 'draining' = 'empty'

  constructor(
    target: { peer: string; class: Channel['class'] },
    router: Pick<Router, 'send' | 'whenWritable'>,
    options: PubSubOptions,
  ) {
    this.peer = target.peer
    this.#channelClass = target.class
    this.#router = router
    this.#options = options
  }

  get waiting(): number {
    return this.#waiters.size
  }

  /**
   * Queues a message behind those that wait.
   *
   * @throws {FoundationError} `FND_LIMIT_REACHED`
   */
  add(payload: Uint8Array): Waiter {
    const { waitersMax, waitingMaxBytes } = this.#options
    if (this.#waiters.size >= waitersMax || this.#bytes + payload.length > waitingMaxBytes) {
      const waiting = `${String(this.#waiters.size)} messages (${String(this.#bytes)} bytes)`
      throw new FoundationError(
        'FND_LIMIT_REACHED',
        `${waiting} wait for node "${this.peer}" already; await each broadcast, or send less`,
        { details: { peer: this.peer, class: this.#channelClass, waiting: this.#waiters.size } },
      )
    }
    const waiter: Waiter = { payload, outcome: deferred() }
    this.#waiters.add(waiter)
    this.#bytes += payload.length
    if (this.#state === 'empty') void this.#drain()
    return waiter
  }

  /** The message is no longer wanted. After it was sent: nothing happens. */
  cancel(waiter: Waiter): void {
    this.#settle(waiter, 'dropped')
  }

  /** The link is gone or the node stops. */
  dropAll(): void {
    for (const waiter of this.#waiters) this.#settle(waiter, 'dropped')
  }

  async #drain(): Promise<void> {
    this.#state = 'draining'
    while (this.#waiters.size > 0) {
      await this.#router.whenWritable(this.peer, this.#channelClass)
      this.#sendWhileThereIsRoom()
    }
    this.#state = 'empty'
  }

  #sendWhileThereIsRoom(): void {
    for (const waiter of this.#waiters) {
      const outcome = this.#router.send(this.peer, this.#channelClass, waiter.payload)
      if (outcome === 'full') return
      this.#settle(waiter, settledAs[outcome])
    }
  }

  #settle(waiter: Waiter, outcome: 'queued' | 'dropped'): void {
    if (!this.#waiters.delete(waiter)) return
    this.#bytes -= waiter.payload.length
    waiter.outcome.resolve(outcome)
  }
}

const settledAs = {
  accepted: 'queued',
  disconnected: 'dropped',
} as const satisfies Record<Exclude<SendOutcome, 'full'>, 'queued' | 'dropped'>

/**
 * Calls the local subscribers. A message that a handler publishes while another is being delivered
 * waits its turn, so that all subscribers see the messages of one sender in one order.
 */
import { currentTrace, runInTrace, type Host } from '../kernel/index.ts'
import type { Parcel } from './delivery.ts'
import type { Subscription, TopicSubscription } from './subscription.ts'

/** One message for several subscribers. */
export interface Dispatch extends Parcel {
  readonly subscribers: readonly TopicSubscription[]
  /** The one subscriber that does not get it. */
  readonly except?: Subscription | undefined
}

/** Messages delivered from the queue in one go before the event loop gets a turn. */
const burstMax = 1_024

/** One a node. */
export class Dispatcher {
  readonly #host: Host
  readonly #queueMax: number
  readonly #queue: Dispatch[] = []
  /** `deferred`: the rest of the queue is delivered in a later turn. */
  #state: 'idle' | 'running' | 'deferred' = 'idle'
  #delivered = 0

  constructor(host: Host, queueMax: number) {
    this.#host = host
    this.#queueMax = queueMax
  }

  /** Deliveries so far: one a message and subscriber. */
  get delivered(): number {
    return this.#delivered
  }

  /** False when handlers publish to themselves faster than they return. */
  get hasRoom(): boolean {
    return this.#queue.length < this.#queueMax
  }

  /**
   * Delivers now, or after the messages before it.
   *
   * @returns false when there was no room; the message is dropped.
   */
  dispatch(work: Dispatch): boolean {
    if (this.#state === 'idle') {
      this.#state = 'running'
      this.#deliver(work)
      this.#drain()
      return true
    }
    if (!this.hasRoom) return false
    this.#queue.push(work)
    return true
  }

  #drain(): void {
    let at = 0
    for (let next = this.#queue[at]; next && at < burstMax; next = this.#queue[at]) {
      // Time has passed: who unsubscribed meanwhile gets nothing.
      const subscribers = next.subscribers.filter((subscription) => subscription.isOpen)
      this.#deliver({ ...next, subscribers })
      at += 1
    }
    if (at > 0) this.#queue.splice(0, at)
    this.#state = this.#queue.length > 0 ? 'deferred' : 'idle'
    if (this.#state !== 'deferred') return
    this.#host.defer(() => {
      this.#state = 'running'
      this.#drain()
    })
  }

  #deliver(work: Dispatch): void {
    if (work.trace === currentTrace()) this.#deliverAll(work)
    else {
      runInTrace(work.trace, () => {
        this.#deliverAll(work)
      })
    }
  }

  #deliverAll(work: Dispatch): void {
    const { subscribers, except } = work
    for (const subscription of subscribers) {
      if (subscription === except) continue
      this.#delivered += 1
      subscription.deliver(work)
    }
  }
}

/** The subscriptions of this node: made, announced, found, told of gaps, ended. */
import { FoundationError, toError } from '../kernel/index.ts'
import type { DeliveryMeta, Gap } from './delivery.ts'
import type { Interest } from './interest.ts'
import type { PubSubNews } from './port.ts'
import { TopicSubscription, type SubscriptionDeps, type SubscriptionPlan } from './subscription.ts'
import { TopicTable } from './topic-table.ts'
import { parsePattern } from './topic.ts'

/** What it talks to. */
export interface SubscribersDeps {
  readonly interest: Pick<Interest, 'add' | 'remove' | 'announced'>
  readonly news: (news: PubSubNews) => void
  /** A subscription that was behind has dropped a delivery. */
  readonly dropped: (subscription: TopicSubscription) => void
}

/** One a node. */
export class Subscribers {
  /** The subscriptions by what they listen to. */
  readonly table: TopicTable<TopicSubscription> = new TopicTable()
  readonly #deps: SubscribersDeps
  readonly #callbacks: SubscriptionDeps
  readonly #all = new Set<TopicSubscription>()
  #state: 'open' | 'stopped' = 'open'

  constructor(deps: SubscribersDeps) {
    this.#deps = deps
    this.#callbacks = {
      ended: (subscription) => {
        this.#forget(subscription)
      },
      ready: ({ topics }) => deps.interest.announced(topics).catch(() => undefined),
      failed: (topic, thrown) => {
        this.#failed(topic, thrown)
      },
      invalid: (meta, error) => {
        this.#invalid(meta, error)
      },
      dropped: deps.dropped,
    }
  }

  get size(): number {
    return this.#all.size
  }

  /** @throws {FoundationError} `FND_TOPIC_INVALID`, `FND_LIMIT_REACHED` */
  add(plan: SubscriptionPlan): TopicSubscription {
    const patterns = plan.topics.map(parsePattern)
    if (plan.options.announce !== false) {
      for (const topic of plan.topics) this.#deps.interest.add(topic)
    }
    const subscription = new TopicSubscription(plan, this.#callbacks)
    for (const tokens of patterns) this.table.add(tokens, subscription)
    this.#all.add(subscription)
    if (plan.options.signal?.aborted) subscription.unsubscribe()
    return subscription
  }

  /** Tells of a lost stretch those who listen to what `isTouched` says. */
  gap(gap: Gap, isTouched: (topic: string) => boolean): void {
    for (const subscription of [...this.#all]) {
      if (subscription.topics.some(isTouched)) subscription.gap(gap)
    }
  }

  /** Ends them all. What they listened to is not taken back: the whole node goes. */
  stop(): void {
    this.#state = 'stopped'
    for (const subscription of [...this.#all]) subscription.unsubscribe()
  }

  #forget(subscription: TopicSubscription): void {
    this.#all.delete(subscription)
    for (const topic of subscription.topics) {
      this.table.remove(parsePattern(topic), subscription)
      if (this.#state === 'open' && subscription.isAnnounced) this.#deps.interest.remove(topic)
    }
  }

  #failed(topic: string, thrown: unknown): void {
    const cause = toError(thrown)
    const message = `Subscriber of "${topic}" failed: ${cause.message}`
    const context = { details: { topic }, cause }
    const error = new FoundationError('FND_SUBSCRIBER_FAILED', message, context)
    this.#deps.news({ type: 'trouble', error })
  }

  #invalid({ topic, from }: DeliveryMeta, cause: Error): void {
    const context = { details: { topic, from }, cause }
    const error = new FoundationError('FND_MESSAGE_INVALID', cause.message, context)
    this.#deps.news({ type: 'trouble', error })
  }
}

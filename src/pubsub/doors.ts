/** Sugar: pubsub bound to one channel, and pubsub bound to one topic with a schema. */
import { resolveRules, type WaitOptions } from '../kernel/index.ts'
import { subscribeRules, type Handler, type SubscribeOptions } from './delivery.ts'
import type { BroadcastResult } from './sender.ts'
import { validated, type StandardSchema } from './standard-schema.ts'
import type { Subscription, SubscriptionPlan, SubscriptionStream } from './subscription.ts'

/** What the doors open to. */
export interface DoorDeps {
  readonly publish: (
    topic: string,
    message: unknown,
    options: WaitOptions,
  ) => Promise<BroadcastResult>
  readonly subscribe: (plan: SubscriptionPlan) => SubscriptionStream
}

/** PubSub bound to a channel. */
export class ChannelDoor {
  readonly name: string
  readonly #deps: DoorDeps

  constructor(name: string, deps: DoorDeps) {
    this.name = name
    this.#deps = deps
  }

  /** Publishes on the topic that is the channel's name. See `PubSub.broadcast`. */
  broadcast(message: unknown, options: WaitOptions = {}): Promise<BroadcastResult> {
    return this.#deps.publish(this.name, message, options)
  }

  /** Subscribes to the channel's name and every topic that begins with it. See `PubSub.subscribe`. */
  subscribe<M = unknown>(handler: Handler<M>, options?: SubscribeOptions<M>): Subscription
  subscribe<M = unknown>(options?: SubscribeOptions<M>): SubscriptionStream<M>
  subscribe<M>(first?: Handler<M> | SubscribeOptions<M>, second?: SubscribeOptions<M>): unknown {
    return this.#deps.subscribe(planOf([this.name, `${this.name}.>`], first, second))
  }
}

/** PubSub bound to a topic whose messages are checked against a schema. */
export class TypedTopic<Input, Output> {
  readonly name: string
  readonly #schema: StandardSchema<Input, Output>
  readonly #deps: DoorDeps

  constructor(name: string, schema: StandardSchema<Input, Output>, deps: DoorDeps) {
    this.name = name
    this.#schema = schema
    this.#deps = deps
  }

  /**
   * Publishes the message as it was given, once it has passed the schema. See `PubSub.broadcast`.
   *
   * @throws {FoundationError} `FND_MESSAGE_INVALID` with `details.issues`
   */
  async broadcast(message: Input, options: WaitOptions = {}): Promise<BroadcastResult> {
    validated(this.#schema, message, `Message on "${this.name}"`)
    return this.#deps.publish(this.name, message, options)
  }

  /**
   * Subscribes; messages arrive as the schema gives them back. One that does not pass is not
   * delivered but reported as trouble. See `PubSub.subscribe`.
   */
  subscribe(handler: Handler<Output>, options?: SubscribeOptions<Output>): Subscription
  subscribe(options?: SubscribeOptions<Output>): SubscriptionStream<Output>
  subscribe(
    first?: Handler<Output> | SubscribeOptions<Output>,
    second?: SubscribeOptions<Output>,
  ): unknown {
    const check = (message: unknown): unknown =>
      validated(this.#schema, message, `Message received on "${this.name}"`)
    return this.#deps.subscribe({ ...planOf([this.name], first, second), check })
  }
}

/**
 * The two forms of `subscribe` as one plan.
 *
 * @throws {FoundationError} `FND_OPTION_INVALID`
 */
export function planOf<M>(
  topics: readonly string[],
  first: Handler<M> | SubscribeOptions<M> | undefined,
  second: SubscribeOptions<M> | undefined,
): SubscriptionPlan {
  const handler = typeof first === 'function' ? first : undefined
  const given = typeof first === 'function' ? second : first
  const options = given === undefined ? given : resolveRules(subscribeRules, given, 'subscribe')
  // What the user typed as M is whatever arrives: the caller's word for it is taken here.
  return {
    topics,
    handler: handler as Handler | undefined,
    options: options ?? {},
  }
}

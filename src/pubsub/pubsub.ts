/**
 * Publish and subscribe between the nodes of a cluster. At most once; in order per sender, channel
 * and link epoch; a lost stretch is reported. No replay, and no delivery to nodes that are down.
 * @source the semantics follow Phoenix.PubSub (MIT), with interest, wildcards, classes and visible
 *   overflow added.
 */
import { FoundationError, type Lifecycle, type WaitOptions } from '../kernel/index.ts'
import type { TransportHandlers } from '../transport/index.ts'
import { messageCodes } from '../wire/index.ts'
import type { BroadcastOptions, Handler, SubscribeOptions } from './delivery.ts'
import { Dispatcher } from './dispatcher.ts'
import { ChannelDoor, planOf, TypedTopic, type DoorDeps } from './doors.ts'
import { DropReport } from './drop-report.ts'
import { Interest } from './interest.ts'
import {
  channelTable,
  pubsubDefaults,
  type Channel,
  type ChannelOptions,
  type PubSubOptions,
} from './options.ts'
import { Outlets } from './outlets.ts'
import type { PubSubDeps, PubSubStats } from './port.ts'
import { Publisher } from './publisher.ts'
import { Receiver } from './receiver.ts'
import { Routes } from './routes.ts'
import type { BroadcastResult } from './sender.ts'
import type { StandardSchema } from './standard-schema.ts'
import { Subscribers } from './subscribers.ts'
import type { Subscription, SubscriptionPlan, SubscriptionStream } from './subscription.ts'
import type { MessageOf } from './topics.ts'

/** One a node. */
export class PubSub implements Lifecycle {
  readonly #deps: PubSubDeps
  readonly #channels: ReadonlyMap<string, Channel>
  readonly #subscribers: Subscribers
  readonly #interest: Interest
  readonly #routes: Routes
  readonly #outlets: Outlets
  readonly #dispatcher: Dispatcher
  readonly #drops: DropReport
  readonly #publisher: Publisher
  readonly #receiver: Receiver
  readonly #doors: DoorDeps
  #state: 'open' | 'stopped' = 'open'

  constructor(
    deps: PubSubDeps,
    options: PubSubOptions & {
      readonly channels?: Readonly<Record<string, ChannelOptions>> | undefined
    } = pubsubDefaults,
  ) {
    this.#deps = deps
    this.#channels = channelTable(options.channels)
    this.#drops = new DropReport(deps, options.dropLogIntervalMs)
    this.#outlets = this.#outletsOf(options)
    const { broker } = this.#outlets
    this.#interest = new Interest({ ...deps, ...(broker && { broker }) })
    for (const peer of deps.peers()) this.#interest.linkUp(peer)
    this.#subscribers = this.#subscribersOf()
    const known = { channels: this.#channels, interest: this.#interest }
    const subscriptions = this.#subscribers.table
    this.#routes = new Routes({ ...known, subscriptions }, options.routesMax)
    this.#dispatcher = new Dispatcher(deps.host, options.localQueueMax)
    this.#publisher = this.#publisherOf()
    this.#receiver = this.#receiverOf()
    this.#doors = {
      publish: (topic, message, wait) => this.#publisher.broadcast({ topic, message }, wait),
      subscribe: (plan) => this.#subscribe(plan),
    }
    deps.router.handlePayload(messageCodes.publish, (inbound) => {
      this.#receiver.receive(inbound)
    })
  }

  /** Nothing to do: subscriptions may be made before the node starts. */
  start(): void {
    return
  }

  /** Ends every subscription and every broadcast that waits. */
  stop(): void {
    if (this.#state === 'stopped') return
    this.#state = 'stopped'
    this.#subscribers.stop()
    this.#interest.stop()
    this.#outlets.stop()
  }

  /**
   * Calls `handler` with each message on a topic (or on every topic a pattern matches), in the order
   * each sender sent them. A handler that throws or rejects is reported as trouble. Subscribed twice,
   * it is called twice. Messages are shared: treat them as read-only, or ask for `copy`.
   * Without a handler: a stream to be read with `for await`.
   *
   * @param topic tokens with dots between; `*` stands for one token, a last `>` for one or more.
   * @throws {FoundationError} `FND_TOPIC_INVALID`, `FND_NOT_RUNNING`, `FND_LIMIT_REACHED`
   */
  subscribe<const T extends string, M extends MessageOf<T> = MessageOf<T>>(
    topic: T,
    handler: Handler<M>,
    options?: SubscribeOptions<M>,
  ): Subscription
  subscribe<const T extends string, M extends MessageOf<T> = MessageOf<T>>(
    topic: T,
    options?: SubscribeOptions<M>,
  ): SubscriptionStream<M>
  subscribe<M>(
    topic: string,
    first?: Handler<M> | SubscribeOptions<M>,
    second?: SubscribeOptions<M>,
  ): unknown {
    return this.#subscribe(planOf([topic], first, second))
  }

  /**
   * Sends a message to every node that wants it, this one included; local subscribers were called
   * before this returns. Resolves when each peer's queue has taken or lost the message, which does
   * not mean that it arrived.
   *
   * @param message anything the codec carries; not changed by the caller afterwards.
   * @throws {FoundationError} (rejects) `FND_TOPIC_INVALID`, `FND_MESSAGE_INVALID`,
   *   `FND_MESSAGE_TOO_LARGE`, `FND_LIMIT_REACHED`, `FND_TIMED_OUT`, `FND_NOT_RUNNING`. After
   *   `FND_LIMIT_REACHED` and `FND_TIMED_OUT` those who had room have the message.
   */
  broadcast<const T extends string>(
    topic: T,
    message: MessageOf<T>,
    options: BroadcastOptions = {},
  ): Promise<BroadcastResult> {
    return this.#publisher.broadcast({ topic, message }, options)
  }

  /** As `broadcast`, to everyone but one subscription of this node. */
  broadcastFrom<const T extends string>(
    ...[except, topic, message, options = {}]: [
      subscription: Subscription,
      topic: T,
      message: MessageOf<T>,
      options?: WaitOptions,
    ]
  ): Promise<BroadcastResult> {
    return this.#publisher.broadcast({ topic, message, except }, options)
  }

  /**
   * As `broadcast`, to the subscribers of this node only.
   *
   * @throws {FoundationError} as `broadcast` rejects.
   */
  localBroadcast<const T extends string>(topic: T, message: MessageOf<T>): void {
    this.#publisher.local({ topic, message })
  }

  /**
   * Sends a message to one node, this one or a connected one, whatever it has said it listens to.
   *
   * @throws {FoundationError} (rejects) `FND_NODE_UNKNOWN` when no such node is connected,
   *   `FND_NODE_DOWN` when its link ended meanwhile, and as `broadcast`.
   */
  directBroadcast<const T extends string>(
    ...[nodeName, topic, message, options = {}]: [
      nodeName: string,
      topic: T,
      message: MessageOf<T>,
      options?: WaitOptions,
    ]
  ): Promise<BroadcastResult> {
    return this.#publisher.direct(nodeName, { topic, message }, options)
  }

  /**
   * PubSub bound to one channel.
   *
   * @throws {FoundationError} `FND_OPTION_INVALID` when no such channel is set up.
   */
  channel(name: string): ChannelDoor {
    if (this.#channels.has(name)) return new ChannelDoor(name, this.#doors)
    const known = [...this.#channels.keys()].join(', ')
    const message = `Channel "${name}" is not set up; known channels: ${known}; add it to the option "channels"`
    throw new FoundationError('FND_OPTION_INVALID', message, { details: { option: 'channels' } })
  }

  /** PubSub bound to one topic, whose messages are checked when sent and when received. */
  topic<Input, Output>(
    name: string,
    schema: StandardSchema<Input, Output>,
  ): TypedTopic<Input, Output> {
    return new TypedTopic(name, schema, this.#doors)
  }

  /** The node calls this when a link is up. */
  linkUp(peer: { readonly name: string }): void {
    this.#interest.linkUp(peer.name)
  }

  /** The node calls this when a link has ended. */
  linkDown(name: string): void {
    this.#interest.linkDown(name)
    this.#outlets.linkDown(name)
  }

  /**
   * The node calls this when payloads of a class were lost on the way here. Who listens to their topic
   * is told; where the engine does not know it, every channel of the class is.
   */
  gap(...lost: Parameters<TransportHandlers['gap']>): void {
    this.#receiver.gap(...lost)
  }

  stats(): PubSubStats {
    return {
      subscriptions: this.#subscribers.size,
      topics: this.#interest.size,
      published: this.#publisher.published,
      ...this.#receiver.stats(),
      delivered: this.#dispatcher.delivered,
      dropped: this.#drops.total,
      waiting: this.#outlets.waiting,
    }
  }

  #outletsOf(options: PubSubOptions): Outlets {
    const channelOf = (topic: string): Channel => this.#routes.channelOf(topic)
    const dropped = (peer: string, channel: Channel): void => {
      this.#drops.add(`peer ${peer}, channel ${channel.name}`)
    }
    return new Outlets({ ...this.#deps, channelOf, dropped }, options)
  }

  #subscribersOf(): Subscribers {
    return new Subscribers({
      interest: this.#interest,
      news: this.#deps.news,
      dropped: ({ topics }) => {
        this.#drops.add(`subscription to ${topics.join(', ')}`)
      },
    })
  }

  #publisherOf(): Publisher {
    const { host, self } = this.#deps
    return new Publisher({
      ...{ host, self, routes: this.#routes, dispatcher: this.#dispatcher },
      interest: this.#interest,
      outlets: this.#outlets,
      requireOpen: this.#requireOpen,
    })
  }

  #receiverOf(): Receiver {
    return new Receiver({
      ...{ routes: this.#routes, dispatcher: this.#dispatcher, channels: this.#channels },
      subscribers: this.#subscribers,
      news: this.#deps.news,
    })
  }

  #subscribe(plan: SubscriptionPlan): SubscriptionStream {
    this.#requireOpen()
    return this.#subscribers.add(plan)
  }

  readonly #requireOpen = (): void => {
    if (this.#state === 'open') return
    throw new FoundationError('FND_NOT_RUNNING', `PubSub: node "${this.#deps.self}" was stopped`)
  }
}

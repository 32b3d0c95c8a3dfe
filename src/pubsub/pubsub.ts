/**
 * Publish and subscribe between the nodes of a cluster. At most once; in order per sender, channel
 * and link epoch; a lost stretch is reported. No replay, and no delivery to nodes that are down.
 * @source the semantics follow Phoenix.PubSub (MIT), with interest, wildcards, classes and visible
 *   overflow added.
 */
import { FoundationError, type Lifecycle, type WaitOptions } from '../kernel/index.ts'
import type { ChannelClass, Inbound } from '../transport/index.ts'
import { decodeValue, encodeValue, messageCodes } from '../wire/index.ts'
import type { DeliveryMeta, Handler, SubscribeOptions } from './delivery.ts'
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
import type { PubSubDeps, PubSubStats } from './port.ts'
import { readPublishFrame, writePublishHead } from './publish-frame.ts'
import { Routes, type Route } from './routes.ts'
import { Sender, type BroadcastResult } from './sender.ts'
import { StampClock } from './stamp-clock.ts'
import type { StandardSchema } from './standard-schema.ts'
import { Subscribers } from './subscribers.ts'
import type { Subscription, SubscriptionPlan, SubscriptionStream } from './subscription.ts'
import type { MessageOf } from './topics.ts'

interface Publication {
  readonly route: Route
  readonly message: unknown
  readonly payload: Buffer
  readonly sentAt: number
  readonly except?: Subscription | undefined
}

/** One a node. */
export class PubSub implements Lifecycle {
  readonly #deps: PubSubDeps
  readonly #channels: ReadonlyMap<string, Channel>
  readonly #subscribers: Subscribers
  readonly #interest: Interest
  readonly #routes: Routes
  readonly #sender: Sender
  readonly #dispatcher: Dispatcher
  readonly #drops: DropReport
  readonly #clock: StampClock
  readonly #doors: DoorDeps
  readonly #gaps: Record<ChannelClass, number> = { control: 0, events: 0, telemetry: 0, bulk: 0 }
  #state: 'open' | 'stopped' = 'open'
  #published = 0
  #received = 0
  #unwanted = 0

  constructor(
    deps: PubSubDeps,
    options: PubSubOptions & {
      readonly channels?: Readonly<Record<string, ChannelOptions>> | undefined
    } = pubsubDefaults,
  ) {
    this.#deps = deps
    this.#channels = channelTable(options.channels)
    this.#interest = new Interest(deps)
    for (const peer of deps.peers()) this.#interest.linkUp(peer)
    this.#drops = new DropReport(deps, options.dropLogIntervalMs)
    this.#subscribers = new Subscribers({
      interest: this.#interest,
      news: deps.news,
      dropped: ({ topics }) => {
        this.#drops.add(`subscription to ${topics.join(', ')}`)
      },
    })
    this.#routes = new Routes(
      {
        channels: this.#channels,
        subscriptions: this.#subscribers.table,
        interest: this.#interest,
      },
      options.routesMax,
    )
    const dropped = (peer: string, channel: Channel): void => {
      this.#drops.add(`peer ${peer}, channel ${channel.name}`)
    }
    this.#sender = new Sender({ ...deps, dropped }, options)
    this.#dispatcher = new Dispatcher(deps.host, options.localQueueMax)
    this.#clock = new StampClock(deps.host)
    this.#doors = {
      publish: (topic, message, wait) => this.#broadcast({ topic, message }, wait),
      subscribe: (plan) => this.#subscribe(plan),
    }
    deps.router.handle(messageCodes.publish, (body, inbound) => {
      this.#receive(body, inbound)
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
    this.#sender.stop()
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
    options: WaitOptions = {},
  ): Promise<BroadcastResult> {
    return this.#broadcast({ topic, message }, options)
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
    return this.#broadcast({ topic, message, except }, options)
  }

  /**
   * As `broadcast`, to the subscribers of this node only.
   *
   * @throws {FoundationError} as `broadcast` rejects.
   */
  localBroadcast<const T extends string>(topic: T, message: MessageOf<T>): void {
    this.#deliver(this.#prepare({ topic, message }))
  }

  /**
   * Sends a message to one node, this one or a connected one, whatever it has said it listens to.
   *
   * @throws {FoundationError} (rejects) `FND_NODE_UNKNOWN` when no such node is connected,
   *   `FND_NODE_DOWN` when its link ended meanwhile, and as `broadcast`.
   */
  async directBroadcast<const T extends string>(
    ...[nodeName, topic, message, options = {}]: [
      nodeName: string,
      topic: T,
      message: MessageOf<T>,
      options?: WaitOptions,
    ]
  ): Promise<BroadcastResult> {
    const publication = this.#prepare({ topic, message })
    if (nodeName === this.#deps.self) {
      this.#deliver(publication)
      return { peers: 0, queued: 0, dropped: 0 }
    }
    if (!this.#interest.isLinked(nodeName)) throw unreachable('FND_NODE_UNKNOWN', nodeName)
    const result = await this.#send(publication, [nodeName], options)
    if (result.queued === 0 && !this.#interest.isLinked(nodeName)) {
      throw unreachable('FND_NODE_DOWN', nodeName)
    }
    return result
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
    this.#sender.linkDown(name)
  }

  /**
   * The node calls this when payloads of a class were lost on the way here. Which channel of the
   * class they belonged to is not known, so every channel of the class is told.
   */
  gap(peer: string, channelClass: ChannelClass, count: number): void {
    this.#gaps[channelClass] += count
    for (const channel of this.#channels.values()) {
      if (channel.class !== channelClass) continue
      const gap = { from: peer, channel: channel.name, count }
      this.#subscribers.gap(gap, (topic) => this.#mayTouch(topic, channel))
      this.#deps.news({ type: 'gap', ...gap })
    }
  }

  stats(): PubSubStats {
    return {
      subscriptions: this.#subscribers.size,
      topics: this.#interest.size,
      published: this.#published,
      received: this.#received,
      unwanted: this.#unwanted,
      delivered: this.#dispatcher.delivered,
      dropped: this.#drops.total,
      waiting: this.#sender.waiting,
      gaps: { ...this.#gaps },
    }
  }

  #subscribe(plan: SubscriptionPlan): SubscriptionStream {
    this.#requireOpen()
    return this.#subscribers.add(plan)
  }

  async #broadcast(
    order: { topic: string; message: unknown; except?: Subscription | undefined },
    options: WaitOptions,
  ): Promise<BroadcastResult> {
    options.signal?.throwIfAborted()
    const publication = this.#prepare(order)
    const result = this.#send(publication, this.#routes.peers(publication.route), options)
    this.#deliver(publication)
    return result
  }

  /** Everything that can be wrong with a message is found here, before anybody gets it. */
  #prepare(order: {
    topic: string
    message: unknown
    except?: Subscription | undefined
  }): Publication {
    this.#requireOpen()
    const { topic, message, except } = order
    const route = this.#routes.of(topic)
    if (!this.#dispatcher.hasRoom) {
      const text = `Broadcast on "${topic}": too many messages wait for local subscribers`
      throw new FoundationError('FND_LIMIT_REACHED', text, { details: { topic } })
    }
    const payload = encodeValue(message, route.head.length)
    this.#sender.checkSize(topic, route.channel, payload)
    const sentAt = this.#clock.now()
    writePublishHead(payload, route.head, sentAt)
    this.#published += 1
    return { route, message, payload, sentAt, except }
  }

  #send(
    { route, payload }: Publication,
    peers: readonly string[],
    options: WaitOptions,
  ): BroadcastResult | Promise<BroadcastResult> {
    const { topic, channel } = route
    return this.#sender.send({ topic, channel, payload, peers, options })
  }

  #deliver({ route, message, payload, sentAt, except }: Publication): void {
    const subscribers = this.#routes.subscribers(route)
    if (subscribers.length === 0) return
    const meta: DeliveryMeta = {
      topic: route.topic,
      channel: route.channel.name,
      from: this.#deps.self,
      sentAt,
      epoch: 0,
      sequence: this.#published,
    }
    const valueAt = route.head.length
    this.#dispatcher.dispatch({ subscribers, message, meta, payload, valueAt, except })
  }

  #receive(body: Uint8Array, inbound: Inbound): void {
    const { topicAt, valueAt, sentAt } = readPublishFrame(body)
    const route = this.#routes.ofBytes(body, topicAt, valueAt)
    this.#received += 1
    const subscribers = this.#routes.subscribers(route)
    if (subscribers.length === 0) {
      this.#unwanted += 1
      return
    }
    const message = decodeValue(body, valueAt)
    const { from, epoch, sequence } = inbound
    const { topic } = route
    const channel = route.channel.name
    const meta: DeliveryMeta = { topic, channel, from, sentAt, epoch, sequence }
    const isTaken = this.#dispatcher.dispatch({
      subscribers,
      message,
      meta,
      payload: body,
      valueAt,
    })
    if (!isTaken) this.gap(from, inbound.class, 1)
  }

  /** Whether messages of a channel can match a topic or pattern. */
  #mayTouch(topic: string, channel: Channel): boolean {
    return /^[*>]/.test(topic) || this.#routes.channelOf(topic) === channel
  }

  #requireOpen(): void {
    if (this.#state === 'open') return
    throw new FoundationError('FND_NOT_RUNNING', 'PubSub: the node was stopped')
  }
}

function unreachable(
  code: 'FND_NODE_UNKNOWN' | 'FND_NODE_DOWN',
  nodeName: string,
): FoundationError {
  const problem = code === 'FND_NODE_UNKNOWN' ? 'is not a connected node' : 'has gone meanwhile'
  return new FoundationError(code, `"${nodeName}" ${problem}`, { details: { nodeName } })
}

/** The receiving half: payloads of peers go to the subscribers here, and lost stretches are told. */
import type { ChannelClass, Inbound, TransportHandlers } from '../transport/index.ts'
import { decodeValue } from '../wire/index.ts'
import type { DeliveryMeta, Gap } from './delivery.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { Channel } from './options.ts'
import type { PubSubNews, PubSubStats } from './port.ts'
import { readPublishFrame } from './publish-frame.ts'
import type { Routes } from './routes.ts'
import type { Subscribers } from './subscribers.ts'
import { matchesPattern } from './topic.ts'

/** What a receiver talks to. */
export interface ReceiverDeps {
  readonly channels: ReadonlyMap<string, Channel>
  readonly routes: Routes
  readonly dispatcher: Pick<Dispatcher, 'dispatch'>
  readonly subscribers: Pick<Subscribers, 'gap'>
  readonly news: (news: PubSubNews) => void
}

/** One a node. */
export class Receiver {
  readonly #deps: ReceiverDeps
  readonly #gaps: Record<ChannelClass, number> = { control: 0, events: 0, telemetry: 0, bulk: 0 }
  #received = 0
  #unwanted = 0

  constructor(deps: ReceiverDeps) {
    this.#deps = deps
  }

  stats(): Pick<PubSubStats, 'received' | 'unwanted' | 'gaps'> {
    return { received: this.#received, unwanted: this.#unwanted, gaps: { ...this.#gaps } }
  }

  /**
   * Takes one published payload.
   *
   * @throws {FoundationError} when the bytes are not what a peer publishes.
   */
  receive(inbound: Inbound): void {
    const { routes, dispatcher } = this.#deps
    const { payload, from, epoch, sequence } = inbound
    const { topicAt, topicEnd, valueAt, trace, sentAt } = readPublishFrame(payload)
    const route = routes.ofBytes(payload, topicAt, topicEnd)
    this.#received += 1
    const subscribers = routes.subscribers(route)
    if (subscribers.length === 0) {
      this.#unwanted += 1
      return
    }
    const message = decodeValue(payload, valueAt)
    const { topic } = route
    const channel = route.channel.name
    const bytes = payload.length - valueAt
    const meta: DeliveryMeta = { topic, channel, from, sentAt, epoch, sequence, bytes }
    const isTaken = dispatcher.dispatch({ subscribers, message, meta, payload, valueAt, trace })
    if (!isTaken) this.gap(from, inbound.class, 1)
  }

  /** `count` payloads of a class were lost; without a topic every channel of the class is told. */
  gap(...[from, channelClass, count, of]: Parameters<TransportHandlers['gap']>): void {
    if (of === 'unpublished') return
    const { channels, routes } = this.#deps
    this.#gaps[channelClass] += count
    const channel = of && routes.channelOf(of.topic)
    if (channel?.class === channelClass) {
      const tokens = of?.topic.split('.') ?? []
      this.#tell({ from, channel: channel.name, count }, (topic) =>
        matchesPattern(topic.split('.'), tokens),
      )
      return
    }
    for (const each of channels.values()) {
      if (each.class !== channelClass) continue
      this.#tell({ from, channel: each.name, count }, (topic) => this.#mayTouch(topic, each))
    }
  }

  #tell(gap: Gap, isTouched: (topic: string) => boolean): void {
    this.#deps.subscribers.gap(gap, isTouched)
    this.#deps.news({ type: 'gap', ...gap })
  }

  /** Whether messages of a channel can match a topic or pattern. */
  #mayTouch(topic: string, channel: Channel): boolean {
    return /^[*>]/.test(topic) || this.#deps.routes.channelOf(topic) === channel
  }
}

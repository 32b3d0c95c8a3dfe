/**
 * Where messages of a topic go: its channel, the peers that want it, the local subscribers. Kept at
 * hand by topic, so that a busy topic costs one Map look-up; looked up anew when a version changed.
 */
import type { Interest } from './interest.ts'
import type { Channel } from './options.ts'
import { PublishHead } from './publish-frame.ts'
import type { TopicSubscription } from './subscription.ts'
import type { TopicTable } from './topic-table.ts'
import { parseTopic } from './topic.ts'

/** One topic. */
export interface Route {
  readonly topic: string
  readonly channel: Channel
  /** What stands before the value in a published payload. */
  readonly head: PublishHead
  peers: readonly string[]
  peersVersion: number
  subscribers: readonly TopicSubscription[]
  subscribersVersion: number
}

/** What routes are made of. */
export interface RoutesDeps {
  readonly channels: ReadonlyMap<string, Channel>
  readonly interest: Pick<Interest, 'version' | 'peersFor'>
  readonly subscriptions: TopicTable<TopicSubscription>
}

interface Known {
  readonly bytes: Uint8Array
  readonly route: Route
}

/** The routes of one node. */
export class Routes {
  readonly #deps: RoutesDeps
  readonly #routesMax: number
  readonly #byTopic = new Map<string, Route>()
  /** The topic received last: most often the next one is the same. */
  #latest: Known | undefined
  /** By a hash of the topic's bytes, so that a received topic need not be decoded. */
  readonly #byHash = new Map<number, Known>()

  constructor(deps: RoutesDeps, routesMax: number) {
    this.#deps = deps
    this.#routesMax = routesMax
  }

  /** @throws {FoundationError} `FND_TOPIC_INVALID` */
  of(topic: string): Route {
    return this.#byTopic.get(topic) ?? this.#make(topic)
  }

  /**
   * The topic stands in `bytes` from `start` up to `end`.
   *
   * @throws {FoundationError} `FND_TOPIC_INVALID`
   */
  ofBytes(bytes: Uint8Array, start: number, end: number): Route {
    const latest = this.#latest
    if (latest?.bytes.length === end - start && isAt(bytes, start, latest.bytes)) {
      return latest.route
    }
    this.#latest = this.#known(bytes, start, end)
    return this.#latest.route
  }

  #known(bytes: Uint8Array, start: number, end: number): Known {
    const hash = hashOf(bytes, start, end)
    const known = this.#byHash.get(hash)
    if (known?.bytes.length === end - start && isAt(bytes, start, known.bytes)) return known
    const topic = Uint8Array.from(bytes.subarray(start, end))
    const fresh = { bytes: topic, route: this.of(Buffer.from(topic).toString('utf8')) }
    if (this.#byHash.size >= this.#routesMax) this.#byHash.clear()
    this.#byHash.set(hash, fresh)
    return fresh
  }

  /** The channel a topic belongs to: its first token's, else `events`. */
  channelOf(topic: string): Channel {
    const { channels } = this.#deps
    const dot = topic.indexOf('.')
    const first = dot === -1 ? topic : topic.slice(0, dot)
    return channels.get(first) ?? (channels.get('events') as Channel)
  }

  /** The peers that want messages of this route. */
  peers(route: Route): readonly string[] {
    const { interest } = this.#deps
    const { version } = interest
    if (route.peersVersion !== version) {
      route.peers = interest.peersFor(route.topic)
      route.peersVersion = version
    }
    return route.peers
  }

  /** The subscriptions on this node, in the order they were made. A list that is never changed. */
  subscribers(route: Route): readonly TopicSubscription[] {
    const { subscriptions } = this.#deps
    if (route.subscribersVersion !== subscriptions.version) {
      route.subscribers = subscriptions.find(route.topic)
      route.subscribersVersion = subscriptions.version
    }
    return route.subscribers
  }

  #make(topic: string): Route {
    parseTopic(topic)
    if (this.#byTopic.size >= this.#routesMax) this.#byTopic.clear()
    const route: Route = {
      topic,
      channel: this.channelOf(topic),
      head: PublishHead.of(topic),
      peers: [],
      peersVersion: -1,
      subscribers: [],
      subscribersVersion: -1,
    }
    this.#byTopic.set(topic, route)
    return route
  }
}

/** FNV-1a over at most 256 bytes. @source http://www.isthe.com/chongo/tech/comp/fnv/ */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193)
  return hash
}

function isAt(bytes: Uint8Array, start: number, known: Uint8Array): boolean {
  for (let at = 0; at < known.length; at++) if (known[at] !== bytes[start + at]) return false
  return true
}

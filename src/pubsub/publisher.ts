/** The sending half: a message is checked and encoded once, then goes to peers and to subscribers here. */
import {
  checkGiven,
  currentTrace,
  FoundationError,
  toError,
  waitChecks,
  type Host,
  type TraceContext,
  type WaitOptions,
} from '../kernel/index.ts'
import { encodePayload } from '../wire/index.ts'
import { broadcastChecks, type BroadcastOptions, type DeliveryMeta } from './delivery.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { Interest } from './interest.ts'
import type { Outlets } from './outlets.ts'
import type { Route, Routes } from './routes.ts'
import type { BroadcastResult } from './sender.ts'
import { StampClock } from './stamp-clock.ts'
import type { Subscription } from './subscription.ts'
import { unreachable } from './unreachable.ts'

/** What is to be published. */
export interface PublishOrder {
  readonly topic: string
  readonly message: unknown
  /** The one subscription here that does not get it. */
  readonly except?: Subscription | undefined
}

/** What a publisher talks to. */
export interface PublisherDeps {
  readonly host: Host
  /** Name of this node. */
  readonly self: string
  readonly routes: Routes
  readonly interest: Pick<Interest, 'everyone' | 'isLinked'>
  readonly outlets: Outlets
  readonly dispatcher: Pick<Dispatcher, 'dispatch' | 'hasRoom'>
  /** @throws {FoundationError} `FND_NOT_RUNNING` */
  readonly requireOpen: () => void
}

/** A message that has passed every check. */
interface Publication {
  readonly route: Route
  readonly message: unknown
  readonly payload: Uint8Array
  readonly valueAt: number
  readonly sentAt: number
  readonly trace: TraceContext | undefined
  readonly except?: Subscription | undefined
}

/** One a node. */
export class Publisher {
  readonly #deps: PublisherDeps
  readonly #clock: StampClock
  #published = 0
  #latest = latestOf({ peers: 0, queued: 0, dropped: 0 })

  constructor(deps: PublisherDeps) {
    this.#deps = deps
    this.#clock = new StampClock(deps.host)
  }

  /** Messages published so far. */
  get published(): number {
    return this.#published
  }

  /**
   * To every node that wants it; see `PubSub.broadcast`. Not `async`: most broadcasts have their
   * result at once, and an async function costs more.
   */
  broadcast(order: PublishOrder, options: BroadcastOptions): Promise<BroadcastResult> {
    const { outlets, interest, routes } = this.#deps
    try {
      checkGiven(broadcastChecks, options, 'broadcast')
      options.signal?.throwIfAborted()
      const publication = this.#prepare(order)
      const result =
        options.to === 'everyone'
          ? outlets.send(publication, interest.everyone(), options)
          : outlets.publish(publication, routes.peers(publication.route), options)
      this.#deliver(publication)
      return result instanceof Promise ? result : this.#resolved(result)
    } catch (thrown) {
      return Promise.reject(toError(thrown))
    }
  }

  /** Most results are one and the same object; so is the promise of it. */
  #resolved(result: BroadcastResult): Promise<BroadcastResult> {
    if (result !== this.#latest.result) this.#latest = latestOf(result)
    return this.#latest.promise
  }

  /** To the subscribers of this node only. */
  local(order: PublishOrder): void {
    this.#deliver(this.#prepare(order))
  }

  /** To one node, whatever it listens to; see `PubSub.directBroadcast`. */
  async direct(
    nodeName: string,
    order: PublishOrder,
    options: WaitOptions,
  ): Promise<BroadcastResult> {
    checkGiven(waitChecks, options, 'directBroadcast')
    const { self, interest, outlets } = this.#deps
    const publication = this.#prepare(order)
    if (nodeName === self) {
      this.#deliver(publication)
      return { peers: 0, queued: 0, dropped: 0 }
    }
    if (!interest.isLinked(nodeName)) throw unreachable('FND_NODE_UNKNOWN', nodeName)
    const result = await outlets.send(publication, [nodeName], options)
    if (result.queued === 0 && !interest.isLinked(nodeName)) {
      throw unreachable('FND_NODE_DOWN', nodeName)
    }
    return result
  }

  /** Everything that can be wrong with a message is found here, before anybody gets it. */
  #prepare({ topic, message, except }: PublishOrder): Publication {
    const { requireOpen, routes, dispatcher, outlets } = this.#deps
    requireOpen()
    const route = routes.of(topic)
    if (!dispatcher.hasRoom) {
      const text =
        `Broadcast on "${topic}": too many messages wait for subscribers on this node; ` +
        'await each broadcast, or see which subscriber is slow'
      throw new FoundationError('FND_LIMIT_REACHED', text, { details: { topic } })
    }
    const trace = currentTrace()
    const head = trace === undefined ? route.head : route.head.traced(trace)
    const payload = encodePayload(message, head.length)
    outlets.checkSize(topic, route.channel, payload)
    const sentAt = this.#clock.now()
    head.writeTo(payload, sentAt)
    this.#published += 1
    return { route, message, payload, valueAt: head.length, sentAt, trace, except }
  }

  #deliver(publication: Publication): void {
    const { route, sentAt, message, payload, valueAt, trace, except } = publication
    const subscribers = this.#deps.routes.subscribers(route)
    if (subscribers.length === 0) return
    const meta: DeliveryMeta = {
      topic: route.topic,
      channel: route.channel.name,
      from: this.#deps.self,
      sentAt,
      epoch: 0,
      sequence: this.#published,
      bytes: payload.length - valueAt,
    }
    const work = { subscribers, message, meta, payload, valueAt, trace, except }
    this.#deps.dispatcher.dispatch(work)
  }
}

function latestOf(result: BroadcastResult): {
  readonly result: BroadcastResult
  readonly promise: Promise<BroadcastResult>
} {
  return { result, promise: Promise.resolve(result) }
}

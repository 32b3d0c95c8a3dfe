/** The ways out of this node: to peers one by one, or to all who listen by one send of the engine. */
import type { WaitOptions } from '../kernel/index.ts'
import { BrokerSender, type BrokerSenderDeps } from './broker-sender.ts'
import type { Channel, PubSubOptions } from './options.ts'
import { Sender, type BroadcastResult } from './sender.ts'
import type { Route } from './routes.ts'

/** An encoded message and the topic it is for. */
export interface Sealed {
  readonly route: Pick<Route, 'topic' | 'channel'>
  readonly payload: Uint8Array
}

/** What the outlets talk to. */
export interface OutletsDeps extends Omit<BrokerSenderDeps, 'fanout'> {
  readonly router: ConstructorParameters<typeof Sender>[0]['router']
  readonly fanout?: BrokerSenderDeps['fanout'] | undefined
}

/** One a node. */
export class Outlets {
  /** There when the engine reaches all who listen by one send. */
  readonly broker: BrokerSender | undefined
  readonly #sender: Sender

  constructor(deps: OutletsDeps, options: PubSubOptions) {
    const { fanout } = deps
    this.broker = fanout && new BrokerSender({ ...deps, fanout }, options)
    this.#sender = new Sender(deps, options)
  }

  /** Messages that wait for room. */
  get waiting(): number {
    return this.#sender.waiting + (this.broker?.waiting ?? 0)
  }

  /** @throws {FoundationError} `FND_MESSAGE_TOO_LARGE` */
  checkSize(topic: string, channel: Channel, payload: Uint8Array): void {
    this.#sender.checkSize(topic, channel, payload)
  }

  /** To those who listen, which `peers` are as far as is known. As `Sender.send`. */
  publish(
    message: Sealed,
    peers: readonly string[],
    options: WaitOptions,
  ): BroadcastResult | Promise<BroadcastResult> {
    if (!this.broker) return this.send(message, peers, options)
    const { topic, channel } = message.route
    return this.broker.send({ topic, channel, payload: message.payload, peers, options })
  }

  /** To these peers. As `Sender.send`. */
  send(
    { route, payload }: Sealed,
    peers: readonly string[],
    options: WaitOptions,
  ): BroadcastResult | Promise<BroadcastResult> {
    const { topic, channel } = route
    return this.#sender.send({ topic, channel, payload, peers, options })
  }

  /** The link to a peer is gone: what waited for it is dropped. */
  linkDown(peer: string): void {
    this.#sender.linkDown(peer)
  }

  stop(): void {
    this.#sender.stop()
    this.broker?.stop()
  }
}

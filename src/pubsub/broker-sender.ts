/**
 * Broadcasts by an engine that reaches everybody who listens with one send. The overflow policies
 * are those of the {@link Sender}, with "everybody" as the one peer.
 */
import type { Fanout } from '../transport/index.ts'
import { channelClasses, type ChannelClass } from '../transport/index.ts'
import type { Channel, PubSubOptions } from './options.ts'
import { Sender, type BroadcastResult, type Outgoing, type SenderDeps } from './sender.ts'

/** What it talks to. */
export interface BrokerSenderDeps extends Omit<SenderDeps, 'router'> {
  readonly fanout: Fanout
  readonly channelOf: (topic: string) => Channel
}

const everybody = ['everybody who listens']

/** One a node whose engine has the capability `nativeFanout`. */
export class BrokerSender {
  readonly #fanout: Fanout
  readonly #channelOf: (topic: string) => Channel
  readonly #sender: Sender
  /** Topics of messages that wait for room. Bounded as the sender's lanes are. */
  readonly #waiting = new Map<Uint8Array, string>()
  #topic = ''

  constructor(deps: BrokerSenderDeps, options: PubSubOptions) {
    const { fanout, channelOf } = deps
    this.#fanout = fanout
    this.#channelOf = channelOf
    const router: SenderDeps['router'] = {
      send: (_everybody, channelClass, payload) =>
        fanout.publish(channelClass, this.#waiting.get(payload) ?? this.#topic, payload),
      whenWritable: (_everybody, channelClass) => fanout.whenWritable(channelClass),
    }
    this.#sender = new Sender({ ...deps, router }, options)
  }

  /** Messages that wait for room. */
  get waiting(): number {
    return this.#sender.waiting
  }

  /** As `Sender.send`; `outgoing.peers` are those who are known to listen. */
  send(outgoing: Outgoing): BroadcastResult | Promise<BroadcastResult> {
    const { peers, topic, payload } = outgoing
    if (peers.length === 0) return { peers: 0, queued: 0, dropped: 0 }
    this.#topic = topic
    const result = this.#sender.send({ ...outgoing, peers: everybody })
    if (!(result instanceof Promise)) return forAll(result, peers.length)
    this.#waiting.set(payload, topic)
    return this.#settled(result, outgoing)
  }

  /** Listens to a topic or pattern on every class it can match; resolves when the engine delivers. */
  async listen(pattern: string): Promise<void> {
    const classes = this.#classesOf(pattern)
    await Promise.all(classes.map((name) => this.#fanout.listen(name, pattern)))
  }

  unlisten(pattern: string): void {
    for (const name of this.#classesOf(pattern)) this.#fanout.unlisten(name, pattern)
  }

  stop(): void {
    this.#sender.stop()
  }

  async #settled(
    result: Promise<BroadcastResult>,
    { payload, peers }: Outgoing,
  ): Promise<BroadcastResult> {
    try {
      return forAll(await result, peers.length)
    } finally {
      this.#waiting.delete(payload)
    }
  }

  /** A pattern that begins with a wildcard matches topics of every channel. */
  #classesOf(pattern: string): readonly ChannelClass[] {
    return /^[*>]/.test(pattern) ? channelClasses : [this.#channelOf(pattern).class]
  }
}

function forAll({ queued, dropped }: BroadcastResult, peers: number): BroadcastResult {
  return { peers, queued: queued * peers, dropped: dropped * peers }
}

/** Topics on the broker: one publish for all who listen, and the broker knows who they are. */
import { channelClasses, type ChannelClass, type Fanout, type SendOutcome } from '../port/port.ts'
import type { Accounts } from './accounts.ts'
import { natsClasses } from './options.ts'
import type { SentStreams, Stream } from './streams.ts'
import type { Subjects } from './subjects.ts'
import type { Uplink } from './uplink.ts'

/** What the topics of a started engine talk to. */
export interface TopicsDeps {
  readonly subjects: Subjects
  readonly uplinks: ReadonlyMap<ChannelClass, Uplink>
  readonly accounts: Pick<Accounts, 'listened' | 'unlistened'>
}

interface Wanted {
  readonly channelClass: ChannelClass
  readonly pattern: string
  count: number
}

const knownMax = 10_000

/** The {@link Fanout} of the NATS engine. */
export class NatsTopics implements Fanout {
  readonly #streams: SentStreams
  /** Kept here, since users subscribe before the engine starts. */
  readonly #wanted = new Map<string, Wanted>()
  /** Streams by topic, at hand: writing a subject costs more than all the rest. */
  readonly #known = new Map<ChannelClass, Map<string, Stream>>(
    channelClasses.map((name) => [name, new Map<string, Stream>()]),
  )
  #deps: TopicsDeps | undefined
  #dropped = 0

  constructor(streams: SentStreams) {
    this.#streams = streams
  }

  /** Payloads that waited for the broker and had to make room. */
  get dropped(): number {
    return this.#dropped
  }

  /** The engine starts: what was wanted until now is listened to. */
  async start(deps: TopicsDeps): Promise<void> {
    this.#deps = deps
    await Promise.all([...this.#wanted.values()].map((wanted) => this.#listen(wanted)))
  }

  /** Subjects and patterns of a class that are listened to. */
  listening(channelClass: ChannelClass): readonly string[] {
    const { subjects } = this.#deps ?? {}
    if (!subjects) return []
    return [...this.#wanted.values()]
      .filter((wanted) => wanted.channelClass === channelClass)
      .map(({ pattern }) => subjects.topic(channelClass, pattern))
  }

  publish(channelClass: ChannelClass, topic: string, payload: Uint8Array): SendOutcome {
    const uplink = this.#deps?.uplinks.get(channelClass)
    if (!uplink) return 'disconnected'
    const stream = this.#stream(channelClass, topic)
    const outcome = uplink.send(payload, stream)
    if (outcome !== 'full' || !natsClasses[channelClass].dropsOldest) return outcome
    this.#dropped += uplink.makeRoom(payload.length)
    return uplink.send(payload, stream)
  }

  whenWritable(channelClass: ChannelClass): Promise<void> {
    return this.#deps?.uplinks.get(channelClass)?.whenWritable() ?? Promise.resolve()
  }

  async listen(channelClass: ChannelClass, pattern: string): Promise<void> {
    const key = `${channelClass} ${pattern}`
    const wanted = this.#wanted.get(key) ?? { channelClass, pattern, count: 0 }
    this.#wanted.set(key, wanted)
    wanted.count += 1
    if (wanted.count === 1) await this.#listen(wanted)
  }

  unlisten(channelClass: ChannelClass, pattern: string): void {
    const key = `${channelClass} ${pattern}`
    const wanted = this.#wanted.get(key)
    if (!wanted) return
    wanted.count -= 1
    if (wanted.count > 0) return
    this.#wanted.delete(key)
    if (!this.#deps) return
    const subject = this.#deps.subjects.topic(channelClass, pattern)
    this.#deps.uplinks.get(channelClass)?.unlisten(subject)
    this.#deps.accounts.unlistened(subject)
  }

  #stream(channelClass: ChannelClass, topic: string): Stream {
    const streams = this.#known.get(channelClass)
    const known = streams?.get(topic)
    if (known && known.generation === this.#streams.generation) return known
    const stream = this.#streams.of(this.#deps?.subjects.topic(channelClass, topic) ?? topic)
    if (streams && streams.size >= knownMax) streams.clear()
    streams?.set(topic, stream)
    return stream
  }

  async #listen({ channelClass, pattern }: Wanted): Promise<void> {
    if (!this.#deps) return
    const { subjects, uplinks, accounts } = this.#deps
    const subject = subjects.topic(channelClass, pattern)
    await uplinks.get(channelClass)?.listen(subject)
    await accounts.listened(channelClass, subject)
  }
}

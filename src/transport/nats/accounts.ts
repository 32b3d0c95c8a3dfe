/**
 * Keeps both ends of every stream in agreement on what was said. A hole inside a stream shows by
 * itself; what a listener cannot see is a lost end, and whether the first payload it hears is the
 * first there was. So it asks: when it is linked, when it begins to listen, and when a connection to
 * the broker is there again. An answer may be lost as well, so it asks until one comes.
 */
import { deferred, type Deferred, type Host, type Timer } from '../../kernel/index.ts'
import { channelClasses, type ChannelClass } from '../port/port.ts'
import { directAt, kindsPerClass } from './direct.ts'
import type { Frame } from './frames.ts'
import { askPatternsMax, marksMax, words, type Marks } from './handshake.ts'
import type { NatsLink } from './link.ts'
import type { SentStreams } from './streams.ts'
import { subjectMatches, type Subjects } from './subjects.ts'
import type { Uplink } from './uplink.ts'
import type { Voice } from './voice.ts'

/** What the accounts talk to. */
export interface AccountsDeps {
  readonly host: Host
  readonly subjects: Subjects
  readonly voice: Voice
  readonly streams: SentStreams
  readonly uplinks: ReadonlyMap<ChannelClass, Uplink>
  readonly links: () => ReadonlyMap<string, NatsLink>
  readonly unlistened: (pattern: string) => void
  /** Subjects and patterns of a class this node listens to. */
  readonly listening: (channelClass: ChannelClass) => readonly string[]
}

interface Ask {
  readonly link: NatsLink
  readonly channelClass: ChannelClass
  readonly patterns: readonly string[]
  timer: Timer | undefined
  /** Resolves with the answer, or when one is no longer waited for. */
  readonly over: Deferred<undefined>
}

const firstRetryMs = 300
const triesMax = 6
/** Who has not answered by then holds nobody up; it is asked on. */
const triesWaited = 3

/** One a running transport. */
export class Accounts {
  readonly #deps: AccountsDeps
  /** Not answered yet. At most a few for each link and class: a new question makes an older one moot. */
  readonly #asks = new Map<number, Ask>()
  #lastId = 0

  constructor(deps: AccountsDeps) {
    this.#deps = deps
  }

  stop(): void {
    for (const id of [...this.#asks.keys()]) this.#forget(id)
  }

  /** A link is up: from here on everything that is listened to is accounted for. */
  linked(link: NatsLink): void {
    for (const name of channelClasses) void this.#ask(link, name, this.#deps.listening(name))
  }

  /**
   * The broker knows that this node listens to one more subject or pattern. Resolves when the peers
   * have told where their streams of it stand: what is lost from then on is known to be.
   */
  async listened(channelClass: ChannelClass, pattern: string): Promise<void> {
    const links = [...this.#deps.links().values()]
    await Promise.all(links.map((link) => this.#ask(link, channelClass, [pattern])))
  }

  /** This node listens to it no more. */
  unlistened(pattern: string): void {
    this.#deps.unlistened(pattern)
  }

  /** The connection of a class is there again: both sides may have missed something. */
  back(channelClass: ChannelClass): void {
    for (const link of this.#deps.links().values()) {
      this.#tell(link, channelClass, {
        id: 0,
        patterns: [this.#deps.subjects.topicsOf(channelClass) + '>'],
      })
      void this.#ask(link, channelClass, this.#deps.listening(channelClass))
    }
  }

  /** A peer asks where the streams stand. */
  asked(link: NatsLink, channelClass: ChannelClass, frame: Frame): void {
    this.#tell(link, channelClass, words.ask.decode(frame.body))
  }

  /** A peer tells where its streams stand, asked or not. */
  told(link: NatsLink, channelClass: ChannelClass, frame: Frame): void {
    const marks = words.marks.decode(frame.body)
    const first = directAt({ channelClass, isPublished: false })
    for (const [at, told] of marks.nextSequence.entries()) link.resume(first + at, told)
    const listening = this.#deps.listening(channelClass)
    for (const [subject, sequence] of marks.topics) {
      if (!listening.some((pattern) => subjectMatches(pattern, subject))) continue
      link.mark(channelClass, { subject, generation: marks.generation, sequence })
    }
    this.#answered(link, marks)
  }

  #answered(link: NatsLink, { id, isWhole }: Marks): void {
    const ask = this.#asks.get(id)
    if (ask?.link !== link) return
    this.#forget(id)
    if (isWhole) link.settle(ask.patterns)
  }

  #ask(
    ...[link, channelClass, patterns]: [NatsLink, ChannelClass, readonly string[]]
  ): Promise<undefined> {
    this.#lastId += 1
    const over = deferred<undefined>()
    // Too many to name: everything of the class, of which the listener takes what it wants.
    const named =
      patterns.length > askPatternsMax
        ? [`${this.#deps.subjects.topicsOf(channelClass)}>`]
        : patterns
    this.#asks.set(this.#lastId, { link, channelClass, patterns, timer: undefined, over })
    this.#askAgain(this.#lastId, named, 0)
    return over.promise
  }

  #askAgain(id: number, patterns: readonly string[], tries: number): void {
    const ask = this.#asks.get(id)
    if (!ask) return
    const { link, channelClass } = ask
    if (this.#deps.links().get(link.name) !== link || tries === triesMax) {
      this.#forget(id)
      return
    }
    if (tries === triesWaited) ask.over.resolve(undefined)
    this.#say(link, channelClass, this.#deps.voice.plain(words.ask, { id, patterns }))
    ask.timer = this.#deps.host.after(firstRetryMs * 2 ** tries, () => {
      this.#askAgain(id, patterns, tries + 1)
    })
  }

  #tell(
    link: NatsLink,
    channelClass: ChannelClass,
    asked: { readonly id: number; readonly patterns: readonly string[] },
  ): void {
    const { streams, voice } = this.#deps
    const isWanted = (subject: string): boolean =>
      asked.patterns.some((pattern) => subjectMatches(pattern, subject))
    const topics = streams.marks(isWanted, marksMax + 1)
    const first = directAt({ channelClass, isPublished: false })
    const marks = {
      id: asked.id,
      generation: streams.generation,
      nextSequence: link.streams.next.slice(first, first + kindsPerClass),
      isWhole: topics.length <= marksMax,
      topics: topics.slice(0, marksMax),
    }
    this.#say(link, channelClass, voice.plain(words.marks, marks))
  }

  /** In order with the payloads, or the counts would not fit. */
  #say(...[link, channelClass, message]: [NatsLink, ChannelClass, Buffer]): void {
    const kind = { channelClass, isPublished: false }
    const subject = this.#deps.subjects.direct(link.name, link.sender, kind)
    this.#deps.uplinks.get(channelClass)?.say(subject, message)
  }

  #forget(id: number): void {
    const ask = this.#asks.get(id)
    ask?.timer?.cancel()
    ask?.over.resolve(undefined)
    this.#asks.delete(id)
  }
}

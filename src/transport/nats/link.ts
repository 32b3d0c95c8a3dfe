/**
 * One peer this node has a link with: what was counted of it, how long it is silent, and what to
 * do with each message of it.
 */
import { FoundationError, type Host } from '../../kernel/index.ts'
import {
  channelClasses,
  type ChannelClass,
  type ClassStats,
  type Inbound,
  type LinkInfo,
  type LinkStats,
  type LossOf,
  type TransportHandlers,
} from '../port/port.ts'
import { missingBefore, resume, type Streams } from '../port/sequence.ts'
import { directAt, directKinds, type DirectKind } from './direct.ts'
import { Assembly } from './fragments.ts'
import { eachPayload, natsKinds, type Frame } from './frames.ts'
import { natsClasses } from './options.ts'
import type { HeardStreams, Place, Stream } from './streams.ts'
import type { Subjects } from './subjects.ts'

/** What a link tells its transport. */
export interface LinkNews {
  frame(inbound: Inbound): void
  readonly gap: TransportHandlers['gap']
}

/** The stream of a message: an index in `directKinds`, or the subject of one for whoever listens. */
export type Source = number | string

/** What a link is made of. */
export interface LinkParts {
  readonly host: Host
  readonly news: LinkNews
  /** Where the streams of payloads for one node only stand; they outlive the link. */
  readonly streams: Streams
  /** What the peer signs its messages with, in hexadecimal. */
  readonly sender: string
  /** Where its streams by topic stand; a subject belongs to one class, so one book serves all of them. */
  readonly heard: HeardStreams
  readonly subjects: Subjects
}

/** What was counted of one class of one link. */
export type Figures = Pick<
  ClassStats,
  'sentFrames' | 'sentBytes' | 'receivedFrames' | 'receivedBytes' | 'gapFrames'
>

/** Figures of one class, and the large payloads of it under way here. */
class Tally {
  sentFrames = 0
  sentBytes = 0
  receivedFrames = 0
  receivedBytes = 0
  gapFrames = 0
  readonly assembly: Assembly

  constructor(payloadMaxBytes: number) {
    this.assembly = new Assembly(payloadMaxBytes)
  }
}

/** The count outlives the link, so it is kept where the streams of the peer are. */
class DirectStream implements Stream {
  readonly subject: string
  readonly generation = 0
  readonly #next: number[]
  readonly #at: number

  constructor(subject: string, next: number[], at: number) {
    this.subject = subject
    this.#next = next
    this.#at = at
  }

  get next(): number {
    return this.#next[this.#at] ?? 1
  }

  set next(sequence: number) {
    this.#next[this.#at] = sequence
  }
}

/** A payload on its way up. */
interface Heard {
  readonly channelClass: ChannelClass
  readonly source: Source
  readonly sequence: number
  readonly payload: Buffer
}

/** One a peer. */
export class NatsLink {
  readonly info: LinkInfo
  readonly sender: string
  readonly #parts: LinkParts
  readonly #tallies = Object.fromEntries(
    channelClasses.map((name) => [name, new Tally(natsClasses[name].payloadMaxBytes)]),
  ) as Record<ChannelClass, Tally>
  readonly #direct: readonly Stream[]
  readonly #beganAtMs: number
  #heardAtMs: number
  #peerRttMs: number | undefined

  constructor(info: LinkInfo, parts: LinkParts) {
    this.info = info
    this.sender = parts.sender
    this.#parts = parts
    const { peer } = info
    this.#direct = directKinds.map((kind, at) => {
      const subject = parts.subjects.direct(peer.name, parts.sender, kind)
      return new DirectStream(subject, parts.streams.next, at)
    })
    this.#beganAtMs = parts.host.nowMs()
    this.#heardAtMs = this.#beganAtMs
    parts.streams.epoch = info.epoch
  }

  get name(): string {
    return this.info.peer.name
  }

  get streams(): Streams {
    return this.#parts.streams
  }

  get ageMs(): number {
    return this.#parts.host.nowMs() - this.#beganAtMs
  }

  get silentMs(): number {
    return this.#parts.host.nowMs() - this.#heardAtMs
  }

  /** Anything at all was heard; a pulse tells the peer's round trip to the broker as well. */
  alive(rttMs?: number): void {
    this.#heardAtMs = this.#parts.host.nowMs()
    if (rttMs !== undefined) this.#peerRttMs = rttMs
  }

  /** A stream of payloads for this peer only. */
  stream(kind: DirectKind): Stream {
    return this.#direct[directAt(kind)] as Stream
  }

  sent(channelClass: ChannelClass, bytes: number): void {
    this.#tallies[channelClass].sentFrames += 1
    this.#tallies[channelClass].sentBytes += bytes
  }

  /**
   * The peer tells what it sends next in a stream of `directKinds`, on a new link or after a lost
   * connection. What it said over an earlier link and is still under way is lost with that link.
   */
  resume(at: number, told: number): void {
    const kind = directKinds[at]
    const expected = this.streams.expected[at] ?? 1
    if (kind && told >= expected) this.#gap(kind.channelClass, at, resume(this.streams, at, told))
  }

  /** See {@link HeardStreams}. */
  settle(patterns: readonly string[]): void {
    this.#parts.heard.settle(patterns)
  }

  /** The peer tells where a subject stands. */
  mark(channelClass: ChannelClass, place: Place): void {
    this.#gap(channelClass, place.subject, this.#parts.heard.mark(place))
  }

  /**
   * Takes `data` and `part` messages.
   *
   * @throws {FoundationError} `FND_FRAME_INVALID`
   */
  receive(channelClass: ChannelClass, frame: Frame, source: Source): void {
    if (channelClass === 'control') this.alive()
    const { generation } = frame
    if (frame.kind === natsKinds.part) {
      const { sequence, body } = frame
      const key = `${String(source)} ${String(generation)} ${String(sequence)}`
      const payload = this.#tallies[channelClass].assembly.add(key, body)
      if (payload) this.#take({ channelClass, source, sequence, payload }, generation)
      return
    }
    let { sequence } = frame
    eachPayload(frame.body, (payload) => {
      this.#take({ channelClass, source, sequence, payload }, generation)
      sequence += 1
    })
  }

  /** @param ownRttMs this node's own round trip to the broker. */
  stats(ownRttMs: number | undefined): Omit<LinkStats, 'classes'> {
    const rttMs =
      ownRttMs === undefined || this.#peerRttMs === undefined
        ? undefined
        : ownRttMs + this.#peerRttMs
    const { peer, epoch, protocol, address } = this.info
    return { peer: peer.name, epoch, protocol, address, rttMs, silentMs: this.silentMs }
  }

  /** What was counted of one class. */
  tally(channelClass: ChannelClass): Figures {
    const { sentFrames, sentBytes, receivedFrames, receivedBytes, gapFrames } =
      this.#tallies[channelClass]
    return { sentFrames, sentBytes, receivedFrames, receivedBytes, gapFrames }
  }

  #take({ channelClass, source, sequence, payload }: Heard, generation: number): void {
    const missing =
      typeof source === 'number'
        ? this.#hearDirect(source, sequence)
        : this.#parts.heard.hear({ subject: source, generation, sequence })
    // Said twice: by two patterns that both match, or again after a lost connection.
    if (missing < 0) return
    this.#gap(channelClass, source, missing)
    const tally = this.#tallies[channelClass]
    tally.receivedFrames += 1
    tally.receivedBytes += payload.length
    const { epoch } = this.info
    this.#parts.news.frame({ from: this.name, class: channelClass, epoch, sequence, payload })
  }

  #hearDirect(at: number, sequence: number): number {
    const missing = missingBefore(this.streams.expected[at] ?? 1, sequence)
    if (missing >= 0) this.streams.expected[at] = sequence + 1
    return missing
  }

  #gap(channelClass: ChannelClass, source: Source, count: number): void {
    if (count <= 0) return
    this.#tallies[channelClass].gapFrames += count
    this.#parts.news.gap(this.name, channelClass, count, this.#lostOf(channelClass, source))
  }

  #lostOf(channelClass: ChannelClass, source: Source): LossOf | undefined {
    if (typeof source === 'number')
      return directKinds[source]?.isPublished ? undefined : 'unpublished'
    return { topic: this.#parts.subjects.topicOf(channelClass, source) }
  }
}

/** A message that is not one of a link's. */
export function unexpected(kind: number): FoundationError {
  return new FoundationError('FND_FRAME_INVALID', `Kind ${String(kind)} is not known here`)
}

/**
 * Multicast DNS on one interface: announces, answers, asks. It decides what leaves and when; the
 * session gives it packets and time, and takes its news.
 */
import { RepeatGate } from '../../../kernel/index.ts'
import type { MdnsPacket, MdnsQuestion, MdnsRecord, MdnsSource } from '../../port/mdns-port.ts'
import { Browser, type BrowserNews } from './browser.ts'
import {
  announcement,
  goodbye,
  plainAnswer,
  query,
  serviceType,
  typesAnswer,
  type OwnService,
} from './own-service.ts'
import { QueryRhythm } from './query-rhythm.ts'
import { isAbout, Responder } from './responder.ts'

/** What a {@link Station} is made for. */
export interface StationOptions {
  readonly cluster: string
  /** The port of multicast DNS: questions from another come from plain DNS clients. */
  readonly port: number
  /** Sends to everybody, or to one. Must not throw. */
  readonly send: (packet: MdnsPacket, to?: MdnsSource) => void
  /** From 0 up to 1. */
  readonly random: () => number
}

/** An announcement, and again for those who missed it. @source RFC 6762 section 8.3 */
const announceTimesMs = [0, 1_000]
const recordsMax = 4_096
/** Pointers in one packet that it still fits an Ethernet frame with. */
const knownPerPacket = 8
/** Between two questions for what instances lack. */
const missingPauseMs = 1_000
const missingDelayMs = 100
const plainPauseMs = 100
const plainAskersMax = 256

/** One interface. */
export class Station {
  readonly #options: StationOptions
  readonly #browser: Browser
  readonly #responder = new Responder()
  readonly #rhythm = new QueryRhythm()
  readonly #plainAskers = new RepeatGate({ quietMs: plainPauseMs, keysMax: plainAskersMax })
  #own: OwnService | undefined
  #announceMs: number[] = []
  #missingMs = Infinity
  #missingAskedMs = -Infinity

  constructor(options: StationOptions) {
    this.#options = options
    this.#browser = new Browser({ cluster: options.cluster, recordsMax })
  }

  /** Begins to ask, or begins anew. */
  ask(nowMs: number): void {
    this.#rhythm.restart(nowMs, this.#options.random())
  }

  /** Announces what this node says of itself, if it is new or `again` is true. */
  announce(own: OwnService | undefined, nowMs: number, again = false): void {
    const isSame = JSON.stringify(own) === JSON.stringify(this.#own)
    this.#own = own
    if (own && (again || !isSame)) this.#announceMs = announceTimesMs.map((ms) => nowMs + ms)
  }

  /** True for what this node itself says. */
  isOwn({ kind, answers }: MdnsPacket): boolean {
    const own = this.#own?.instance
    return (
      kind === 'response' &&
      answers.some((answer) => answer.type === 'PTR' && answer.target === own)
    )
  }

  /** Takes a packet; gives what it changes. */
  heard(packet: MdnsPacket, source: MdnsSource, nowMs: number): BrowserNews[] {
    const { random } = this.#options
    if (packet.kind === 'query') {
      this.#asked(packet, source, nowMs)
      return []
    }
    if (this.isOwn(packet)) return []
    const from = { source: source.address, nowMs, chance: random() }
    const news = this.#browser.heard(packet, from)
    if (this.#browser.missing().length > 0 && this.#missingMs === Infinity) {
      this.#missingMs = Math.max(nowMs + missingDelayMs, this.#missingAskedMs + missingPauseMs)
    }
    return news
  }

  /** Says and asks what is due; gives what has ended. */
  tick(nowMs: number): BrowserNews[] {
    this.#speak(nowMs)
    this.#query(nowMs)
    return this.#browser.expire(nowMs)
  }

  /** When `tick` has something to do next. */
  get nextMs(): number {
    const announceMs = this.#announceMs[0] ?? Infinity
    const asks = Math.min(this.#rhythm.nextMs, this.#missingMs)
    return Math.min(announceMs, this.#responder.nextMs, asks, this.#browser.nextMs)
  }

  /** The last word. */
  leave(): void {
    if (this.#own) this.#options.send(goodbye(this.#own))
  }

  #asked(packet: MdnsPacket, source: MdnsSource, nowMs: number): void {
    const own = this.#own
    if (!own) return
    const { random, port } = this.#options
    if (source.port === port) {
      this.#responder.asked(packet, own, { source: source.address, nowMs, chance: random() })
    } else if (this.#plainAskers.opens(source.address, nowMs))
      this.#answerPlain(packet, source, own)
  }

  #answerPlain(packet: MdnsPacket, source: MdnsSource, own: OwnService): void {
    const asks = (asked: 'service' | 'types'): boolean =>
      packet.questions.some((question) => isAbout(question, own, asked))
    const { send } = this.#options
    if (asks('service')) send(plainAnswer(announcement(own), packet), source)
    else if (asks('types')) send(plainAnswer(typesAnswer(own), packet), source)
  }

  #speak(nowMs: number): void {
    const { send } = this.#options
    const own = this.#own
    if (!own) return
    if ((this.#announceMs[0] ?? Infinity) <= nowMs) {
      this.#announceMs.shift()
      this.#responder.sent('service', nowMs)
      send(announcement(own))
    }
    for (const asked of this.#responder.due(nowMs)) {
      send(asked === 'service' ? announcement(own) : typesAnswer(own))
    }
  }

  #query(nowMs: number): void {
    const questions: MdnsQuestion[] = this.#browser.questions(nowMs)
    if (this.#rhythm.nextMs <= nowMs) {
      questions.push({ name: serviceType, type: 'PTR' })
      this.#rhythm.asked(nowMs)
    }
    if (this.#missingMs <= nowMs) {
      questions.push(...this.#browser.missing())
      this.#missingMs = Infinity
      this.#missingAskedMs = nowMs
    }
    if (questions.length > 0) this.#send(questions, nowMs)
  }

  /** With what is known already, so that only the others answer; in several packets if need be. */
  #send(questions: readonly MdnsQuestion[], nowMs: number): void {
    const isForAll = questions.some(({ name }) => name === serviceType)
    // The own pointer is among them, or this node would answer itself.
    const own = this.#own ? [this.#own.pointer] : []
    const known = isForAll ? [...own, ...this.#browser.known(nowMs)] : []
    const parts = chunked(known, knownPerPacket)
    for (const [index, part] of parts.entries()) {
      const isTruncated = index < parts.length - 1
      this.#options.send(query(index === 0 ? distinct(questions) : [], part, isTruncated))
    }
  }
}

function chunked(records: readonly MdnsRecord[], size: number): (readonly MdnsRecord[])[] {
  const parts = []
  for (let at = 0; at === 0 || at < records.length; at += size) {
    parts.push(records.slice(at, at + size))
  }
  return parts
}

const questionsMax = 16

/** A packet has room for so many; those left out are asked for at the next point. */
function distinct(questions: readonly MdnsQuestion[]): MdnsQuestion[] {
  const byKey = new Map(
    questions.map((question) => [`${question.name} ${question.type}`, question]),
  )
  return [...byKey.values()].slice(0, questionsMax)
}

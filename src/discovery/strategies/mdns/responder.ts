/**
 * When this node answers on one interface: late enough for others, not twice in a second, not at all
 * when the asker knows already. Pure: time and chance are arguments.
 * @source RFC 6762: delays (6), known answers (7.1, 7.2), one answer a second (6)
 */
import type { MdnsPacket, MdnsQuestion } from '../../port/mdns-port.ts'
import { serviceType, serviceTypesName, type OwnService } from './own-service.ts'

/** What is asked for: the service with all its records, or only that there is one of its type. */
export type Asked = 'service' | 'types'

interface Pending {
  dueMs: number
  /** Who asked; one that turns out to know already is taken off. */
  readonly sources: Set<string>
}

/** One answer a second at most: a packet reaches everybody. */
export const answerGapMs = 1_000
const sharedDelayMs = { min: 20, max: 120 }
/** More known answers are on their way. */
const truncatedDelayMs = { min: 400, max: 500 }

/** One interface's answers. */
export class Responder {
  readonly #pending = new Map<Asked, Pending>()
  readonly #sentMs = new Map<Asked, number>()

  /** Takes a question (or more known answers to an earlier one). `chance` is 0 up to 1. */
  asked(
    packet: MdnsPacket,
    own: OwnService,
    at: { source: string; nowMs: number; chance: number },
  ): void {
    const isKnown = knows(packet, own)
    // Without a question it goes on with what the same host asked before.
    if (isKnown && packet.questions.length === 0) this.#withdraw(at.source)
    for (const asked of ['service', 'types'] as const) {
      const wanted = packet.questions.filter((question) => isAbout(question, own, asked))
      if (wanted.length === 0 || (asked === 'service' && isKnown && !isUnique(wanted))) continue
      this.#plan(asked, at.source, at.nowMs + delayMs(packet, wanted, at.chance))
    }
  }

  /** The answers to give now; they count as given. */
  due(nowMs: number): Asked[] {
    const due = [...this.#pending].filter(([, { dueMs }]) => dueMs <= nowMs).map(([asked]) => asked)
    for (const asked of due) this.sent(asked, nowMs)
    return due
  }

  /** Something was sent without being asked for, e.g. an announcement. */
  sent(asked: Asked, nowMs: number): void {
    this.#pending.delete(asked)
    this.#sentMs.set(asked, nowMs)
  }

  /** When `due` gives something next. */
  get nextMs(): number {
    return Math.min(...[...this.#pending.values()].map(({ dueMs }) => dueMs), Infinity)
  }

  #plan(asked: Asked, source: string, wantedMs: number): void {
    const earliestMs = (this.#sentMs.get(asked) ?? -Infinity) + answerGapMs
    const dueMs = Math.max(wantedMs, earliestMs)
    const pending = this.#pending.get(asked)
    if (!pending) {
      this.#pending.set(asked, { dueMs, sources: new Set([source]) })
      return
    }
    pending.sources.add(source)
    pending.dueMs = Math.min(pending.dueMs, dueMs)
  }

  #withdraw(source: string): void {
    const pending = this.#pending.get('service')
    if (pending?.sources.delete(source) && pending.sources.size === 0) {
      this.#pending.delete('service')
    }
  }
}

/** True for a question that this node has an answer to. */
export function isAbout({ name, type }: MdnsQuestion, own: OwnService, asked: Asked): boolean {
  const wanted = name.toLowerCase()
  const has = (record: { name: string; type: string }): boolean =>
    record.name.toLowerCase() === wanted && (type === 'ANY' || type === record.type)
  if (asked === 'types') return wanted === serviceTypesName && has(own.typesPointer)
  return has(own.pointer) || own.details.some(has)
}

/** True when the packet lists this node's pointer with at least half of its time left. */
function knows({ answers }: MdnsPacket, { pointer, instance }: OwnService): boolean {
  return answers.some(
    (record) =>
      record.type === 'PTR' &&
      record.target.toLowerCase() === instance.toLowerCase() &&
      record.ttlSeconds >= pointer.ttlSeconds / 2,
  )
}

/** Records that nobody else can have may be told at once. */
function isUnique(questions: readonly MdnsQuestion[]): boolean {
  return questions.some(({ name }) => name.toLowerCase() !== serviceType)
}

function delayMs(
  { isTruncated }: MdnsPacket,
  wanted: readonly MdnsQuestion[],
  chance: number,
): number {
  if (isTruncated) return between(truncatedDelayMs, chance)
  const isShared = wanted.some(({ name }) =>
    [serviceType, serviceTypesName].includes(name.toLowerCase()),
  )
  return isShared ? between(sharedDelayMs, chance) : 0
}

function between({ min, max }: { min: number; max: number }, chance: number): number {
  return min + (max - min) * chance
}

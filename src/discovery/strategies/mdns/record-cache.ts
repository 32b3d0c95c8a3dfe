/**
 * Records heard by multicast DNS, for as long as they hold. Pure: time is an argument.
 * @source RFC 6762: goodbye (10.1), cache-flush (10.2), refresh at 80, 85, 90 and 95 % (5.2)
 */
import type { MdnsQuestion, MdnsRecord } from '../../port/mdns-port.ts'

/** Bounds of a {@link RecordCache}. */
export interface RecordCacheOptions {
  /** Records kept; beyond it new ones are dropped. */
  readonly recordsMax: number
}

interface Held {
  readonly record: MdnsRecord
  readonly heardMs: number
  readonly ttlMs: number
  expiresMs: number
  /** How many of {@link refreshPoints} have passed. */
  refreshes: number
  /** Moves the points a little, so that nodes do not all ask at once. 0 up to 1. */
  readonly chance: number
}

/** A record that says goodbye, or is flushed, holds for this long: somebody may put it right. */
export const goodbyeMs = 1_000
/** Longer is not believed. @source mdns_lite's bound */
const ttlMaxSeconds = 75 * 60
const refreshPoints = [0.8, 0.85, 0.9, 0.95]
const refreshSpread = 0.02

/** Records by name and type. */
export class RecordCache {
  /** By name and type, then by content. */
  readonly #sets = new Map<string, Map<string, Held>>()
  readonly #options: RecordCacheOptions
  #size = 0

  constructor(options: RecordCacheOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#size
  }

  /** Takes a record; `chance` is 0 up to 1. */
  put(record: MdnsRecord, nowMs: number, chance: number): void {
    if (record.isFlush) this.#flush(record, nowMs)
    const known = this.#set(record.name, record.type)?.get(contentOf(record))
    if (record.ttlSeconds === 0) {
      if (known) known.expiresMs = Math.min(known.expiresMs, nowMs + goodbyeMs)
      return
    }
    if (!known && this.#size >= this.#options.recordsMax) return
    const ttlMs = Math.min(record.ttlSeconds, ttlMaxSeconds) * 1_000
    this.#hold({ record, chance, heardMs: nowMs, ttlMs, expiresMs: nowMs + ttlMs, refreshes: 0 })
  }

  /** Lets go of what holds no longer; true when there was any. */
  expire(nowMs: number): boolean {
    const sizeBefore = this.#size
    for (const [id, held] of this.#sets) {
      for (const [content, { expiresMs }] of held) {
        if (expiresMs <= nowMs && held.delete(content)) this.#size -= 1
      }
      if (held.size === 0) this.#sets.delete(id)
    }
    return this.#size < sizeBefore
  }

  /** Records of one name and type, the newest last. */
  find<T extends MdnsRecord['type']>(name: string, type: T): Extract<MdnsRecord, { type: T }>[] {
    const records = [...(this.#set(name, type)?.values() ?? [])].map(({ record }) => record)
    return records as Extract<MdnsRecord, { type: T }>[]
  }

  /** Those that still hold for more than half their time, with what is left of it. */
  young(name: string, type: MdnsRecord['type'], nowMs: number): MdnsRecord[] {
    return [...(this.#set(name, type)?.values() ?? [])]
      .filter(({ expiresMs, ttlMs }) => expiresMs - nowMs > ttlMs / 2)
      .map(({ record, expiresMs }) => {
        return { ...record, ttlSeconds: Math.floor((expiresMs - nowMs) / 1_000), isFlush: false }
      })
  }

  /** What must be asked for, because records of it would soon be lost. Each point is passed once. */
  refresh(nowMs: number): MdnsQuestion[] {
    const questions = new Map<string, MdnsQuestion>()
    for (const held of this.#all()) {
      if (refreshMs(held) > nowMs) continue
      while (refreshMs(held) <= nowMs) held.refreshes += 1
      const { name, type } = held.record
      questions.set(setId(name, type), { name, type })
    }
    return [...questions.values()]
  }

  /** When `expire` or `refresh` has something to do next. */
  get nextMs(): number {
    return this.#all().reduce(
      (next, held) => Math.min(next, held.expiresMs, refreshMs(held)),
      Infinity,
    )
  }

  #all(): Held[] {
    return [...this.#sets.values()].flatMap((held) => [...held.values()])
  }

  #set(name: string, type: MdnsRecord['type']): Map<string, Held> | undefined {
    return this.#sets.get(setId(name, type))
  }

  #hold(held: Held): void {
    const id = setId(held.record.name, held.record.type)
    const content = contentOf(held.record)
    const set = this.#sets.get(id) ?? new Map<string, Held>()
    this.#sets.set(id, set)
    if (!set.delete(content)) this.#size += 1
    set.set(content, held)
  }

  /** Others of the name and type end soon, unless they came in the last second (of one burst). */
  #flush(record: MdnsRecord, nowMs: number): void {
    const content = contentOf(record)
    for (const [otherContent, other] of this.#set(record.name, record.type) ?? []) {
      if (otherContent === content || nowMs - other.heardMs < goodbyeMs) continue
      other.expiresMs = Math.min(other.expiresMs, nowMs + goodbyeMs)
    }
  }
}

function refreshMs({ heardMs, ttlMs, expiresMs, refreshes, chance }: Held): number {
  const point = refreshPoints[refreshes]
  // One that is to end soon by its own word is not asked for again.
  if (point === undefined || expiresMs < heardMs + ttlMs) return Infinity
  return heardMs + ttlMs * (point + refreshSpread * chance)
}

function setId(name: string, type: string): string {
  return `${type} ${name.toLowerCase()}`
}

function contentOf(record: MdnsRecord): string {
  switch (record.type) {
    case 'PTR':
      return record.target.toLowerCase()
    case 'SRV':
      return `${record.target.toLowerCase()} ${String(record.port)}`
    case 'TXT':
      return JSON.stringify(record.entries)
    case 'A':
    case 'AAAA':
      return record.address
  }
}

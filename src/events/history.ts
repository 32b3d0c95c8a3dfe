/** The events a node has seen lately: bounded, oldest dropped first, found by type, source or cause. */
import { matchesPattern, parsePattern } from '../pubsub/index.ts'
import { sourceOf, type FoundationEvent } from './event.ts'
import type { EventsOptions } from './options.ts'

/** Which events to find. All that is given must hold. */
export interface EventQuery {
  /** A type, or a pattern of types: `orders.*`. */
  readonly type?: string | undefined
  /** The name of a node. */
  readonly source?: string | undefined
  /** Emitted at or after: a Date, milliseconds since 1970, or text that `Date.parse` reads. */
  readonly since?: Date | number | string | undefined
  /** Emitted at or before. */
  readonly until?: Date | number | string | undefined
  readonly correlationId?: string | undefined
  /** At most so many, the latest. */
  readonly limit?: number | undefined
}

interface Kept {
  readonly event: FoundationEvent
  readonly timeMs: number
  readonly bytes: number
}

type Indexed = 'type' | 'source' | 'correlationid'

/** Places before the head that are worth a copy of the rest. */
const slackMax = 1_024

/** One a node. */
export class EventHistory {
  readonly #options: EventsOptions
  readonly #evicted: (event: FoundationEvent, bytes: number) => void
  /** In the order they came; those before the head are gone. */
  #kept: (Kept | undefined)[] = []
  #head = 0
  #bytes = 0
  #dropped = 0
  readonly #indexes: Readonly<Record<Indexed, Map<string, Set<Kept>>>> = {
    type: new Map(),
    source: new Map(),
    correlationid: new Map(),
  }

  /** @param evicted told of each event that has to go for a later one. */
  constructor(
    options: EventsOptions,
    evicted: (event: FoundationEvent, bytes: number) => void = () => undefined,
  ) {
    this.#options = options
    this.#evicted = evicted
  }

  get size(): number {
    return this.#kept.length - this.#head
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Events that had to go for later ones. */
  get dropped(): number {
    return this.#dropped
  }

  /** Keeps an event. One that is larger than the whole history is not kept, and counts as dropped. */
  add(event: FoundationEvent, bytes: number): void {
    const kept: Kept = { event, bytes, timeMs: Date.parse(event.time) }
    this.#kept.push(kept)
    this.#bytes += bytes
    for (const name of indexedBy(event)) this.#index(name, kept)
    const { historyMaxEvents, historyMaxBytes } = this.#options
    while (this.size > historyMaxEvents || this.#bytes > historyMaxBytes) this.#dropOldest()
  }

  /** The latest events that match, oldest first. */
  query(query: EventQuery): FoundationEvent[] {
    const isWanted = filterOf(query)
    const found = [...this.#candidates(query)].filter(isWanted).map(({ event }) => event)
    return query.limit === undefined ? found : found.slice(Math.max(0, found.length - query.limit))
  }

  /** The smallest set an index gives, or everything. */
  #candidates({ type, source, correlationId }: EventQuery): Iterable<Kept> {
    const exact: Readonly<Record<Indexed, string | undefined>> = {
      type: type !== undefined && /[*>]/.test(type) ? undefined : type,
      source: source === undefined ? undefined : sourceOf(source),
      correlationid: correlationId,
    }
    const sets = (Object.keys(exact) as Indexed[])
      .filter((name) => exact[name] !== undefined)
      .map((name) => this.#indexes[name].get(exact[name] ?? '') ?? new Set<Kept>())
      .toSorted((a, b) => a.size - b.size)
    return sets[0] ?? (this.#kept.slice(this.#head) as Kept[])
  }

  #dropOldest(): void {
    const oldest = this.#kept[this.#head]
    this.#kept[this.#head] = undefined
    this.#head += 1
    if (this.#head > slackMax && this.#head * 2 > this.#kept.length) {
      this.#kept = this.#kept.slice(this.#head)
      this.#head = 0
    }
    if (!oldest) return
    this.#bytes -= oldest.bytes
    this.#dropped += 1
    for (const name of indexedBy(oldest.event)) this.#unindex(name, oldest)
    this.#evicted(oldest.event, oldest.bytes)
  }

  #index(name: Indexed, kept: Kept): void {
    const key = kept.event[name] ?? ''
    const set = this.#indexes[name].get(key) ?? new Set()
    this.#indexes[name].set(key, set.add(kept))
  }

  #unindex(name: Indexed, kept: Kept): void {
    const key = kept.event[name] ?? ''
    const set = this.#indexes[name].get(key)
    set?.delete(kept)
    if (set?.size === 0) this.#indexes[name].delete(key)
  }
}

function indexedBy(event: FoundationEvent): Indexed[] {
  return event.correlationid === undefined
    ? ['type', 'source']
    : ['type', 'source', 'correlationid']
}

function filterOf({
  type,
  source,
  since,
  until,
  correlationId,
}: EventQuery): (kept: Kept) => boolean {
  const pattern = type === undefined ? undefined : parsePattern(type)
  const sinceMs = since === undefined ? -Infinity : new Date(since).getTime()
  const untilMs = until === undefined ? Infinity : new Date(until).getTime()
  const from = source === undefined ? undefined : sourceOf(source)
  return ({ event, timeMs }) =>
    (pattern === undefined || matchesPattern(pattern, event.type.split('.'))) &&
    (from === undefined || event.source === from) &&
    (correlationId === undefined || event.correlationid === correlationId) &&
    timeMs >= sinceMs &&
    timeMs <= untilMs
}

/**
 * What a node says of one name it owns, and which of two nodes that say so keeps it: a pure total
 * order, evaluated equally everywhere.
 */
import type { HeldEntry } from '../../replication/index.ts'
import { sinceOf } from './epoch-clock.ts'

/** Who decided that the node owns the name: the name's arbiter, or the supervisor for a child. */
export type NameKind = 'claimed' | 'adopted'

/** A name as one owner has it. */
export interface NameRecord {
  readonly name: string
  /** The owner. */
  readonly node: string
  readonly incarnation: string
  readonly kind: NameKind
  /** Grows with every owner the name has had on this side of a partition. */
  readonly epoch: number
  /** When it was claimed, milliseconds since 1970. */
  readonly since: number
  readonly meta: unknown
}

/** A name as users see it. */
export interface Entry {
  readonly name: string
  readonly node: string
  readonly meta: unknown
  readonly epoch: number
  /** Milliseconds since 1970, by the clock of the node that decided. */
  readonly since: number
}

/**
 * As it stands in the owner log: the epoch, `[epoch, meta]` or, adopted, `[epoch, meta, since]`. Short:
 * there may be a million of them.
 */
export type NameValue = number | readonly [number, unknown] | readonly [number, unknown, number]

/** What an owner says of a name, for its log. */
export function valueOf({
  kind,
  epoch,
  since,
  meta,
}: Pick<NameRecord, 'kind' | 'epoch' | 'since' | 'meta'>): NameValue {
  return kind === 'adopted' ? [epoch, meta ?? null, since] : claimedValue(epoch, meta)
}

/** The same of a name its arbiter granted. */
export function claimedValue(epoch: number, meta: unknown): NameValue {
  return meta === undefined ? epoch : [epoch, meta]
}

/** False for what this version does not understand. */
export function isNameValue(value: unknown): value is NameValue {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0
  const [epoch, , adoptedMs] = Array.isArray(value) ? (value as unknown[]) : [value]
  if (!Number.isSafeInteger(epoch) || Number(epoch) < 0) return false
  return adoptedMs === undefined || Number.isSafeInteger(adoptedMs)
}

/** The epoch of a name its arbiter granted; undefined for a child. Of a value that {@link isNameValue}. */
export function claimedEpochOf({ value }: HeldEntry): number | undefined {
  const said = value as NameValue
  if (typeof said === 'number') return said
  return said.length > 2 ? undefined : said[0]
}

/** Reads an entry whose value {@link isNameValue}. */
export function recordOf({ log, key, value }: HeldEntry): NameRecord {
  const owner = { name: key, node: log.owner, incarnation: log.incarnation }
  const said = value as NameValue
  const [epoch, meta, adoptedMs] = typeof said === 'number' ? [said] : said
  return adoptedMs === undefined
    ? { ...owner, kind: 'claimed', epoch, since: sinceOf(epoch), meta }
    : { ...owner, kind: 'adopted', epoch, since: adoptedMs, meta: meta ?? undefined }
}

/**
 * Negative when `a` keeps the name. A child beats a plain name; of two children the later epoch wins,
 * since the supervisor moved it there; of two plain names the incumbent, the one claimed first. Then
 * node and incarnation decide, so that two different records are never equal.
 */
export function compareRecords(a: NameRecord, b: NameRecord): number {
  if (a.kind !== b.kind) return a.kind === 'adopted' ? -1 : 1
  const byEpoch = a.kind === 'adopted' ? b.epoch - a.epoch : a.epoch - b.epoch
  return byEpoch || compareTexts(a.node, b.node) || compareTexts(a.incarnation, b.incarnation)
}

/** The entry of a log as users see it. */
export function entryOf(held: HeldEntry): Entry {
  const { name, node, meta, epoch, since } = recordOf(held)
  return { name, node, meta, epoch, since }
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

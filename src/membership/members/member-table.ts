/**
 * The members this node knows, by name, and the rules by which they change. Pure: each call returns
 * the changes to announce, in order.
 *
 * One record a name. An incarnation that is `down` may come back and is then announced as up again:
 * a node that was stopped by SIGSTOP, or cut off, is still the same process with the same state. An
 * incarnation that `left` or was `replaced` has ended and never comes back.
 */
import type { NodeIdentity } from '../../transport/index.ts'
import type { MemberCause, MemberStatus } from './member.ts'
import { addressMaxBytes } from './introduction.ts'

/** What the table knows of one member. */
export interface MemberRecord {
  readonly name: string
  readonly incarnation: string
  readonly status: MemberStatus
  readonly cause: MemberCause | undefined
  readonly addresses: readonly string[]
  readonly roles: readonly string[]
  readonly meta: Readonly<Record<string, unknown>>
  readonly provenance: readonly string[]
  /** When it got this status. */
  readonly sinceMs: number
}

/** One thing to announce. */
export interface MemberChange {
  readonly type: 'member-up' | 'member-suspect' | 'member-alive' | 'member-down' | 'member-left'
  readonly record: MemberRecord
}

/** Bounds of the table. */
export interface MemberTableOptions {
  readonly membersMax: number
  readonly keepEndedForMs: number
}

/** Whether an incarnation may be a member; all but `left` and `replaced` may. */
export type IncarnationEnd = 'left' | 'replaced'

const addressesMax = 16
const provenanceMax = 16
// Far more than the members of one cluster; the oldest is forgotten first.
const endedMax = 4_096

/** The record of a member that is in. */
export type LiveRecord = MemberRecord & { readonly status: 'alive' | 'suspect' }

/** Alive or suspect. */
export function isLive(record: MemberRecord | undefined): record is LiveRecord {
  return record?.status === 'alive' || record?.status === 'suspect'
}

/** One a node. Does not hold the node itself. */
export class MemberTable {
  readonly #options: MemberTableOptions
  readonly #records = new Map<string, MemberRecord>()
  readonly #ended = new Map<string, IncarnationEnd>()
  /** Members disconnected on purpose, by name. */
  readonly #barred = new Map<string, MemberRecord>()

  constructor(options: MemberTableOptions) {
    this.#options = options
  }

  /** The record of a name. */
  get(name: string): MemberRecord | undefined {
    return this.#records.get(name)
  }

  /** All records, in the order in which their names came. */
  list(): MemberRecord[] {
    return [...this.records()]
  }

  /** As `list`, not copied: for who changes nothing meanwhile. */
  records(): Iterable<MemberRecord> {
    return this.#records.values()
  }

  /** How the incarnation ended, if it did. */
  endOf(name: string, incarnation: string): IncarnationEnd | undefined {
    return this.#ended.get(endKey(name, incarnation))
  }

  /** Whether that very incarnation is in. */
  isMember({ name, incarnation }: Pick<NodeIdentity, 'name' | 'incarnation'>): boolean {
    const known = this.#records.get(name)
    return isLive(known) && known.incarnation === incarnation
  }

  /** True when a new name finds no place: every record is of a live member. */
  isFullFor(name: string): boolean {
    if (this.#records.size < this.#options.membersMax || this.#records.has(name)) return false
    return [...this.#records.values()].every(isLive)
  }

  /** The member has a link: it is in. A former incarnation of the name is replaced first. */
  up(peer: NodeIdentity, provenance: readonly string[], nowMs: number): MemberChange[] {
    if (this.endOf(peer.name, peer.incarnation) || this.isFullFor(peer.name)) return []
    const known = this.#records.get(peer.name)
    if (isLive(known) && known.incarnation === peer.incarnation) {
      this.#records.set(known.name, {
        ...known,
        ...described(peer, [known.provenance, provenance]),
      })
      return this.alive(known.name, nowMs)
    }
    const changes = isLive(known) ? this.down(known.name, 'replaced', nowMs) : []
    if (known && known.incarnation !== peer.incarnation) this.end(known, 'replaced')
    this.#makeRoomFor(peer.name)
    const record: MemberRecord = {
      name: peer.name,
      incarnation: peer.incarnation,
      status: 'alive',
      cause: undefined,
      sinceMs: nowMs,
      ...described(peer, [provenance]),
    }
    this.#records.set(record.name, record)
    return [...changes, { type: 'member-up', record }]
  }

  /** It is silent; a second time when others turn out to reach it. */
  suspect(name: string, cause: MemberCause, nowMs: number): MemberChange[] {
    const known = this.#records.get(name)
    if (!isLive(known) || known.cause === cause) return []
    return this.#change(known, { type: 'member-suspect', status: 'suspect', cause, nowMs })
  }

  /** It was heard again. */
  alive(name: string, nowMs: number): MemberChange[] {
    const known = this.#records.get(name)
    if (known?.status !== 'suspect') return []
    return this.#change(known, { type: 'member-alive', status: 'alive', cause: undefined, nowMs })
  }

  /** A failure verdict, a replacement or a disconnect. */
  down(name: string, cause: MemberCause, nowMs: number): MemberChange[] {
    const known = this.#records.get(name)
    if (!isLive(known)) return []
    if (cause === 'replaced') this.end(known, 'replaced')
    return this.#change(known, { type: 'member-down', status: 'down', cause, nowMs })
  }

  /** It announced its leave and its link ended. */
  left(name: string, nowMs: number): MemberChange[] {
    const known = this.#records.get(name)
    if (!isLive(known)) return []
    this.end(known, 'left')
    return this.#change(known, { type: 'member-left', status: 'left', cause: 'left', nowMs })
  }

  /** This incarnation must never be a member (again). */
  end(ended: Pick<MemberRecord, 'name' | 'incarnation'>, how: IncarnationEnd): void {
    const key = endKey(ended.name, ended.incarnation)
    if (!this.#ended.has(key)) setBounded(this.#ended, [key, how], endedMax)
  }

  /** One more topology proposed the member. */
  addProvenance(name: string, provenance: readonly string[]): void {
    const known = this.#records.get(name)
    if (!known) return
    const all = union(known.provenance, provenance).slice(0, provenanceMax)
    this.#records.set(name, { ...known, provenance: all })
  }

  /** Not let in again until somebody asks for one of its addresses ({@link permit}). */
  bar(name: string): void {
    const known = this.#records.get(name)
    if (known) setBounded(this.#barred, [name, known], this.#options.membersMax)
  }

  /** Whether that incarnation was disconnected on purpose. */
  isBarred(name: string, incarnation: string): boolean {
    return this.#barred.get(name)?.incarnation === incarnation
  }

  /** Somebody asks for an address: who has it may come back. */
  permit(address: string): void {
    for (const { name, addresses } of this.#barred.values()) {
      if (addresses.includes(address)) this.#barred.delete(name)
    }
  }

  /** Forgets the names that have been down or left for `keepEndedForMs`. */
  purge(nowMs: number): void {
    for (const record of this.#records.values()) {
      const isOld = nowMs - record.sinceMs >= this.#options.keepEndedForMs
      if (isOld && !isLive(record)) this.#records.delete(record.name)
    }
  }

  #change(known: MemberRecord, to: Transition): MemberChange[] {
    const { status, cause, nowMs } = to
    const record: MemberRecord = { ...known, status, cause, sinceMs: nowMs }
    this.#records.set(known.name, record)
    return [{ type: to.type, record }]
  }

  #makeRoomFor(name: string): void {
    if (this.#records.size < this.#options.membersMax || this.#records.has(name)) return
    const [oldest] = [...this.#records.values()]
      .filter((record) => !isLive(record))
      .toSorted((a, b) => a.sinceMs - b.sinceMs)
    if (oldest) this.#records.delete(oldest.name)
  }
}

interface Transition {
  readonly type: MemberChange['type']
  readonly status: MemberStatus
  readonly cause: MemberCause | undefined
  readonly nowMs: number
}

function described(
  peer: NodeIdentity,
  provenances: readonly (readonly string[])[],
): Pick<MemberRecord, 'addresses' | 'roles' | 'meta' | 'provenance'> {
  return {
    addresses: peer.addresses.filter(isCarried).slice(0, addressesMax),
    roles: peer.roles,
    meta: peer.meta,
    provenance: union(...provenances).slice(0, provenanceMax),
  }
}

/** Sets; beyond `max` entries the oldest is dropped. */
function setBounded<K, V>(map: Map<K, V>, [key, value]: readonly [K, V], max: number): void {
  map.set(key, value)
  if (map.size <= max) return
  for (const oldest of map.keys()) {
    map.delete(oldest)
    return
  }
}

/** Longer ones would spoil the list they are introduced in. */
function isCarried(address: string): boolean {
  return Buffer.byteLength(address) <= addressMaxBytes
}

function endKey(name: string, incarnation: string): string {
  return `${name}\n${incarnation}`
}

function union(...lists: readonly (readonly string[])[]): string[] {
  return [...new Set(lists.flat())]
}

/**
 * The peers one topology proposes: seen when, missing since when, dialled with what luck.
 * A pure state machine: time comes as an argument, nothing is dialled here.
 */
import { backoffMs, type Backoff } from './port/backoff.ts'
import { isSameHint } from './hints.ts'
import type { PeerHint } from './port/port.ts'

/** One proposed peer. */
export interface KnownPeer {
  /** Node name when known, else "host:port" (or the bare host). */
  readonly id: string
  hint: PeerHint
  readonly firstSeenMs: number
  lastSeenMs: number
  /** Complete lookups in a row that did not list it. */
  missedLookups: number
  missingSinceMs: number | undefined
  /** It said goodbye or its strategy let it go: forgotten as soon as it is not connected. */
  isLetGo: boolean
  isDialing: boolean
  failures: number
  nextDialMs: number
  lastFailure: string | undefined
}

/** Bounds of a {@link PeerTable}. */
export interface PeerTableOptions {
  /** Peers held. A further one takes the place of one not seen for `graceMs`, or is dropped and counted. */
  readonly peersMax: number
  readonly redial: Backoff
  /** How long and how often a peer must be missing before `grace` forgets it. */
  readonly graceMs: number
  readonly graceLookups: number
}

/** What {@link PeerTable.seen} found. */
export type Sighting = 'new' | 'restarted' | 'known' | 'full'

/** The proposed peers of one topology. */
export class PeerTable {
  readonly #peers = new Map<string, KnownPeer>()
  readonly #options: PeerTableOptions

  constructor(options: PeerTableOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#peers.size
  }

  all(): KnownPeer[] {
    return [...this.#peers.values()]
  }

  /** Those that a test takes. Asked many times a minute, mostly for nobody. */
  where(takes: (peer: KnownPeer) => boolean): KnownPeer[] {
    const taken: KnownPeer[] = []
    for (const peer of this.#peers.values()) if (takes(peer)) taken.push(peer)
    return taken
  }

  find(hint: PeerHint): KnownPeer | undefined {
    return this.#peers.get(idOf(hint))
  }

  /** Takes note of a hint. A restarted peer is dialled afresh. */
  seen(hint: PeerHint, nowMs: number): Sighting {
    const id = idOf(hint)
    const known = this.#peers.get(id)
    if (known) return this.#seenAgain(known, hint, nowMs)
    if (this.#peers.size >= this.#options.peersMax && !this.#makeRoom(nowMs)) return 'full'
    this.#peers.set(id, newcomer(id, hint, nowMs))
    return 'new'
  }

  /** Where addresses come and go and are never pruned, the old must not keep out the new. */
  #makeRoom(nowMs: number): boolean {
    const oldest = this.all().reduce((a, b) => (b.lastSeenMs < a.lastSeenMs ? b : a))
    if (nowMs - oldest.lastSeenMs < this.#options.graceMs) return false
    return this.#peers.delete(oldest.id)
  }

  #seenAgain(known: KnownPeer, hint: PeerHint, nowMs: number): Sighting {
    const hasRestarted = known.hint.meta?.incarnation !== hint.meta?.incarnation
    // The object stays while it says the same: what was worked out for it is kept with it.
    if (!isSameHint(known.hint, hint)) known.hint = hint
    known.lastSeenMs = nowMs
    known.missedLookups = 0
    known.missingSinceMs = undefined
    known.isLetGo = false
    if (!hasRestarted) return 'known'
    known.failures = 0
    known.nextDialMs = nowMs
    return 'restarted'
  }

  /** Takes note of who a complete lookup did not list, and returns them. */
  missed(listed: readonly PeerHint[], nowMs: number): KnownPeer[] {
    const ids = new Set(listed.map(idOf))
    const missing = this.where((peer) => !ids.has(peer.id))
    for (const peer of missing) {
      peer.missedLookups += 1
      peer.missingSinceMs ??= nowMs
    }
    return missing
  }

  /** Missing long and often enough for `grace`. Whether it can be reached is for the caller. */
  isPastGrace(peer: KnownPeer, nowMs: number): boolean {
    const { graceLookups, graceMs } = this.#options
    const isLong = nowMs - (peer.missingSinceMs ?? nowMs) >= graceMs
    return peer.missedLookups >= graceLookups && isLong
  }

  /** Its ttl is over without a new sighting. */
  isExpired(peer: KnownPeer, nowMs: number): boolean {
    const { ttlMs } = peer.hint
    return peer.isLetGo || (ttlMs !== undefined && nowMs - peer.lastSeenMs >= ttlMs)
  }

  forget(peer: KnownPeer): void {
    this.#peers.delete(peer.id)
  }

  /** Those that are wanted and whose next dial is due, longest waiting first. */
  due(nowMs: number, isWanted: (peer: KnownPeer) => boolean): KnownPeer[] {
    const isDue = (peer: KnownPeer): boolean => !peer.isDialing && peer.nextDialMs <= nowMs
    return this.where((peer) => isDue(peer) && isWanted(peer)).sort(
      (a, b) => a.nextDialMs - b.nextDialMs,
    )
  }

  /** `failure` undefined: the dial succeeded. */
  dialed(
    peer: KnownPeer,
    failure: string | undefined,
    at: { nowMs: number; chance: number },
  ): void {
    peer.isDialing = false
    peer.lastFailure = failure
    const waited = failure === undefined ? 0 : peer.failures
    peer.failures = failure === undefined ? 0 : peer.failures + 1
    peer.nextDialMs = at.nowMs + backoffMs(waited, this.#options.redial, at.chance)
  }
}

/** What a peer is remembered under. */
export function idOf(hint: PeerHint): string {
  return (
    hint.nodeName ?? (hint.port === undefined ? hint.host : `${hint.host}:${String(hint.port)}`)
  )
}

function newcomer(id: string, hint: PeerHint, nowMs: number): KnownPeer {
  return {
    id,
    hint,
    firstSeenMs: nowMs,
    lastSeenMs: nowMs,
    missedLookups: 0,
    missingSinceMs: undefined,
    isLetGo: false,
    isDialing: false,
    failures: 0,
    nextDialMs: nowMs,
    lastFailure: undefined,
  }
}

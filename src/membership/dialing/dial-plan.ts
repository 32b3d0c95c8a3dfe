/**
 * What to dial and when: one target a member (with all its addresses), and one an address whose
 * node is not known yet. Pure: time and chance are given, the dials are made elsewhere.
 *
 * A target rests while its member has a link. Failures wait longer and longer (`redial-schedule.ts`);
 * a target is forgotten when nobody proposed or linked it for `rememberForMs`.
 */
import type { Introduction } from '../members/introduction.ts'
import { hostOf, type DialTarget } from './dial-target.ts'
import { redialDelayMs, relinkDelayMs, type RedialOptions } from './redial-schedule.ts'

/** Options the plan needs. */
export interface DialPlanOptions extends RedialOptions {
  readonly rememberForMs: number
  readonly targetsMax: number
}

/** The moment, and a number from 0 up to 1. */
export interface Draw {
  readonly nowMs: number
  readonly chance: number
}

/** A linked member, as the plan needs it. */
export interface LinkedMember extends Introduction {
  /** The address of the link: what we dialled, or where the peer dialled from. */
  readonly linkAddress: string
  readonly dialedBy: 'self' | 'peer'
}

const addressesMax = 16
const provenanceMax = 16

/** One a node. */
export class DialPlan {
  readonly #options: DialPlanOptions
  readonly #targets = new Map<string, DialTarget>()
  /** Which target an address belongs to. */
  readonly #keys = new Map<string, string>()

  constructor(options: DialPlanOptions) {
    this.#options = options
  }

  /** Discovery saw an address. Known ones only get the new provenance and are remembered longer. */
  propose(address: string, provenance: string, nowMs: number): DialTarget {
    const known = this.byAddress(address)
    const target = known ?? this.#fresh({ key: addressKey(address), name: undefined }, nowMs)
    return this.#put({
      ...target,
      addresses: known ? known.addresses : [address],
      provenance: union(target.provenance, [provenance]).slice(0, provenanceMax),
      rememberedUntilMs: nowMs + this.#options.rememberForMs,
    })
  }

  /**
   * A member told of another it has a link to: dialled `delayMs` from now. One that is being re-tried
   * already is tried soon, for somebody reaches it.
   */
  introduce(member: Introduction, delayMs: number, nowMs: number): void {
    const key = memberKey(member.name)
    const known = this.#targets.get(key) ?? this.#fresh({ key, name: member.name }, nowMs)
    if (known.state === 'linked') return
    const soonestMs = Math.max(nowMs + delayMs, known.lastAtMs + this.#options.redialMinMs)
    this.#put({
      ...known,
      addresses: union(known.addresses, member.addresses).slice(0, addressesMax),
      provenance: union(known.provenance, ['introduced']).slice(0, provenanceMax),
      nextAtMs: known.lastAtMs === -Infinity ? soonestMs : Math.min(known.nextAtMs, soonestMs),
      rememberedUntilMs: nowMs + this.#options.rememberForMs,
    })
  }

  /** The member has a link: nothing of it is dialled until {@link linkLost}. */
  linked(member: LinkedMember, nowMs: number): DialTarget {
    const key = memberKey(member.name)
    const known = this.#targets.get(key) ?? this.#fresh({ key, name: member.name }, nowMs)
    const dialed = member.dialedBy === 'self' ? [member.linkAddress] : []
    // Former addresses are dropped: a refusal there would say nothing of this incarnation.
    const addresses = union(dialed, member.addresses).slice(0, addressesMax)
    const merged = addresses.flatMap((address) => this.byAddress(address) ?? [])
    for (const other of merged) if (other.name === undefined) this.drop(other.key)
    return this.#put({
      ...known,
      addresses: nearestFirst(addresses, hostOf(member.linkAddress)),
      provenance: union(known.provenance, ...merged.map((other) => other.provenance)),
      incarnation: member.incarnation,
      shortLinks: known.incarnation === member.incarnation ? known.shortLinks : 0,
      trustedHost: hostOf(member.linkAddress),
      state: 'linked',
      failures: 0,
      lastResult: undefined,
      linkedAtMs: nowMs,
      rememberedUntilMs: Infinity,
    })
  }

  /** The link ended: dialled at once, later when links to this member keep ending soon. */
  linkLost(name: string, { nowMs, chance }: Draw): void {
    const target = this.#targets.get(memberKey(name))
    if (target?.state !== 'linked') return
    const wasShort = nowMs - target.linkedAtMs < this.#options.redialMinMs
    const shortLinks = wasShort ? target.shortLinks + 1 : 0
    this.#put({
      ...target,
      state: 'waiting',
      shortLinks,
      nextAtMs: nowMs + relinkDelayMs(shortLinks, this.#options, chance),
      rememberedUntilMs: nowMs + this.#options.rememberForMs,
    })
  }

  /**
   * The targets to dial now: those that have not failed yet first, so that many dead ones do not hold
   * up a link lost just now; then the longest due. Each is `dialing` until told otherwise.
   */
  take(count: number, nowMs: number): DialTarget[] {
    if (count <= 0) return []
    const due = [...this.#targets.values()]
      .filter((target) => target.state === 'waiting' && target.nextAtMs <= nowMs)
      .toSorted(
        (a, b) => Number(a.failures > 0) - Number(b.failures > 0) || a.nextAtMs - b.nextAtMs,
      )
      .slice(0, count)
    return due.map((target) => this.#put({ ...target, state: 'dialing', lastAtMs: nowMs }))
  }

  /** Somebody reaches the member: it is dialled now. @returns false when it has a link or is being dialled. */
  hasten(name: string, nowMs: number): boolean {
    const target = this.#targets.get(memberKey(name))
    if (target?.state !== 'waiting') return false
    this.#put({ ...target, nextAtMs: Math.min(target.nextAtMs, nowMs) })
    return true
  }

  /** The member is not dialled before that moment. */
  rest(name: string, untilMs: number): void {
    const target = this.#targets.get(memberKey(name))
    if (target?.state !== 'waiting') return
    this.#put({ ...target, nextAtMs: Math.max(target.nextAtMs, untilMs) })
  }

  /** The dial of a target failed: it waits longer than the last time. A node itself waits for good. */
  failed(key: string, reason: string, { nowMs, chance }: Draw): void {
    const target = this.#targets.get(key)
    if (target?.state !== 'dialing') return
    const failures = target.failures + 1
    const delayMs = reason === 'self' ? Infinity : redialDelayMs(failures, this.#options, chance)
    this.#put({
      ...target,
      state: 'waiting',
      failures,
      lastResult: reason,
      nextAtMs: nowMs + delayMs,
    })
  }

  /** The dialled address is `name`, who has its own target now. */
  resolved(target: DialTarget, name: string): void {
    const member = this.#targets.get(memberKey(name))
    if (!member || member.key === target.key) return
    if (target.name === undefined) this.drop(target.key)
    this.#put({
      ...member,
      addresses: union(member.addresses, target.name === undefined ? target.addresses : []),
      provenance: union(member.provenance, target.provenance).slice(0, provenanceMax),
    })
  }

  /**
   * Another node answers there: the address is not the member's any more, and the member with its
   * last address not dialled any more. Where each start has a new name, targets would pile up.
   */
  lostAddress(key: string, address: string): void {
    const target = this.#targets.get(key)
    if (!target) return
    const addresses = target.addresses.filter((other) => other !== address)
    if (addresses.length === 0) this.drop(key)
    else this.#put({ ...target, addresses })
  }

  /** Not to be dialled any more, unless it is proposed again. */
  drop(key: string): void {
    this.#forgetAddresses(key)
    this.#targets.delete(key)
  }

  /** As {@link drop}, for a member. */
  dropMember(name: string): void {
    this.drop(memberKey(name))
  }

  /** Forgets what nobody proposed or linked for `rememberForMs`. */
  purge(nowMs: number): void {
    for (const target of this.#targets.values()) {
      if (target.state === 'waiting' && target.rememberedUntilMs < nowMs) this.drop(target.key)
    }
  }

  /** The target an address belongs to. */
  byAddress(address: string): DialTarget | undefined {
    return this.#targets.get(this.#keys.get(address) ?? '')
  }

  /** The target of a member. */
  ofMember(name: string): DialTarget | undefined {
    return this.#targets.get(memberKey(name))
  }

  /** A target, unless it was dropped meanwhile. */
  get(key: string): DialTarget | undefined {
    return this.#targets.get(key)
  }

  /** All targets, oldest first. */
  list(): DialTarget[] {
    return [...this.#targets.values()]
  }

  #fresh(of: Pick<DialTarget, 'key' | 'name'>, nowMs: number): DialTarget {
    return {
      ...of,
      incarnation: undefined,
      addresses: [],
      provenance: [],
      trustedHost: undefined,
      state: 'waiting',
      failures: 0,
      shortLinks: 0,
      nextAtMs: nowMs,
      lastAtMs: -Infinity,
      lastResult: undefined,
      rememberedUntilMs: nowMs + this.#options.rememberForMs,
      linkedAtMs: -Infinity,
    }
  }

  #put(target: DialTarget): DialTarget {
    if (this.#targets.has(target.key)) this.#forgetAddresses(target.key)
    else this.#makeRoom()
    this.#targets.set(target.key, target)
    for (const address of target.addresses) {
      const owner = this.#targets.get(this.#keys.get(address) ?? '')
      // An address passes to the member that has the link, else stays with whom it was first of.
      if (!owner || target.state === 'linked') this.#keys.set(address, target.key)
    }
    return target
  }

  #forgetAddresses(key: string): void {
    for (const address of this.#targets.get(key)?.addresses ?? []) {
      if (this.#keys.get(address) === key) this.#keys.delete(address)
    }
  }

  #makeRoom(): void {
    if (this.#targets.size < this.#options.targetsMax) return
    let oldest: DialTarget | undefined
    for (const target of this.#targets.values()) {
      if (target.state === 'linked') continue
      if (!oldest || target.rememberedUntilMs < oldest.rememberedUntilMs) oldest = target
    }
    if (oldest) this.drop(oldest.key)
  }
}

/** Addresses on the host the link came from first: they worked, the others may not. */
function nearestFirst(addresses: readonly string[], host: string): string[] {
  return addresses.toSorted((a, b) => Number(hostOf(b) === host) - Number(hostOf(a) === host))
}

function memberKey(name: string): string {
  return `member:${name}`
}

function addressKey(address: string): string {
  return `address:${address}`
}

function union(...lists: readonly (readonly string[])[]): string[] {
  return [...new Set(lists.flat())]
}

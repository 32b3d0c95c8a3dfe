/**
 * What strategies say, checked: a user's class or a packet may say anything. Pure.
 */
import { formatAddress, isHost, isPort, parseAddress } from './port/address.ts'
import type { LookupResult, PeerHint } from './port/port.ts'

const addressesMax = 8
const metaMax = 16
const textMaxLength = 1_024

/** The longest list of peers taken from one lookup; the rest is cut off. */
export const lookupPeersMax = 4_096

/** A clean copy of a hint, or nothing when it has no usable host or a part of the wrong type. */
export function checkHint(value: unknown): PeerHint | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const given = value as Unchecked
  const { host, port, ttlMs } = given
  if (typeof host !== 'string' || !isHost(host) || !hasGoodNumbers(given)) return undefined
  const hint: Draft = { host }
  if (port !== undefined) hint.port = port as number
  if (ttlMs !== undefined) hint.ttlMs = ttlMs as number
  takeWords(given, hint)
  return hint
}

/** Every peer of every lookup comes through here: one object a hint, and no more. */
type Draft = { -readonly [Key in keyof PeerHint]: PeerHint[Key] }
type Unchecked = Readonly<Record<string, unknown>>

function takeWords({ nodeName, cluster, addresses, meta }: Unchecked, hint: Draft): void {
  if (isText(nodeName)) hint.nodeName = nodeName
  if (isText(cluster)) hint.cluster = cluster
  if (Array.isArray(addresses)) hint.addresses = checkedAddresses(addresses)
  if (isRecord(meta)) hint.meta = checkedMeta(meta)
}

/** True when two hints say the same of a peer. */
export function isSameHint(a: PeerHint, b: PeerHint): boolean {
  return (
    plainParts.every((part) => a[part] === b[part]) &&
    isSameList(a.addresses, b.addresses) &&
    isSameList(a.meta && Object.entries(a.meta).flat(), b.meta && Object.entries(b.meta).flat())
  )
}

const plainParts = ['host', 'port', 'nodeName', 'cluster', 'ttlMs'] as const

function isSameList(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  if (a === b) return true
  return a?.length === b?.length && Boolean(a?.every((item, index) => item === b?.[index]))
}

function hasGoodNumbers({ port, ttlMs }: Unchecked): boolean {
  const isGoodTtl = ttlMs === undefined || (typeof ttlMs === 'number' && ttlMs > 0)
  return isGoodTtl && (port === undefined || isPort(port))
}

/** What a lookup gave, checked. `rejected` counts the hints that were not usable. */
export interface CheckedLookup extends LookupResult {
  readonly rejected: number
}

/** A lookup's answer, checked; nothing when it is not even shaped like one. */
export function checkLookup(value: unknown): CheckedLookup | undefined {
  if (!isRecord(value) || !Array.isArray(value.peers)) return undefined
  const given = value.peers.slice(0, lookupPeersMax)
  const peers = given.map(checkHint).filter((hint) => hint !== undefined)
  const isWhole = peers.length === value.peers.length
  return {
    peers,
    complete: value.complete === true && isWhole,
    rejected: value.peers.length - peers.length,
  }
}

/** The addresses to dial for a hint, best first, without doubles. */
export function dialAddresses(hint: PeerHint, defaultPort: number | undefined): string[] {
  const port = hint.port ?? defaultPort
  const first = port === undefined ? [] : [formatAddress(hint.host, port)]
  return [...new Set([...first, ...(hint.addresses ?? [])])].slice(0, addressesMax)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= textMaxLength
}

function checkedAddresses(given: readonly unknown[]): string[] {
  const isDialable = (item: unknown): item is string =>
    typeof item === 'string' && parseAddress(item)?.port !== undefined
  return given.slice(0, addressesMax).filter(isDialable)
}

function checkedMeta(given: Record<string, unknown>): Record<string, string> {
  const pairs = Object.entries(given)
    .filter((pair): pair is [string, string] => typeof pair[1] === 'string')
    .filter(([key, text]) => key.length <= textMaxLength && text.length <= textMaxLength)
  return Object.fromEntries(pairs.slice(0, metaMax))
}

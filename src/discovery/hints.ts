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
  const given = value as Readonly<Record<string, unknown>>
  const { host } = given
  if (typeof host !== 'string' || !isHost(host) || !hasGoodNumbers(given)) return undefined
  return {
    host,
    ...pick(given, ['port', 'ttlMs']),
    ...checkedText(given, 'nodeName'),
    ...checkedText(given, 'cluster'),
    ...(Array.isArray(given.addresses) && { addresses: checkedAddresses(given.addresses) }),
    ...(isRecord(given.meta) && { meta: checkedMeta(given.meta) }),
  }
}

function hasGoodNumbers({ port, ttlMs }: Readonly<Record<string, unknown>>): boolean {
  const isGoodTtl = ttlMs === undefined || (typeof ttlMs === 'number' && ttlMs > 0)
  return isGoodTtl && (port === undefined || isPort(port))
}

function pick(given: Readonly<Record<string, unknown>>, keys: readonly string[]): object {
  const present = keys.filter((key) => given[key] !== undefined)
  return Object.fromEntries(present.map((key) => [key, given[key]]))
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

function checkedText(given: Readonly<Record<string, unknown>>, key: string): object {
  const text = given[key]
  return typeof text === 'string' && text !== '' && text.length <= textMaxLength
    ? { [key]: text }
    : {}
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

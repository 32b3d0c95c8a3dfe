/**
 * What a node says of itself where nodes meet: who it is and where it can be dialled. Pure; the shape
 * is strict, for others may say anything.
 */
import { parseAddress } from '../port/address.ts'

/** `hello` also asks everybody to answer, `here` is a heartbeat or an answer, `bye` the end. */
export type AnnouncementKind = 'hello' | 'here' | 'bye'

/** What a node says of itself. */
export interface Announcement {
  readonly kind: AnnouncementKind
  readonly name: string
  readonly incarnation: string
  /** "host:port", best first. At most 8 arrive. */
  readonly addresses: readonly string[]
}

const kinds: readonly AnnouncementKind[] = ['hello', 'here', 'bye']
/** Addresses an announcement may have. */
export const announcedAddressesMax = 8
const textMaxLength = 255

/** Nothing when any part is missing, unknown or of the wrong shape. */
export function decodeAnnouncement(body: string): Announcement | undefined {
  const value = parseJson(body)
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== 4) return
  const { kind, name, incarnation, addresses } = value as Record<string, unknown>
  if (!kinds.includes(kind as AnnouncementKind)) return
  if (!isText(name) || !isText(incarnation) || !isAddressList(addresses)) return
  return { kind: kind as AnnouncementKind, name, incarnation, addresses }
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined // Not JSON: the caller refuses the packet.
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= textMaxLength
}

function isAddressList(value: unknown): value is string[] {
  if (!Array.isArray(value) || value.length > announcedAddressesMax) return false
  return value.every((item) => isText(item) && parseAddress(item)?.port !== undefined)
}

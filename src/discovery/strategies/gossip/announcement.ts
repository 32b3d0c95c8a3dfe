/**
 * The body of a gossip packet: who speaks and where it can be dialled. Pure; the shape is strict.
 */
import { parseAddress } from '../../port/address.ts'
import { headerBytes, packetMaxBytes, tagBytes } from './packet.ts'

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
const addressesMax = 8
const textMaxLength = 255
/**
 * A question is never smaller than this, so that the answers, which must not be larger than the
 * question, have room.
 */
export const questionBytes = 900
const bodyMaxBytes = packetMaxBytes - headerBytes - tagBytes

/** At most 1342 bytes: addresses are left out from the end until it fits. A `hello` is padded. */
export function encodeAnnouncement(announcement: Announcement): Buffer {
  const { kind, name, incarnation } = announcement
  for (let count = Math.min(announcement.addresses.length, addressesMax); ; count--) {
    const addresses = announcement.addresses.slice(0, count)
    const text = JSON.stringify({ kind, name, incarnation, addresses })
    const bytes = Buffer.from(kind === 'hello' ? text.padEnd(questionBytes) : text, 'utf8')
    if (bytes.length <= bodyMaxBytes || count === 0) return bytes
  }
}

/** Nothing when any part is missing, unknown or of the wrong shape. */
export function decodeAnnouncement(body: Buffer): Announcement | undefined {
  const value = parseJson(body)
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== 4) return
  const { kind, name, incarnation, addresses } = value as Record<string, unknown>
  if (!kinds.includes(kind as AnnouncementKind)) return
  if (!isText(name) || !isText(incarnation) || !isAddressList(addresses)) return
  return { kind: kind as AnnouncementKind, name, incarnation, addresses }
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined // Not JSON: the caller refuses the packet.
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= textMaxLength
}

function isAddressList(value: unknown): value is string[] {
  if (!Array.isArray(value) || value.length > addressesMax) return false
  return value.every((item) => isText(item) && parseAddress(item)?.port !== undefined)
}

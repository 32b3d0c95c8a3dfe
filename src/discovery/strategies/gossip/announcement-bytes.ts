/** The body of a gossip packet: an announcement that fits, and a question with room for the answer. Pure. */
import { announcedAddressesMax, type Announcement } from '../announcement.ts'
import { headerBytes, packetMaxBytes, tagBytes } from './packet.ts'

/**
 * A question is never smaller than this, so that the answers, which must not be larger than the
 * question, have room.
 */
export const questionBytes = 900
const bodyMaxBytes = packetMaxBytes - headerBytes - tagBytes

/** At most 1342 bytes: addresses are left out from the end until it fits. A `hello` is padded. */
export function encodeAnnouncement(announcement: Announcement): Buffer {
  const { kind, name, incarnation } = announcement
  for (let count = Math.min(announcement.addresses.length, announcedAddressesMax); ; count--) {
    const addresses = announcement.addresses.slice(0, count)
    const text = JSON.stringify({ kind, name, incarnation, addresses })
    const bytes = Buffer.from(kind === 'hello' ? text.padEnd(questionBytes) : text, 'utf8')
    if (bytes.length <= bodyMaxBytes || count === 0) return bytes
  }
}

/**
 * The gossip packet: a fixed header, then a body that is sealed (AES-256-GCM, header as associated
 * data) or plain. Pure: keys, counters and bytes are arguments; hostile bytes give a reason, never
 * a throw.
 *
 *     4 magic "FNDG" | 1 version | 1 kind (0 plain, 1 sealed) | 4 key id | 8 cluster tag
 *     | 16 sender id | 8 counter | body | 16 authentication tag (sealed only)
 */
import { createCipheriv, createDecipheriv, createHash } from 'node:crypto'

/** Never sent, never accepted: larger packets may be fragmented on the way. */
export const packetMaxBytes = 1_400
/** Bytes in front of the body. */
export const headerBytes = 42
/** Bytes behind a sealed body. */
export const tagBytes = 16

const magic = Buffer.from('FNDG', 'latin1')
const version = 1

/** What every packet shows in the clear. */
export interface PacketHeader {
  readonly isSealed: boolean
  /** Public id of the secret it is sealed with, 8 hex digits; zeros when plain. */
  readonly keyId: string
  /** Tells clusters apart without telling their names: see {@link clusterTag}. */
  readonly clusterTag: string
  /** Random per start of a sender, 32 hex digits: keys and counters are never used twice. */
  readonly senderId: string
  /** 1, 2, 3, ... */
  readonly counter: number
}

/** Why bytes are no packet of ours. */
export type NotAPacket = 'truncated' | 'oversized' | 'foreign' | 'version'

/** A packet taken apart, not yet authenticated. */
export interface RawPacket {
  readonly header: PacketHeader
  readonly headerBytes: Buffer
  readonly rest: Buffer
}

/** 16 hex digits that are the same for the same cluster name. */
export function clusterTag(cluster: string): string {
  return createHash('sha256').update(`foundation gossip ${cluster}`).digest('hex').slice(0, 16)
}

/** Header bytes. */
export function encodeHeader(header: PacketHeader): Buffer {
  const bytes = Buffer.alloc(headerBytes)
  magic.copy(bytes)
  bytes[4] = version
  bytes[5] = header.isSealed ? 1 : 0
  bytes.write(header.keyId, 6, 4, 'hex')
  bytes.write(header.clusterTag, 10, 8, 'hex')
  bytes.write(header.senderId, 18, 16, 'hex')
  bytes.writeBigUInt64BE(BigInt(header.counter), 34)
  return bytes
}

/** Takes a packet apart, or says why it is none. */
export function parsePacket(bytes: Buffer): RawPacket | NotAPacket {
  if (bytes.length > packetMaxBytes) return 'oversized'
  if (bytes.length < 6 || !bytes.subarray(0, 4).equals(magic)) return 'foreign'
  if (bytes[4] !== version) return 'version'
  const isSealed = bytes[5] === 1
  if (bytes.length < headerBytes + (isSealed ? tagBytes : 0)) return 'truncated'
  const counter = bytes.readBigUInt64BE(34)
  if (counter > BigInt(Number.MAX_SAFE_INTEGER) || (bytes[5] ?? 0) > 1) return 'version'
  const header = {
    isSealed,
    keyId: bytes.toString('hex', 6, 10),
    clusterTag: bytes.toString('hex', 10, 18),
    senderId: bytes.toString('hex', 18, 34),
    counter: Number(counter),
  }
  return { header, headerBytes: bytes.subarray(0, headerBytes), rest: bytes.subarray(headerBytes) }
}

/** A sealed packet. The (key, counter) pair must never have been used before. */
export function sealPacket(header: PacketHeader, body: Buffer, key: Buffer): Buffer {
  const head = encodeHeader(header)
  const cipher = createCipheriv('aes-256-gcm', key, nonceOf(head))
  cipher.setAAD(head)
  return Buffer.concat([head, cipher.update(body), cipher.final(), cipher.getAuthTag()])
}

/** The body of a sealed packet; nothing when the key is another or a bit has changed. */
export function unsealPacket(packet: RawPacket, key: Buffer): Buffer | undefined {
  const { rest, headerBytes: head } = packet
  const bodyEnd = rest.length - tagBytes
  const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(head), { authTagLength: tagBytes })
  decipher.setAAD(head)
  decipher.setAuthTag(rest.subarray(bodyEnd))
  const body = decipher.update(rest.subarray(0, bodyEnd))
  try {
    return Buffer.concat([body, decipher.final()])
  } catch {
    return undefined // The tag does not fit: that is the answer, not an error.
  }
}

/** 4 zero bytes, then the counter: unique under a key that is one sender's alone. */
function nonceOf(head: Buffer): Buffer {
  return Buffer.concat([Buffer.alloc(4), head.subarray(34, headerBytes)])
}

/**
 * What one message on the broker holds. Pure.
 *
 *     u8 kind | u8 flags | u16 generation | 8 bytes sender | u48 sequence | body
 *
 * Big-endian. A `data` body is one or more payloads, each `u32 length | payload`, with sequences
 * that follow one another. A `part` body is a part of one large payload (`fragments.ts`). All other
 * bodies are what the codec writes.
 */
import { FoundationError } from '../../kernel/index.ts'

/** Kinds of message. A number is never reused. */
export const natsKinds = {
  data: 1,
  part: 2,
  pulse: 4,
  bye: 5,
  ask: 6,
  confirm: 7,
  goodbye: 8,
  marks: 9,
  hello: 16,
  welcome: 17,
  refuse: 18,
} as const

/** Bytes in front of every body. */
export const headerBytes = 18
/** In front of each payload of a `data` body. */
export const lengthBytes = 4
/** Bytes that name one life of a node on the broker. */
export const senderBytes = 8

const u32Range = 2 ** 32
const sealedFlag = 1

/** The fields in front of a body. */
export interface Header {
  readonly kind: number
  readonly isSealed: boolean
  /** Counts how often the sender has forgotten where its streams by topic stood. */
  readonly generation: number
  /** In hexadecimal. */
  readonly sender: string
  /** Of the first payload; 0 where nothing is counted. */
  readonly sequence: number
}

/** A message taken apart; `body` is a view. */
export interface Frame extends Header {
  readonly body: Buffer
}

/** A buffer with the header filled in and room for a body. */
export function frameWith(header: Header, bodyBytes: number): Buffer {
  const frame = Buffer.allocUnsafe(headerBytes + bodyBytes)
  frame[0] = header.kind
  frame[1] = header.isSealed ? sealedFlag : 0
  frame.writeUInt16BE(header.generation, 2)
  frame.write(header.sender, 4, 'hex')
  frame.writeUInt16BE(Math.floor(header.sequence / u32Range), 12)
  frame.writeUInt32BE(header.sequence % u32Range, 14)
  return frame
}

/** @throws {FoundationError} `FND_FRAME_INVALID` */
export function readFrame(bytes: Uint8Array): Frame {
  const frame = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (frame.length < headerBytes) throw invalid('is cut short')
  const flags = frame[1] ?? 0
  if (flags > sealedFlag) throw invalid(`has flags this version does not know: ${String(flags)}`)
  return {
    kind: frame[0] ?? 0,
    isSealed: flags === sealedFlag,
    generation: frame.readUInt16BE(2),
    sender: frame.toString('hex', 4, 4 + senderBytes),
    sequence: frame.readUInt16BE(12) * u32Range + frame.readUInt32BE(14),
    body: frame.subarray(headerBytes),
  }
}

/** A `data` body of these payloads, written behind the header. */
export function writePayloads(frame: Buffer, payloads: readonly Uint8Array[]): void {
  let at = headerBytes
  for (const payload of payloads) {
    frame.writeUInt32BE(payload.length, at)
    frame.set(payload, at + lengthBytes)
    at += lengthBytes + payload.length
  }
}

/**
 * Calls `take` with each payload of a `data` body.
 *
 * @throws {FoundationError} `FND_FRAME_INVALID` when lengths do not add up.
 */
export function eachPayload(body: Buffer, take: (payload: Buffer) => void): void {
  let at = 0
  while (at < body.length) {
    if (body.length - at < lengthBytes) throw invalid('has a cut length')
    const end = at + lengthBytes + body.readUInt32BE(at)
    if (end > body.length) throw invalid('has a cut payload')
    take(body.subarray(at + lengthBytes, end))
    at = end
  }
}

function invalid(problem: string): FoundationError {
  return new FoundationError('FND_FRAME_INVALID', `Message from the broker ${problem}`)
}

/**
 * The payload of a published message:
 *
 * ```text
 * u8 code (48) | u8 flags (0) | f64 sentAt | u16 topic bytes | topic (UTF-8) | value
 * ```
 *
 * All big-endian. Flags are for later versions: a receiver that does not know one drops the message.
 */
import { FoundationError } from '../kernel/index.ts'
import { messageCodes } from '../wire/index.ts'
import { topicMaxBytes } from './topic.ts'

const sentAtOffset = 2
const topicLengthOffset = 10
/** Bytes before the topic, the code byte among them. */
const headBytes = 12

/** What stands before the value of every message on one topic, but for the time. */
export function publishHead(topic: string): Buffer {
  const topicBytes = Buffer.from(topic, 'utf8')
  const head = Buffer.alloc(headBytes + topicBytes.length)
  head[0] = messageCodes.publish
  head.writeUInt16BE(topicBytes.length, topicLengthOffset)
  topicBytes.copy(head, headBytes)
  return head
}

/** Fills in what the payload's first `head.length` bytes are reserved for. */
export function writePublishHead(payload: Buffer, head: Uint8Array, sentAt: number): void {
  // At these few bytes a loop beats a native copy.
  for (let at = 0; at < head.length; at++) payload[at] = head[at] ?? 0
  payload.writeDoubleBE(sentAt, sentAtOffset)
}

/** A received message, still as bytes. */
export interface PublishFrame {
  readonly sentAt: number
  /** Where in the body the topic begins; it ends at `valueAt`. */
  readonly topicAt: number
  /** Where in the body the encoded value begins. */
  readonly valueAt: number
}

/**
 * Takes a body (the payload after its code byte) apart.
 *
 * @throws {FoundationError} `FND_FRAME_INVALID`
 */
export function readPublishFrame(body: Uint8Array): PublishFrame {
  const head = headBytes - 1
  if (body.length < head) throw invalid('is cut short')
  if (body[0] !== 0) throw invalid(`has flags this version does not know: ${String(body[0])}`)
  const sentAt = doubleAt(body, sentAtOffset - 1)
  if (!Number.isFinite(sentAt)) throw invalid('has no time')
  const topicBytes = ((body[topicLengthOffset - 1] ?? 0) << 8) | (body[topicLengthOffset] ?? 0)
  const valueAt = head + topicBytes
  if (topicBytes === 0 || topicBytes > topicMaxBytes || valueAt >= body.length) {
    throw invalid('has a topic of a wrong length')
  }
  return { sentAt, topicAt: head, valueAt }
}

const swap = Buffer.alloc(8)

/** A DataView for each message would cost more than all the rest of this file. */
function doubleAt(bytes: Uint8Array, offset: number): number {
  for (let at = 0; at < 8; at++) swap[at] = bytes[offset + at] ?? 0
  return swap.readDoubleBE(0)
}

function invalid(problem: string): FoundationError {
  return new FoundationError('FND_FRAME_INVALID', `Published message ${problem}`)
}

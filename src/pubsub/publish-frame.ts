/**
 * The payload of a published message:
 *
 * ```text
 * u8 code (48) | u8 flags | f64 sentAt | u16 topic bytes | topic (UTF-8) | [trace] | value
 * ```
 *
 * All big-endian. Flag 1: a trace stands before the value. The others are for later versions: a
 * receiver that does not know one drops the message.
 */
import { FoundationError, type TraceContext } from '../kernel/index.ts'
import { memoryViewOf, messageCodes, readTraceBlock, traceBlock } from '../wire/index.ts'
import { topicMaxBytes } from './topic.ts'

const flagsOffset = 1
const tracedFlag = 1
const sentAtOffset = 2
const topicLengthOffset = 10
/** Bytes before the topic, the code byte among them. */
const headBytes = 12

/** What stands before the value of every message on one topic. */
export class PublishHead {
  readonly length: number
  readonly #bytes: Buffer
  /** The same, four bytes at a time and big-endian: a call to copy so few bytes costs more. */
  readonly #words: Int32Array
  #sentAt = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
    this.length = bytes.length
    this.#words = Int32Array.from({ length: bytes.length >> 2 }, (_, index) =>
      bytes.readInt32BE(4 * index),
    )
  }

  /** The head of messages that belong to no trace. */
  static of(topic: string): PublishHead {
    const topicBytes = Buffer.from(topic, 'utf8')
    const bytes = Buffer.alloc(headBytes + topicBytes.length)
    bytes[0] = messageCodes.publish
    bytes.writeUInt16BE(topicBytes.length, topicLengthOffset)
    topicBytes.copy(bytes, headBytes)
    return new PublishHead(bytes)
  }

  /** The head of a message that belongs to a trace. */
  traced(trace: TraceContext): PublishHead {
    const bytes = Buffer.concat([this.#bytes, traceBlock(trace)])
    bytes[flagsOffset] = tracedFlag
    return new PublishHead(bytes)
  }

  /** Fills in what the payload's first `length` bytes are reserved for. */
  writeTo(payload: Uint8Array, sentAt: number): void {
    // Many messages have the time of the one before.
    if (!Object.is(sentAt, this.#sentAt)) this.#stamp(sentAt)
    const view = memoryViewOf(payload)
    const words = this.#words
    let at = payload.byteOffset
    for (let index = 0; index < words.length; index++, at += 4) view.setInt32(at, words[index] ?? 0)
    for (let index = 4 * words.length; index < this.length; index++)
      payload[index] = this.#bytes[index] ?? 0
  }

  #stamp(sentAt: number): void {
    this.#sentAt = sentAt
    this.#bytes.writeDoubleBE(sentAt, sentAtOffset)
    for (let index = 0; index < 3; index++) this.#words[index] = this.#bytes.readInt32BE(4 * index)
  }
}

/** A received message, still as bytes. */
export interface PublishFrame {
  readonly sentAt: number
  /** Where in the payload the topic begins. */
  readonly topicAt: number
  readonly topicEnd: number
  /** What the sender was at when it published. */
  readonly trace: TraceContext | undefined
  /** Where in the payload the encoded value begins. */
  readonly valueAt: number
}

/**
 * Takes a payload apart.
 *
 * @throws {FoundationError} `FND_FRAME_INVALID`
 */
export function readPublishFrame(payload: Uint8Array): PublishFrame {
  if (payload.length < headBytes) throw invalid('is cut short')
  const { byteOffset } = payload
  const view = memoryViewOf(payload)
  const flags = view.getUint8(byteOffset + flagsOffset)
  if (flags > tracedFlag) throw invalid(`has flags this version does not know: ${String(flags)}`)
  const sentAt = view.getFloat64(byteOffset + sentAtOffset)
  if (!Number.isFinite(sentAt)) throw invalid('has no time')
  const topicBytes = view.getUint16(byteOffset + topicLengthOffset)
  const topicEnd = headBytes + topicBytes
  if (topicBytes === 0 || topicBytes > topicMaxBytes || topicEnd >= payload.length) {
    throw invalid('has a topic of a wrong length')
  }
  const topicAt = headBytes
  if (flags === 0) return { sentAt, topicAt, topicEnd, trace: undefined, valueAt: topicEnd }
  const { trace, end } = readTraceBlock(payload, topicEnd)
  if (end >= payload.length) throw invalid('has no value')
  return { sentAt, topicAt, topicEnd, trace, valueAt: end }
}

function invalid(problem: string): FoundationError {
  return new FoundationError('FND_FRAME_INVALID', `Published message ${problem}`)
}

/**
 * The bytes of a call. Hand-written: every call pays for them twice.
 *
 *     request  u8 code | u48 call | u32 timeoutMs | u8 bytes of name | name | value
 *     traced   u8 code | u48 call | u32 timeoutMs | u8 bytes of name | name | trace | value
 *     reply    u8 code | u48 call | u8 outcome | value
 *     abort    u8 code | u48 call
 *
 * Big-endian. `timeoutMs` is the time the caller still waits when it sends: a span, since two nodes
 * share no clock.
 */
import { currentTrace, FoundationError, type TraceContext } from '../kernel/index.ts'
import {
  decodeValue,
  encodeValue,
  messageCodes,
  readTraceBlock,
  traceBlock,
} from '../wire/index.ts'

/** Largest name of a handler, in bytes of UTF-8. */
export const handlerNameMaxBytes = 255
/** Numbers of calls stay below this. */
export const callIdRange: number = 2 ** 48

/** What the value of a reply is. */
export const replyOutcomes = { value: 0, thrown: 1, refused: 2 } as const

const callBytes = 6
const requestHeaderBytes = 1 + callBytes + 4 + 1
const replyHeaderBytes = 1 + callBytes + 1

/** One call as it is asked for. */
export interface Request {
  readonly callId: number
  readonly timeoutMs: number
  readonly name: string
}

/** A request read, but for its value: that is only decoded once somebody wants it. */
export interface InboundRequest extends Request {
  /** What the caller was at when it called. */
  readonly trace: TraceContext | undefined
  /** @throws {FoundationError} `FND_FRAME_INVALID` */
  args(): unknown
}

/** A reply read, but for its value. */
export interface InboundReply {
  readonly callId: number
  /** One of {@link replyOutcomes}, if the other side keeps to it. */
  readonly outcome: number
  /** @throws {FoundationError} `FND_FRAME_INVALID` */
  value(): unknown
}

/**
 * The payload of a request; it belongs to the trace of the caller, if there is one.
 *
 * @throws {FoundationError} `FND_MESSAGE_INVALID`: `args` can't be carried.
 */
export function requestPayload(request: Request, args: unknown): Buffer {
  const trace = currentTrace()
  const block = trace && traceBlock(trace)
  const nameBytes = Buffer.byteLength(request.name)
  const traceAt = requestHeaderBytes + nameBytes
  const payload = encodeValue(args, traceAt + (block?.length ?? 0))
  payload[0] = block ? messageCodes.rpcRequestTraced : messageCodes.rpcRequest
  payload.writeUIntBE(request.callId, 1, callBytes)
  payload.writeUInt32BE(request.timeoutMs, 7)
  payload[11] = nameBytes
  payload.write(request.name, requestHeaderBytes)
  block?.copy(payload, traceAt)
  return payload
}

/**
 * Reads what follows the code byte of a request.
 *
 * @param isTraced whether a trace stands before the value.
 * @throws {FoundationError} `FND_FRAME_INVALID`
 */
export function readRequest(body: Uint8Array, isTraced = false): InboundRequest {
  const bytes = viewOf(body, requestHeaderBytes - 1)
  const nameEnd = requestHeaderBytes - 1 + (bytes[10] ?? 0)
  if (nameEnd > bytes.length) throw cutShort()
  const traced = isTraced ? readTraceBlock(bytes, nameEnd) : { trace: undefined, end: nameEnd }
  return {
    callId: bytes.readUIntBE(0, callBytes),
    timeoutMs: bytes.readUInt32BE(callBytes),
    name: bytes.toString('utf8', requestHeaderBytes - 1, nameEnd),
    trace: traced.trace,
    args: () => decodeValue(bytes.subarray(traced.end)),
  }
}

/**
 * The payload of a reply.
 *
 * @throws {FoundationError} `FND_MESSAGE_INVALID`: the value can't be carried.
 */
export function replyPayload(callId: number, outcome: number, value: unknown): Buffer {
  const payload = encodeValue(value, replyHeaderBytes)
  payload[0] = messageCodes.rpcReply
  payload.writeUIntBE(callId, 1, callBytes)
  payload[7] = outcome
  return payload
}

/**
 * Reads what follows the code byte of a reply.
 *
 * @throws {FoundationError} `FND_FRAME_INVALID`
 */
export function readReply(body: Uint8Array): InboundReply {
  const bytes = viewOf(body, replyHeaderBytes - 1)
  return {
    callId: bytes.readUIntBE(0, callBytes),
    outcome: bytes[callBytes] ?? 0,
    value: () => decodeValue(bytes.subarray(replyHeaderBytes - 1)),
  }
}

/** The payload that ends a call early. */
export function abortPayload(callId: number): Buffer {
  const payload = Buffer.allocUnsafe(1 + callBytes)
  payload[0] = messageCodes.rpcAbort
  payload.writeUIntBE(callId, 1, callBytes)
  return payload
}

/**
 * The call an abort is for.
 *
 * @throws {FoundationError} `FND_FRAME_INVALID`
 */
export function readAbort(body: Uint8Array): number {
  return viewOf(body, callBytes).readUIntBE(0, callBytes)
}

function viewOf(body: Uint8Array, bytesMin: number): Buffer {
  if (body.length < bytesMin) throw cutShort()
  return Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength)
}

function cutShort(): FoundationError {
  return new FoundationError('FND_FRAME_INVALID', 'Call is cut short')
}

/**
 * The optional trace of a message, as it stands in the frames of calls and publications:
 *
 *     u8 bytes of traceparent | traceparent | u8 bytes of correlationId | correlationId
 *
 * A frame says by its code or a flag whether it has one; without one it has not a byte more.
 */
import { FoundationError, type TraceContext } from '../kernel/index.ts'

const partMaxBytes = 255

/** The block. A part that is longer than 255 bytes is left out: a trace must never fail a message. */
export function traceBlock({ traceparent, correlationId }: TraceContext): Buffer {
  const parts = [traceparent, correlationId].map((part) => Buffer.from(part ?? '', 'utf8'))
  const kept = parts.map((part) => (part.length > partMaxBytes ? Buffer.alloc(0) : part))
  return Buffer.concat(kept.flatMap((part) => [Buffer.of(part.length), part]))
}

/**
 * Reads the block that begins at an offset.
 *
 * @returns the trace and where the block ends.
 * @throws {FoundationError} `FND_FRAME_INVALID`
 */
export function readTraceBlock(
  bytes: Uint8Array,
  offset: number,
): { readonly trace: TraceContext; readonly end: number } {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const traceparent = partAt(view, offset)
  const correlationId = partAt(view, traceparent.end)
  const trace = {
    ...(traceparent.text !== '' && { traceparent: traceparent.text }),
    ...(correlationId.text !== '' && { correlationId: correlationId.text }),
  }
  return { trace, end: correlationId.end }
}

function partAt(bytes: Buffer, offset: number): { text: string; end: number } {
  const end = offset + 1 + (bytes[offset] ?? 0)
  if (end > bytes.length || offset >= bytes.length) {
    throw new FoundationError('FND_FRAME_INVALID', 'Trace is cut short')
  }
  return { text: bytes.toString('utf8', offset + 1, end), end }
}

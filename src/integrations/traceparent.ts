/**
 * The `traceparent` of W3C Trace Context.
 * @source https://www.w3.org/TR/trace-context/#traceparent-header
 */

/** Where a span stands, in the words of OpenTelemetry. */
export interface SpanPlace {
  /** 32 hexadecimal digits. */
  readonly traceId: string
  /** 16 hexadecimal digits. */
  readonly spanId: string
  /** 1: it is sampled. */
  readonly traceFlags: number
  readonly isRemote?: boolean
}

const format = /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(?:$|-)/

/** The place as text. */
export function traceparentOf({ traceId, spanId, traceFlags }: SpanPlace): string {
  return `00-${traceId}-${spanId}-${(traceFlags & 0xff).toString(16).padStart(2, '0')}`
}

/** The place a text names; undefined when it is none: what a peer sends must never fail a call. */
export function parseTraceparent(text: string | undefined): SpanPlace | undefined {
  const [, traceId, spanId, flags] = format.exec(text ?? '') ?? []
  if (!traceId || !spanId || !flags || text?.startsWith('ff')) return undefined
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true }
}

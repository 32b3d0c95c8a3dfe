/**
 * The envelope of an event, so that events can leave the cluster to any consumer of CloudEvents.
 * @source CloudEvents 1.0.2 (https://github.com/cloudevents/spec), its extension "distributed tracing"
 */

/**
 * Empty here; an application adds the types of event it knows, and their data is then checked by the
 * compiler:
 *
 * ```ts
 * declare module 'foundation-ts' {
 *   interface FoundationEvents { 'orders.created': { id: string } }
 * }
 * ```
 */
// Declaration merging needs an interface, and it begins empty on purpose.
// eslint-disable-next-line @typescript-eslint/no-empty-object-type
export interface FoundationEvents {}

/** The data of a type of event; `unknown` for types nobody has declared, and for patterns. */
export type EventDataOf<T extends string> = T extends keyof FoundationEvents
  ? FoundationEvents[T]
  : unknown

/** One event. Read-only: all subscribers, and the history, share it. */
export interface FoundationEvent<D = unknown> {
  readonly specversion: '1.0'
  /** Unique among the events of a source. */
  readonly id: string
  /** The node that emitted it: its name, percent-encoded where a URI reference needs that. */
  readonly source: string
  /** Tokens with dots between, as in a topic. */
  readonly type: string
  /** When it was emitted, by the wall clock of its source: RFC 3339, UTC. */
  readonly time: string
  /** What it is about, e.g. the id of an order. */
  readonly subject?: string
  readonly data: D
  /** What caused it. */
  readonly correlationid?: string
  /** W3C Trace Context. */
  readonly traceparent?: string
}

/** The `source` of the events of a node. */
export function sourceOf(nodeName: string): string {
  return encodeURIComponent(nodeName).replaceAll('%40', '@')
}

const textAttributes = ['id', 'source', 'type', 'time'] as const
const optionalAttributes = ['subject', 'correlationid', 'traceparent'] as const

/**
 * Whether a message is an event of that node and type. Others may publish what they like on topics
 * of the channel `events`, and nobody may speak for another node.
 */
export function isEventOf(
  message: unknown,
  { nodeName, type }: { readonly nodeName: string; readonly type: string },
): message is FoundationEvent {
  if (typeof message !== 'object' || message === null) return false
  const event = message as Record<string, unknown>
  if (event['specversion'] !== '1.0' || event['type'] !== type) return false
  if (textAttributes.some((name) => typeof event[name] !== 'string')) return false
  if (optionalAttributes.some((name) => !['string', 'undefined'].includes(typeof event[name]))) {
    return false
  }
  return event['source'] === sourceOf(nodeName) && !Number.isNaN(Date.parse(String(event['time'])))
}

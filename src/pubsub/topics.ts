/** Types of the messages of known topics, given by the application. */

/**
 * Empty here; an application adds the topics it knows, and their messages are then checked by the
 * compiler:
 *
 * ```ts
 * declare module 'foundation-ts' {
 *   interface FoundationTopics { 'events.orders.created': { id: string } }
 * }
 * ```
 */
// Declaration merging needs an interface, and it begins empty on purpose.
// eslint-disable-next-line @typescript-eslint/no-empty-object-type
export interface FoundationTopics {}

/** The message type of a topic; `unknown` for topics (and patterns) nobody has typed. */
export type MessageOf<T extends string> = T extends keyof FoundationTopics
  ? FoundationTopics[T]
  : unknown

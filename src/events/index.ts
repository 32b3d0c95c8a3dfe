/** Events 2.0: CloudEvents on this node or on all, with a history to query. */
export type { EventDataOf, FoundationEvent, FoundationEvents } from './event.ts'
export {
  Events,
  type EmitOptions,
  type EventHandler,
  type EventsDeps,
  type EventsStats,
} from './events.ts'
export type { EventQuery } from './history.ts'
export { eventsDefaults, eventsRules, type EventsOptions } from './options.ts'

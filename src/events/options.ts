/** What an operator may tune of events. */
import { defaultsOf, integer, type Rules } from '../kernel/index.ts'

/** Bounds of the history each node keeps. Overflow policy: the oldest is dropped, counted. */
export interface EventsOptions {
  /** Events kept. 0 to 1 000 000. */
  readonly historyMaxEvents: number
  /** Bytes of them, as encoded. 0 to 1 GiB. */
  readonly historyMaxBytes: number
}

/** How each of {@link EventsOptions} is checked. */
export const eventsRules: Rules<EventsOptions> = {
  historyMaxEvents: integer(10_000, { min: 0, max: 1_000_000 }),
  historyMaxBytes: integer(16 * 1_048_576, { min: 0, max: 1_073_741_824 }),
}

/** Defaults of {@link EventsOptions}. */
export const eventsDefaults: EventsOptions = defaultsOf(eventsRules)

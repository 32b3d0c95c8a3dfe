/**
 * The one table of what is measured. A part can publish nothing that is not here (the compiler
 * checks names, measurements and metadata), a test finds entries nobody publishes, and
 * `node scripts/telemetry-page.mjs` writes docs/reference/telemetry.md from it. The rows are in
 * `telemetry-tables/`.
 */
import { childrenEvents, childrenSpans } from './telemetry-tables/children.ts'
import { connectionEvents, connectionSpans } from './telemetry-tables/connection.ts'
import { exchangeEvents, exchangeSpans } from './telemetry-tables/exchange.ts'
import { stateEvents, stateSpans } from './telemetry-tables/state.ts'

/** One kind of event. Bridges make a counter of it, and a histogram of each measurement in `Ms`. */
export interface TelemetryEventEntry {
  readonly meaning: string
  /** Numbers, with their unit in the name. */
  readonly measurements: Readonly<Record<string, string>>
  readonly metadata: Readonly<Record<string, string>>
  /** Metadata with few different values, which a metric may have as labels. */
  readonly labels: readonly string[]
}

/** One kind of span: work that takes time and ends well or badly. */
export interface TelemetrySpanEntry {
  readonly meaning: string
  readonly attributes: Readonly<Record<string, string>>
  /** `client` and `server` are the two ends of one exchange between nodes. */
  readonly kind: 'internal' | 'client' | 'server'
}

/** Every event, by its name `<area>.<thing>.<what>`. */
export const telemetryEvents: typeof connectionEvents &
  typeof exchangeEvents &
  typeof stateEvents &
  typeof childrenEvents = {
  ...connectionEvents,
  ...exchangeEvents,
  ...stateEvents,
  ...childrenEvents,
}

/** Every span, by its name `<area>.<thing>`. */
export const telemetrySpans: typeof connectionSpans &
  typeof exchangeSpans &
  typeof stateSpans &
  typeof childrenSpans = {
  ...connectionSpans,
  ...exchangeSpans,
  ...stateSpans,
  ...childrenSpans,
}

/** Name of an event in {@link telemetryEvents}. */
export type TelemetryEvent = keyof typeof telemetryEvents

/** Name of a span in {@link telemetrySpans}. */
export type TelemetrySpan = keyof typeof telemetrySpans

/** The numbers an event has. */
export type MeasurementsOf<E extends TelemetryEvent> = Readonly<
  Record<keyof (typeof telemetryEvents)[E]['measurements'], number>
>

/** What an event may say beside its numbers. */
export type MetadataOf<E extends TelemetryEvent> = Readonly<
  Partial<Record<keyof (typeof telemetryEvents)[E]['metadata'], unknown>>
>

/** What a span may say of itself. */
export type AttributesOf<S extends TelemetrySpan> = Readonly<
  Partial<Record<keyof (typeof telemetrySpans)[S]['attributes'], unknown>>
>

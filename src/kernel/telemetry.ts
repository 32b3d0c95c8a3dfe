/**
 * The telemetry port: named measurements and spans on `node:diagnostics_channel`, free without a
 * subscriber. What there is to measure is one table: `telemetry-events.ts`.
 * @source the shape (event, measurements, metadata) is that of the BEAM's :telemetry library.
 */
import { channel, tracingChannel } from 'node:diagnostics_channel'
import {
  telemetryEvents,
  telemetrySpans,
  type AttributesOf,
  type MeasurementsOf,
  type MetadataOf,
  type TelemetryEvent,
  type TelemetrySpan,
} from './telemetry-events.ts'

/** What a subscriber of `foundation.<event>` receives. */
export interface TelemetryRecord {
  readonly event: TelemetryEvent
  /** Name of the node that measured: one process may run several. */
  readonly source: string
  /** Numbers with their unit in the name: `{ durationMs: 3 }`. */
  readonly measurements: Readonly<Record<string, number>>
  /** Plain data: `{ topology: 'lan' }`. Never a secret. */
  readonly metadata: Readonly<Record<string, unknown>>
}

/** What a subscriber of `tracing:foundation.<span>:start` and its siblings receives, the same object each time. */
export interface TelemetrySpanRecord {
  readonly span: TelemetrySpan
  /** Name of the node that does the work. */
  readonly source: string
  /** Plain data. Never a secret. What shows only while the work goes on is added until it has ended. */
  readonly attributes: Readonly<Record<string, unknown>>
  /** Set by a subscriber of `start` to have the work run inside a context of its own. */
  within?: <T>(work: () => T) => T
  /** What the work threw; present at `error` and after it. */
  readonly error?: unknown
}

/** Adds what has become known to the attributes of a span. Only called when somebody listens. */
export type SpanNote<S extends TelemetrySpan> = (more: () => AttributesOf<S>) => void

/** Where a part says what happened. One a node. */
export interface Telemetry {
  /** Publishes one record. `metadata` is only called when somebody listens. */
  execute<E extends TelemetryEvent>(
    event: E,
    measurements: MeasurementsOf<E>,
    metadata?: () => MetadataOf<E>,
  ): void
  /** Does `work` and tells when it begins and ends. `attributes` is only called when somebody hears `start`. */
  span<S extends TelemetrySpan, T>(
    span: S,
    attributes: () => AttributesOf<S>,
    work: (note: SpanNote<S>) => Promise<T>,
  ): Promise<T>
}

/** For work that nobody follows. */
const noNote = (): void => undefined

/** Name of the diagnostics channel of an event, and what a span's tracing channels begin with. */
export function telemetryChannel(name: TelemetryEvent | TelemetrySpan): string {
  return `foundation.${name}`
}

// Made once: looking a channel up by name costs more than asking whether anybody listens.
const eventChannels = channelsOf(telemetryEvents, channel)
const spanChannels = channelsOf(telemetrySpans, (name) =>
  tracingChannel<unknown, TelemetrySpanRecord>(name),
)

/** Publishes to the diagnostics channels, in the name of the node `source`. */
export function diagnosticsTelemetry(source: string): Telemetry {
  return {
    execute(event, measurements, metadata) {
      const target = eventChannels.get(event)
      if (!target?.hasSubscribers) return
      target.publish({
        event,
        source,
        measurements,
        metadata: metadata?.() ?? {},
      } satisfies TelemetryRecord)
    },
    span(span, attributes, work) {
      const target = spanChannels.get(span)
      // Whoever wants spans hears of their start: one question instead of five.
      if (!target?.start.hasSubscribers) return work(noNote)
      const given: Record<string, unknown> = { ...attributes() }
      const record: TelemetrySpanRecord = { span, source, attributes: given }
      const noted = (): ReturnType<typeof work> =>
        work((more) => {
          Object.assign(given, more())
        })
      return target.tracePromise(() => (record.within ? record.within(noted) : noted()), record)
    },
  }
}

/** Hands every record to a function; spans only do their work. For tests. */
export function telemetryTo(publish: (record: TelemetryRecord) => void): Telemetry {
  return {
    execute: (event, measurements, metadata) => {
      publish({ event, source: 'test', measurements, metadata: metadata?.() ?? {} })
    },
    span: (_span, _attributes, work) => work(noNote),
  }
}

/** Drops everything. */
export const silentTelemetry: Telemetry = {
  execute: () => undefined,
  span: (_span, _attributes, work) => work(noNote),
}

function channelsOf<N extends TelemetryEvent | TelemetrySpan, C>(
  table: Readonly<Record<N, unknown>>,
  make: (name: string) => C,
): ReadonlyMap<string, C> {
  const names = Object.keys(table) as N[]
  return new Map(names.map((name) => [name, make(telemetryChannel(name))]))
}

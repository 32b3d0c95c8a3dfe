/**
 * The telemetry port: named measurements on `node:diagnostics_channel`, free without a subscriber.
 * @source the shape (event, measurements, metadata) is that of the BEAM's :telemetry library.
 */
import { channel } from 'node:diagnostics_channel'

/** What a subscriber of `foundation.<event>` receives. */
export interface TelemetryRecord {
  readonly event: string
  /** Numbers with their unit in the name: `{ durationMs: 3 }`. */
  readonly measurements: Readonly<Record<string, number>>
  /** Plain data: `{ topology: 'lan' }`. Never a secret. */
  readonly metadata: Readonly<Record<string, unknown>>
}

/** Publishes one record. `event` is `<area>.<thing>.<what>`, e.g. `discovery.lookup.failed`. */
export type Telemetry = (
  event: string,
  measurements: Readonly<Record<string, number>>,
  metadata?: Readonly<Record<string, unknown>>,
) => void

/** Publishes to the diagnostics channel `foundation.<event>`. */
export const diagnosticsTelemetry: Telemetry = (event, measurements, metadata = {}) => {
  const target = channel(`foundation.${event}`)
  if (target.hasSubscribers)
    target.publish({ event, measurements, metadata } satisfies TelemetryRecord)
}

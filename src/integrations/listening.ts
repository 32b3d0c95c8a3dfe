/** Listens to the telemetry of one node. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import {
  telemetryChannel,
  telemetryEvents,
  type TelemetryEvent,
  type TelemetryEventEntry,
  type TelemetryRecord,
} from '../kernel/index.ts'

/** Every event there is, with its entry in the table. */
export const eventEntries: readonly (readonly [TelemetryEvent, TelemetryEventEntry])[] =
  Object.entries(telemetryEvents) as [TelemetryEvent, TelemetryEventEntry][]

/** Calls `hear` with each record of the node called `source`. @returns the way to stop that. */
export function listen(source: string, hear: (record: TelemetryRecord) => void): () => void {
  const onMessage = (message: unknown): void => {
    const record = message as TelemetryRecord
    if (record.source === source) hear(record)
  }
  const names = eventEntries.map(([event]) => telemetryChannel(event))
  for (const name of names) subscribe(name, onMessage)
  return () => {
    for (const name of names) unsubscribe(name, onMessage)
  }
}

/** The labels of a record that a metric may have. */
export function labelsOf({ event, metadata }: TelemetryRecord): Record<string, string> {
  const { labels }: TelemetryEventEntry = telemetryEvents[event]
  return Object.fromEntries(
    labels.flatMap((label) => {
      const value = metadata[label]
      return typeof value === 'string' ? [[label, value]] : []
    }),
  )
}

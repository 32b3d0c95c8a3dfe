/** How a node says it is: measured by itself, told to the others. */
import {
  array,
  integer,
  message,
  messageCodes,
  number,
  object,
  oneOfWords,
  optionalOf,
  string,
  type Message,
} from '../../wire/index.ts'
import { healthStatuses, reasonMaxBytes, reasonsMax, type HealthStatus } from './health-status.ts'

/** What a process measures of itself. */
export interface ProcessVitals {
  /** How much later than asked timers ran. Milliseconds. */
  readonly eventLoop: { readonly meanMs: number; readonly p99Ms: number; readonly maxMs: number }
  readonly memory: { readonly rssBytes: number; readonly heapUsedBytes: number }
}

/** Where a node gets its {@link ProcessVitals}: it is given one, so that virtual time has another. */
export interface VitalsSource {
  start(): void
  stop(): void
  /** The figures since the last call. */
  read(): ProcessVitals
}

/** A process that is never held up: for virtual time. */
export const idleVitals: VitalsSource = {
  start: () => undefined,
  stop: () => undefined,
  read: () => ({
    eventLoop: { meanMs: 0, p99Ms: 0, maxMs: 0 },
    memory: { rssBytes: 0, heapUsedBytes: 0 },
  }),
}

/** What a node says of itself every `vitalsIntervalMs`. Plain JSON. */
export interface VitalSigns extends ProcessVitals {
  readonly incarnation: string
  readonly uptimeMs: number
  /** Members it has a link to; at most 1 024. */
  readonly linked: readonly string[]
  readonly health: HealthStatus
  readonly reasons: readonly string[]
  /** Names it owns. */
  readonly names: number
  /** Children it runs. */
  readonly children: number
  /** Equal digests mean equal settings. */
  readonly config?: string | undefined
}

/** Most names in {@link VitalSigns.linked}. */
export const linkedMax = 1_024
const nameMaxBytes = 255
const digestMaxBytes = 64

/** The message that carries them. */
export const vitalsMessage: Message<VitalSigns> = message(
  messageCodes.vitalSigns,
  object({
    incarnation: string(nameMaxBytes),
    uptimeMs: number(),
    eventLoop: object({ meanMs: number(), p99Ms: number(), maxMs: number() }),
    memory: object({ rssBytes: number(), heapUsedBytes: number() }),
    linked: array(string(nameMaxBytes), linkedMax),
    health: oneOfWords(healthStatuses),
    reasons: array(string(reasonMaxBytes), reasonsMax),
    names: integer(0),
    children: integer(0),
    config: optionalOf(string(digestMaxBytes)),
  }),
)

/** What one mesh engine can be told: addresses, deadlines and the bound of every queue. */
import {
  defaultsOf,
  integer,
  optional,
  textCheck,
  integerCheck,
  listOf,
  type Check,
  type Rules,
} from '../../kernel/index.ts'
import type { ChannelClass } from '../port/port.ts'

/** What happens to a payload that does not fit into the queue of its (peer, class). */
export type OverflowPolicy =
  | 'fail' // the link is closed with reason `slow-peer`
  | 'wait' // the payload is not taken; the caller waits
  | 'drop-oldest' // the oldest payloads are dropped, counted and reported to the peer as a gap

/** The bounds of one class. */
export interface ClassPolicy {
  readonly overflow: OverflowPolicy
  /** Largest payload. */
  readonly payloadMaxBytes: number
  /** Bytes in flight are bounded by what the receiver acknowledged. */
  readonly hasCredit: boolean
}

const kibibyte = 1024
const mebibyte = 1024 * kibibyte

/** Structured payloads are small, because decoding a large one blocks the event loop. */
export const classPolicies: Readonly<Record<ChannelClass, ClassPolicy>> = {
  control: { overflow: 'fail', payloadMaxBytes: 260 * kibibyte, hasCredit: false },
  events: { overflow: 'wait', payloadMaxBytes: 260 * kibibyte, hasCredit: false },
  telemetry: { overflow: 'drop-oldest', payloadMaxBytes: mebibyte, hasCredit: true },
  bulk: { overflow: 'wait', payloadMaxBytes: 64 * mebibyte, hasCredit: true },
}

/** A host and a port, either may be left to the engine. */
export interface HostPort {
  readonly host?: string
  /** 0 to 65535; 0 lets the operating system choose. */
  readonly port?: number
}

/** Settings of the mesh engine. */
export interface MeshOptions {
  /** Where to listen. Absent: all interfaces, a port chosen by the operating system. */
  readonly listen: HostPort | undefined
  /** What other nodes are told to dial. Absent: every address of this machine, and the port. */
  readonly advertise: HostPort | undefined
  /** Names of network interfaces to advertise; `['lo']` confines the engine to this machine. */
  readonly interfaces: readonly string[] | undefined
  /** From the first packet to the end of the handshake. 100 to 60 000 ms. */
  readonly dialTimeoutMs: number
  /** A ping is sent on an idle control connection this often. 50 to 60 000 ms. */
  readonly pingIntervalMs: number
  /** A connection that owes an answer and is silent for longer is closed. 1 000 to 600 000 ms. */
  readonly silentAfterMs: number
  /** Longest wait between two dials of a lost class connection. 10 to 60 000 ms. */
  readonly redialMaxMs: number
  /**
   * Bound of the queue of one (peer, class), with about 128 bytes a payload counted on top. A
   * payload larger than half of it is taken while half of it is free.
   */
  readonly controlQueueMaxBytes: number
  readonly eventsQueueMaxBytes: number
  readonly telemetryQueueMaxBytes: number
  readonly bulkQueueMaxBytes: number
}

const queueBytes = { min: 64 * kibibyte, max: 1024 * mebibyte }

/** The rules of {@link MeshOptions}. */
export const meshRules: Rules<MeshOptions> = {
  listen: optional<HostPort>(checkHostPort),
  advertise: optional<HostPort>(checkHostPort),
  interfaces: optional<readonly string[]>(listOf(textCheck)),
  dialTimeoutMs: integer(5_000, { min: 100, max: 60_000 }),
  pingIntervalMs: integer(500, { min: 50, max: 60_000 }),
  silentAfterMs: integer(30_000, { min: 1_000, max: 600_000 }),
  redialMaxMs: integer(5_000, { min: 10, max: 60_000 }),
  controlQueueMaxBytes: integer(8 * mebibyte, queueBytes),
  eventsQueueMaxBytes: integer(8 * mebibyte, queueBytes),
  telemetryQueueMaxBytes: integer(8 * mebibyte, queueBytes),
  bulkQueueMaxBytes: integer(16 * mebibyte, queueBytes),
}

/** The defaults of {@link MeshOptions}. */
export const meshDefaults: MeshOptions = defaultsOf(meshRules)

/** The bound of the queue of a class. */
export function queueMaxBytesOf(options: MeshOptions, channelClass: ChannelClass): number {
  return options[`${channelClass}QueueMaxBytes`]
}

function checkHostPort(value: unknown): string | undefined {
  const problem = 'expected { host?: string, port?: 0 to 65535 }'
  if (typeof value !== 'object' || value === null) return problem
  const checks: Record<string, Check> = {
    host: textCheck,
    port: integerCheck({ min: 0, max: 65_535 }),
  }
  const bad = Object.entries(value).some(
    ([key, part]) => part !== undefined && (checks[key]?.(part) ?? (checks[key] ? '' : problem)),
  )
  return bad ? problem : undefined
}

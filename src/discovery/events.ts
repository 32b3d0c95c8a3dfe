/** What discovery tells the node, and what it publishes as telemetry. */
import type { GoneReason, PeerHint, StrategyHealth } from './port/port.ts'

/** News of one topology. Plain data. */
export type DiscoveryEvent =
  | { type: 'lookup'; topology: string; durationMs: number; count: number; complete: boolean }
  | { type: 'lookup-failed'; topology: string; durationMs: number; code: string; message: string }
  | { type: 'peer-seen'; topology: string; peer: PeerHint }
  | { type: 'peer-gone'; topology: string; peer: PeerHint; reason: GoneReason | 'pruned' }
  | ({ type: 'dialed'; ok: boolean; durationMs: number } & DialReport)
  | { type: 'disconnected'; topology: string; node: string; ok: boolean; reason?: string }
  | { type: 'health'; topology: string; state: StrategyHealth; detail: string }
  /** A person should read this. */
  | { type: 'notice'; topology: string; code: string; detail: string; address?: string }

/** How a dial ended. */
export interface DialReport {
  readonly topology: string
  /** The node's name when known, else its address. */
  readonly node: string
  readonly address: string
  /** Absent when it succeeded; `unreachable`, `not_part_of_network`, `refused`, `auth`, ... */
  readonly reason?: string
}

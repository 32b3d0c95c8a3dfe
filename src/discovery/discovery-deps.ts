/** What discovery talks to, and its options. */
import {
  defaultsOf,
  integer,
  type Host,
  type Keyring,
  type Log,
  type Rules,
  type Telemetry,
} from '../kernel/index.ts'
import type { DiscoveryEvent } from './events.ts'
import type { HookResult } from './hooks.ts'
import type { PeerHint, SelfInfo } from './port/port.ts'
import type { DiscoveryPorts } from './port/ports.ts'

/** What the node gives discovery. */
export interface DiscoveryDeps {
  readonly host: Host
  readonly log: Log
  readonly telemetry: Telemetry
  readonly self: () => SelfInfo
  readonly keyring?: Keyring | undefined
  /** Names (or IPv4 addresses) of the interfaces multicast keeps to. */
  readonly interfaces?: readonly string[] | undefined
  /** The real world when left out. */
  readonly ports?: DiscoveryPorts | undefined
  /** The default connect hook. A throw with `details.reason` tells why it failed. */
  readonly connect: (hint: PeerHint, address: string, topology: string) => Promise<HookResult>
  /** The default disconnect hook. */
  readonly disconnect: (nodeName: string, topology: string) => Promise<HookResult>
  /** The default list hook: names of the nodes this one has a link to. */
  readonly listNodes: () => readonly string[]
  /** The node known to answer at this "host:port", so that it is not dialled again. */
  readonly nodeAt: (address: string) => string | undefined
  /** False when membership holds the node for unreachable, or does not know it. */
  readonly isReachable: (nodeName: string) => boolean
  /** Must not throw. */
  readonly news: (event: DiscoveryEvent) => void
}

/** How discovery dials, retries and forgets. */
export interface DiscoveryOptions {
  /** Dials of one topology at a time. 1 to 64. */
  readonly dialParallelMax: number
  /** A connect or disconnect hook that takes longer has failed. */
  readonly hookTimeoutMs: number
  /** Wait after the first failed dial of a peer; doubles. */
  readonly redialMinMs: number
  /** Longest wait between two dials of a peer. */
  readonly redialMaxMs: number
  /** How often peers are compared with the connected nodes. */
  readonly reconcileIntervalMs: number
  /** Longest wait between two lookups that fail. */
  readonly backoffMaxMs: number
  /** Peers remembered by one topology; beyond it those not seen for `graceMs` go, else new ones are dropped. */
  readonly peersMax: number
  /** `prune: 'grace'`: missing for at least this long ... */
  readonly graceMs: number
  /** ... and in at least so many complete lookups in a row. */
  readonly graceLookups: number
  /** How long a strategy may take to say goodbye at stop. */
  readonly stopTimeoutMs: number
}

/** The rules of {@link DiscoveryOptions}. */
export const discoveryRules: Rules<DiscoveryOptions> = {
  dialParallelMax: integer(8, { min: 1, max: 64 }),
  hookTimeoutMs: integer(10_000, { min: 10, max: 600_000 }),
  redialMinMs: integer(1_000, { min: 10, max: 60_000 }),
  redialMaxMs: integer(30_000, { min: 10, max: 3_600_000 }),
  reconcileIntervalMs: integer(1_000, { min: 10, max: 60_000 }),
  backoffMaxMs: integer(30_000, { min: 10, max: 3_600_000 }),
  peersMax: integer(4_096, { min: 1, max: 100_000 }),
  graceMs: integer(30_000, { min: 0, max: 3_600_000 }),
  graceLookups: integer(3, { min: 1, max: 1_000 }),
  stopTimeoutMs: integer(2_000, { min: 10, max: 60_000 }),
}

/** The defaults of {@link DiscoveryOptions}. */
export const discoveryDefaults: DiscoveryOptions = defaultsOf(discoveryRules)

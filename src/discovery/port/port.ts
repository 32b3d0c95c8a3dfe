/**
 * The strategy port: what a way of finding peers gives, and what it gets.
 * A strategy only proposes addresses. Who answers there is settled by the handshake, who is in the
 * cluster by membership. The loop, retries, dials and pruning belong to the framework.
 */
import type { Host, Keyring, Log, Rules, Telemetry } from '../../kernel/index.ts'
import type { DiscoveryPorts } from './ports.ts'

/** Somebody who might be out there. */
export interface PeerHint {
  /** IPv4, IPv6 (no brackets) or a DNS name. */
  readonly host: string
  /** Absent: the port this node itself listens on. */
  readonly port?: number
  /** More "host:port" to try when the first does not answer. At most 8. */
  readonly addresses?: readonly string[]
  /** When the strategy knows it. Saves dialling a node that is already connected. */
  readonly nodeName?: string
  /** When the strategy knows it: hints of other clusters are dropped. */
  readonly cluster?: string
  /** `meta.incarnation` tells a restarted node from its former self. */
  readonly meta?: Readonly<Record<string, string>>
  /** Forgotten when not seen again for this long, unless it is connected. Milliseconds. */
  readonly ttlMs?: number
}

/** Why a peer is no longer proposed. Never a verdict on whether it lives. */
export type GoneReason =
  | 'goodbye' // it said so itself
  | 'expired' // not heard of for its ttl
  | 'unlisted' // the list no longer has it

/** How well a strategy works right now. */
export type StrategyHealth = 'ok' | 'degraded'

/** News a strategy gives. */
export type StrategyEvent =
  | { readonly type: 'seen'; readonly peer: PeerHint }
  | { readonly type: 'gone'; readonly peer: PeerHint; readonly reason: GoneReason }
  | { readonly type: 'health'; readonly state: StrategyHealth; readonly detail: string }
  /** Something a person must act on, in whole sentences. The strategy limits how often. */
  | {
      readonly type: 'notice'
      readonly code: string
      readonly detail: string
      /** Whom it is about: a host, or "host:port". */
      readonly address?: string
    }

/** What a strategy may know of the node it runs in. */
export interface SelfInfo {
  readonly name: string
  readonly incarnation: string
  readonly cluster: string
  /** Where this node listens, "host:port", best first. */
  readonly addresses: readonly string[]
}

/** Everything a strategy may touch. */
export interface StrategyContext {
  /** The name of the topology it works for. */
  readonly topology: string
  /** Read it when needed: addresses may change. */
  readonly self: SelfInfo
  /** Absent when the cluster uses certificates instead of a secret. */
  readonly keyring: Keyring | undefined
  /** Names of the network interfaces to keep to; undefined means all. */
  readonly interfaces: readonly string[] | undefined
  readonly host: Host
  readonly log: Log
  readonly telemetry: Telemetry
  /** Aborts when the topology stops. */
  readonly signal: AbortSignal
  /** The outside world: dns, http, udp, commands. Tests fake it. */
  readonly ports: DiscoveryPorts
  /** Never throws. Ignored once the topology stopped. */
  readonly emit: (event: StrategyEvent) => void
}

/** What one lookup found. */
export interface LookupResult {
  readonly peers: readonly PeerHint[]
  /** False: a peer that is not in `peers` may exist all the same (DNS answers are partial). */
  readonly complete: boolean
}

/**
 * When peers that a strategy no longer lists are let go.
 * `never`: only on its own goodbye or ttl. `grace`: the address is forgotten after it was missing
 * for 3 complete lookups and 30 s and the peer is unreachable. `immediate`: libcluster's timing,
 * the peer is disconnected on the first lookup that misses it.
 */
export type Prune = 'never' | 'grace' | 'immediate'

/** How the loop treats a poll strategy unless the topology says otherwise. */
export interface PollDefaults {
  /** Between two lookups; moved by up to 20 %. 10 to 3 600 000. */
  readonly pollIntervalMs: number
  /** A lookup that takes longer has failed. 10 to 600 000. */
  readonly lookupTimeoutMs: number
  readonly prune: Prune
}

/** A strategy that is asked again and again. */
export interface PollStrategy {
  readonly kind: 'poll'
  readonly defaults: PollDefaults
  /**
   * Looks once. Rejecting means "unknown": the last list stays as it is.
   * Never called while the call before it is still awaited.
   */
  lookup(context: StrategyContext, signal: AbortSignal): Promise<LookupResult>
  /** Announces this node, where the source needs it. Repeated until it succeeds. */
  register?(context: StrategyContext, signal: AbortSignal): Promise<void>
  /** Takes the announcement back, at stop. */
  deregister?(context: StrategyContext, signal: AbortSignal): Promise<void>
  /**
   * Calls `look` when a lookup is worth it before its time, e.g. because a file changed. Called once,
   * before the first lookup; ends with `context.signal`.
   */
  watch?(context: StrategyContext, look: () => void): void
  /** Plain figures for `status()`. No secrets. */
  figures?(): Readonly<Record<string, unknown>>
}

/** A strategy that tells by itself. `start` that rejects is tried again with backoff. */
export interface PushStrategy {
  readonly kind: 'push'
  /** `never` when left out. */
  readonly defaults?: Pick<PollDefaults, 'prune'>
  /** Begins to report changes to `context` until `stop`. */
  start(context: StrategyContext): Promise<void>
  /** Says goodbye where the protocol has one. Idempotent, never throws, leaves nothing running. */
  stop(reason: string): Promise<void>
  /** Asks around at once. */
  refresh?(): void
  /** Plain figures for `status()`. No secrets. */
  figures?(): Readonly<Record<string, unknown>>
}

/** Either kind. */
export type Strategy = PollStrategy | PushStrategy

/** A strategy as the catalogue holds it: its name, its options, and how one is made. */
export interface StrategyDefinition<Options extends object = object> {
  readonly name: string
  /** Other names it answers to. Those of libcluster are in `libcluster.ts`. */
  readonly aliases: readonly string[]
  readonly rules: Rules<Options>
  /**
   * True when some of the peers it finds come without a port. All nodes then listen on one port,
   * which the option `port` names; left out, setup fills it in.
   */
  findsHostsOnly?(options: Options): boolean
  /** An instance for one topology; the options have been checked. */
  create(options: Options): Strategy
}

/** What a user's own class must look like: made with the topology's `config` as it stands. */
export type StrategyClass = new (config: never) => UserStrategy

/** An instance of a user's class: `lookup`, or `start` and `stop`; `kind` is seen from that. */
export type UserStrategy =
  | (Omit<PollStrategy, 'kind' | 'defaults'> & {
      readonly kind?: 'poll'
      readonly defaults?: Partial<PollDefaults>
    })
  | (Omit<PushStrategy, 'kind'> & { readonly kind?: 'push' })

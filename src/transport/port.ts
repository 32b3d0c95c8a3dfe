/**
 * The transport port: what every engine (memory, mesh, later nats) gives to the parts above.
 * Nothing above this file knows which engine runs; it asks {@link Capabilities}.
 */
import type { Host, Log, Telemetry } from '../kernel/index.ts'

/** A connection of its own for each kind of traffic, most urgent first. */
export const channelClasses = ['control', 'events', 'telemetry', 'bulk'] as const
/** One of {@link channelClasses}. A topic has exactly one class, or order would break. */
export type ChannelClass = (typeof channelClasses)[number]

/** What a node says of itself in the handshake. */
export interface NodeIdentity {
  /** Unique in the cluster while the node lives. */
  readonly name: string
  /** Start time, then a random tail: a later one under the same name sorts after an earlier one. */
  readonly incarnation: string
  /** Nodes of different clusters refuse each other. */
  readonly cluster: string
  /** Where it can be dialled, "host:port", best first. */
  readonly addresses: readonly string[]
  readonly roles: readonly string[]
  readonly meta: Readonly<Record<string, unknown>>
}

/** Why a dial gave no link. Carried as `details.reason` of the error. */
export type DialFailure =
  | 'refused' // nobody listens there: the process is gone
  | 'timeout'
  | 'unreachable' // no route, name does not resolve
  | 'auth' // the secrets (or certificates) differ
  | 'cluster_mismatch'
  | 'self' // it is this very node
  | 'version'
  | 'name_in_use' // a live node has our name
  | 'leaving' // one of the two is about to stop
  | 'rejected' // membership of either side said no for another reason, or ours because the peer's name is taken
  | 'broken' // the connection ended, or spoke something else, during the handshake

/** Why a link ended. */
export type LinkDownReason =
  | 'goodbye' // the peer closed it in order
  | 'closed' // this node closed it (transport.close or stop)
  | 'lost' // reset, or end of stream without a goodbye
  | 'silent' // nothing heard for longer than the engine's own deadline
  | 'slow-peer' // its control queue overflowed
  | 'invalid-frame' // it broke the wire format

/** A live link to one peer. */
export interface LinkInfo {
  readonly peer: NodeIdentity
  /** Counts the links between this pair of incarnations: 1, 2, ... The same number on both sides. */
  readonly epoch: number
  /** The address of the peer as seen from here. */
  readonly address: string
  readonly dialedBy: 'self' | 'peer'
}

/** One payload from a peer. */
export interface Inbound {
  /** The authenticated name of the sender, stamped by the engine, never read from the payload. */
  readonly from: string
  readonly class: ChannelClass
  readonly epoch: number
  /** Place in the stream of (sender incarnation, class); starts at 1, goes on over link epochs. */
  readonly sequence: number
  /** Never written again by the engine, so views of it may be kept (they keep its chunk in memory). */
  readonly payload: Uint8Array
}

/** The word of membership on a peer that wants in. Anything but `'admit'` closes the link. */
export type Admission = 'admit' | 'name_in_use' | 'leaving' | 'rejected'

/** News an engine gives. Calls are never re-entrant into `send` of the same frame. */
export interface TransportHandlers {
  /** Asked once per handshake on both sides, after authentication, before the link is up. */
  admit(peer: NodeIdentity): Admission | Promise<Admission>
  linkUp(link: LinkInfo): void
  linkDown(link: LinkInfo, reason: LinkDownReason): void
  frame(inbound: Inbound): void
  /** The class's own connection is lost while the link lives; it is re-dialled, never replaced by another class. */
  classDegraded(peer: string, channelClass: ChannelClass): void
  classRestored(peer: string, channelClass: ChannelClass): void
  /** `count` payloads of the class, sent before the next one, will never arrive. */
  gap(peer: string, channelClass: ChannelClass, count: number): void
  /**
   * Somebody was turned away, or turned us away, in a way a person must act on (another secret, our
   * name in use). At most once a minute per address and reason.
   */
  refused(report: { address: string; reason: DialFailure; message: string }): void
}

/** What became of a `send`. */
export type SendOutcome =
  | 'accepted'
  | 'full' // the queue of (peer, class) is at its bound and nothing was queued
  | 'disconnected' // no link to that peer

/** What an engine can do; callers ask the capability, never the engine's name. */
export interface Capabilities {
  /** Payloads of one (peer, class) arrive in the order sent, or a gap is reported. */
  readonly ordered: boolean
  /** A broadcast is one send, not one per peer. */
  readonly nativeFanout: boolean
  /** Largest payload by class. */
  readonly payloadMaxBytes: Readonly<Record<ChannelClass, number>>
  readonly classes: readonly ChannelClass[]
}

/** Plain figures of one (peer, class), for `status()`. */
export interface ClassStats {
  readonly state: 'idle' | 'connecting' | 'open' | 'degraded'
  readonly queuedBytes: number
  readonly queuedFrames: number
  readonly sentFrames: number
  readonly sentBytes: number
  readonly receivedFrames: number
  readonly receivedBytes: number
  /** Payloads dropped here by the overflow policy. */
  readonly droppedFrames: number
  /** Payloads of the peer that never arrived. */
  readonly gapFrames: number
  /** Bytes in flight allowed by credit; 0 where the class has no credit. */
  readonly windowBytes: number
}

/** Plain figures of one link, for `status()`. */
export interface LinkStats {
  readonly peer: string
  readonly epoch: number
  readonly address: string
  /** Smoothed round trip on the control connection; undefined before the first pong. */
  readonly rttMs: number | undefined
  /** Milliseconds since anything was heard. */
  readonly silentMs: number
  readonly classes: Readonly<Partial<Record<ChannelClass, ClassStats>>>
}

/** An engine that was given its deps. `start` and `stop` are idempotent; `stop` never throws. */
export interface Transport {
  readonly capabilities: Capabilities
  /**
   * Begins to accept links.
   *
   * @returns the addresses other nodes can dial, "host:port", best first.
   * @throws {FoundationError} `FND_ADDRESS_IN_USE`, `FND_SECRET_INVALID`
   */
  start(self: NodeIdentity, handlers: TransportHandlers): Promise<readonly string[]>
  /** Says goodbye on every link, flushes what is queued for at most `flushMs`, closes everything. */
  stop(flushMs?: number): Promise<void>
  /**
   * Makes a link, or finds the one that exists. `linkUp` was called before it resolves.
   *
   * @throws {FoundationError} `FND_DIAL_FAILED`, `FND_HANDSHAKE_REFUSED`, `FND_NAME_IN_USE` or
   *   `FND_VERSION_UNSUPPORTED`, each with `details.reason` ({@link DialFailure}).
   */
  dial(address: string, signal?: AbortSignal): Promise<NodeIdentity>
  /** Ends the link to a peer; `linkDown` follows with reason `closed`. No link: nothing happens. */
  close(peer: string): void
  /** Takes the payload or says why not; never throws, never blocks. The bytes are the engine's from then on: the caller must not change them. */
  send(peer: string, channelClass: ChannelClass, payload: Uint8Array): SendOutcome
  /** Resolves when the queue has room again, or the link is gone. */
  whenWritable(peer: string, channelClass: ChannelClass): Promise<void>
  /** Milliseconds since any frame of the peer was heard on its control connection; undefined without a link. */
  silentMs(peer: string): number | undefined
  stats(): LinkStats[]
}

/** What the node gives an engine. */
export interface TransportDeps {
  readonly host: Host
  readonly log: Log
  readonly telemetry: Telemetry
}

/** The `transport` option: makes an engine for one node. */
export interface TransportEngine {
  readonly kind: string
  create(deps: TransportDeps): Transport
}

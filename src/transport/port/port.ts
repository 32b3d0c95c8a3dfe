/**
 * The transport port: what every engine (memory, mesh, later nats) gives to the parts above.
 * Nothing above this file knows which engine runs; it asks {@link Capabilities}.
 */
import type { Host, Log, Telemetry } from '../../kernel/index.ts'
import type { VersionRange } from '../../wire/index.ts'

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
  /** The version of the protocol the two speak with each other: the highest that both know. */
  readonly protocol: number
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
  /**
   * Place in its stream: that of (sender incarnation, class), or a part of it that the engine counts
   * apart. Starts at 1, goes on over link epochs.
   */
  readonly sequence: number
  /** Never written again by the engine, so views of it may be kept (they keep its chunk in memory). */
  readonly payload: Uint8Array
}

/**
 * What lost payloads were, as far as an engine that counts them apart knows: published to one topic,
 * or by nobody (the parts of the node talk to each other on the same class).
 */
export type LossOf = { readonly topic: string } | 'unpublished'

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
  /**
   * `count` payloads of the class, sent before the next one, will never arrive.
   *
   * @param of left out where they may have been any of the class.
   */
  gap(peer: string, channelClass: ChannelClass, count: number, of?: LossOf): void
  /**
   * Somebody was turned away, or turned us away, in a way a person must act on (another secret, its
   * name in use). At most once a minute per address and reason. That our own name is in use is left
   * to the error of the dial.
   */
  refused(report: { address: string; reason: DialFailure; message: string }): void
  /**
   * An engine that hears of nodes by itself tells where one it has no link with can be dialled.
   * Said again and again while that is so.
   */
  found?(address: string): void
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
  /** See {@link LinkInfo}. */
  readonly protocol: number
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
  /** There with the capability `nativeFanout`, and only then. */
  readonly fanout?: Fanout
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
  /** Queues and counters of each link, as they are now. */
  stats(): LinkStats[]
  /** What this node itself is cut off from, in words, with an engine that stands on something else. */
  outage?(): string | undefined
}

/**
 * One send for all who listen: what an engine with the capability `nativeFanout` gives beside
 * `send`. Payloads of one class arrive in the order sent, whichever of the two was used, and a
 * lost stretch is reported as a gap.
 */
export interface Fanout {
  /** Takes a payload for every node that listens to the topic, this one excepted. As `Transport.send`. */
  publish(channelClass: ChannelClass, topic: string, payload: Uint8Array): SendOutcome
  /** Resolves when `publish` of this class has room again. */
  whenWritable(channelClass: ChannelClass): Promise<void>
  /**
   * Listens to a topic or pattern (`*` one token, a last `>` the rest); counted, so each call needs
   * its `unlisten`. May be called before the engine starts. Resolves when the engine delivers.
   */
  listen(channelClass: ChannelClass, pattern: string): Promise<void>
  unlisten(channelClass: ChannelClass, pattern: string): void
}

/** What the node gives an engine. */
export interface TransportDeps {
  readonly host: Host
  readonly log: Log
  readonly telemetry: Telemetry
  /** The versions of the protocol to speak; those of this build when left out. */
  readonly protocol?: VersionRange
}

/** The `transport` option: makes an engine for one node. */
export interface TransportEngine {
  readonly kind: string
  /** A transport for one node; it opens nothing before `start`. */
  create(deps: TransportDeps): Transport
}

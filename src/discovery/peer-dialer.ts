/**
 * Brings what a topology proposes together with what is connected: dials what is missing, a few at
 * a time, each peer with its own backoff; disconnects what is pruned at once.
 */
import type { Host } from '../kernel/index.ts'
import { parseAddress } from './port/address.ts'
import type { DiscoveryDeps, DiscoveryOptions } from './discovery-deps.ts'
import { dialAddresses } from './hints.ts'
import { callHook, callListHook, type HookOutcome, type Hooks } from './hooks.ts'
import type { KnownPeer, PeerTable } from './peer-table.ts'
import type { PeerHint } from './port/port.ts'
import type { Reporter } from './reporter.ts'

/** What a {@link PeerDialer} talks to. */
export interface PeerDialerDeps {
  readonly node: DiscoveryDeps
  readonly topology: string
  readonly hooks: Hooks
  readonly table: PeerTable
  readonly reporter: Reporter
  /** Aborts when the topology stops. */
  readonly signal: AbortSignal
}

/** Addresses of one peer tried in one dial. */
const triesMax = 4

/** Dials and disconnects for one topology. */
export class PeerDialer {
  readonly #deps: PeerDialerDeps
  readonly #options: DiscoveryOptions
  readonly #host: Host
  readonly #dials = new Set<Promise<void>>()
  readonly #addresses = new WeakMap<PeerHint, { own: string | undefined; addresses: string[] }>()

  constructor(deps: PeerDialerDeps, options: DiscoveryOptions) {
    this.#deps = deps
    this.#options = options
    this.#host = deps.node.host
  }

  /** Dials every peer that is due and not connected, within the limit. Never throws. */
  async reconcile(): Promise<void> {
    const connected = await this.connected()
    if (!connected || this.#deps.signal.aborted) return
    const isMissing = (peer: KnownPeer): boolean =>
      this.connectedName(peer, connected) === undefined && !this.isSelf(peer)
    for (const peer of this.#deps.table.due(this.#host.nowMs(), isMissing)) {
      if (this.#dials.size >= this.#options.dialParallelMax) return
      this.#begin(peer)
    }
  }

  /** Resolves when no dial is running any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#dials)
  }

  /** What `listNodes` gives; undefined when it fails. */
  connected(): Promise<ReadonlySet<string> | undefined> {
    const { hooks, node, signal } = this.#deps
    // The node's own list is at hand; one that a user's hook gives may be late or fail.
    if (!hooks.listNodes) return Promise.resolve(new Set(node.listNodes()))
    const timeoutMs = this.#options.hookTimeoutMs
    return callListHook(this.#host, hooks.listNodes, { timeoutMs, signal })
  }

  /** The name (or address) under which a peer is connected, if it is. */
  connectedName(peer: KnownPeer, connected: ReadonlySet<string>): string | undefined {
    const { nodeName } = peer.hint
    if (nodeName !== undefined && connected.has(nodeName)) return nodeName
    const addresses = this.#addressesOf(peer)
    if (nodeName === undefined) {
      for (const address of addresses) {
        const name = this.#deps.node.nodeAt(address)
        if (name !== undefined && connected.has(name)) return name
      }
    }
    return addresses.find((address) => connected.has(address))
  }

  /** The name of the node behind a peer, connected or not. */
  nameOf(peer: KnownPeer): string | undefined {
    const known = this.#addressesOf(peer).map(this.#deps.node.nodeAt)
    return peer.hint.nodeName ?? known.find((name) => name !== undefined)
  }

  /**
   * By incarnation, or by where it listens. The name alone proves nothing: another node may have it
   * too, and only a dial tells the younger of the two that it is taken.
   */
  isSelf(peer: KnownPeer): boolean {
    const { name, incarnation, addresses } = this.#deps.node.self()
    const { hint } = peer
    if (hint.nodeName !== undefined && hint.nodeName !== name) return false
    if (hint.meta?.incarnation === incarnation) return true
    const isOwn = (address: string): boolean => addresses.includes(address)
    const given = this.#addressesOf(peer)
    // Hosts in containers share addresses that lead nowhere: of a namesake, all must be our own.
    return hint.nodeName === undefined ? given.some(isOwn) : given.every(isOwn)
  }

  /** @returns true when the peer may be forgotten: it is disconnected, or was not ours to keep. */
  async disconnect(name: string): Promise<boolean> {
    const { hooks, node, topology, reporter } = this.#deps
    const hook = hooks.disconnect ?? node.disconnect
    const outcome = await this.#call(`disconnect of ${name}`, () => hook(name, topology))
    reporter.disconnected(name, outcome.ok ? undefined : outcome.reason)
    return outcome.ok
  }

  #begin(peer: KnownPeer): void {
    peer.isDialing = true
    const dial = this.#dial(peer).finally(() => {
      this.#dials.delete(dial)
      void this.reconcile()
    })
    this.#dials.add(dial)
  }

  async #dial(peer: KnownPeer): Promise<void> {
    const startedMs = this.#host.nowMs()
    const node = peer.hint.nodeName ?? peer.id
    const { address, reason, detail } = await this.#tryAddresses(peer)
    const at = { nowMs: this.#host.nowMs(), chance: this.#host.random() }
    this.#deps.table.dialed(peer, reason, at)
    if (this.#deps.signal.aborted) return
    const report = { node, address, ...(reason !== undefined && { reason }) }
    const isAnnounced = peer.hint.nodeName !== undefined
    this.#deps.reporter.dialed(report, { durationMs: at.nowMs - startedMs, detail, isAnnounced })
  }

  async #tryAddresses(peer: KnownPeer): Promise<DialResult> {
    const addresses = this.#addressesOf(peer).slice(0, triesMax)
    let result: DialResult = { address: peer.hint.host, reason: 'no-port', detail: noPort }
    for (const address of addresses) {
      const outcome = await this.#connect(peer, address)
      result = { address, ...judged(outcome) }
      if (result.reason === undefined || result.reason === 'not_part_of_network') return result
      if (this.#deps.signal.aborted) return result
    }
    return result
  }

  #connect({ hint }: KnownPeer, address: string): Promise<HookOutcome> {
    const { hooks, node, topology } = this.#deps
    return this.#call(`connect to ${address}`, () =>
      hooks.connect
        ? hooks.connect(hint.nodeName ?? address, { address, hint, topology })
        : node.connect(hint, address, topology),
    )
  }

  #call(what: string, run: () => unknown): Promise<HookOutcome> {
    const { signal } = this.#deps
    return callHook(this.#host, run, { what, timeoutMs: this.#options.hookTimeoutMs, signal })
  }

  /** Asked for every peer at every reconcile, so what a hint comes to is kept with it. */
  #addressesOf({ hint }: KnownPeer): readonly string[] {
    const [own] = this.#deps.node.self().addresses
    const kept = this.#addresses.get(hint)
    if (kept && kept.own === own) return kept.addresses
    const ownPort = own === undefined ? undefined : parseAddress(own)?.port
    const addresses = dialAddresses(hint, ownPort)
    this.#addresses.set(hint, { own, addresses })
    return addresses
  }
}

const noPort = 'its port is not known and this node listens on none'

interface DialResult {
  readonly address: string
  readonly reason: string | undefined
  readonly detail: string
}

function judged(outcome: HookOutcome): Omit<DialResult, 'address'> {
  if (!outcome.ok) return { reason: outcome.reason, detail: outcome.detail }
  if (outcome.value === true) return { reason: undefined, detail: '' }
  return outcome.value === false
    ? { reason: 'unreachable', detail: 'the connect hook returned false' }
    : { reason: 'not_part_of_network', detail: 'the connect hook returned "ignored"' }
}

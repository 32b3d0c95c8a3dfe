/** Lets go of peers that a strategy no longer proposes, as the topology's prune rule says. */
import type { Host } from '../kernel/index.ts'
import type { PeerDialer } from './peer-dialer.ts'
import type { KnownPeer, PeerTable } from './peer-table.ts'
import type { Prune } from './port/port.ts'
import type { Reporter } from './reporter.ts'

/** What a {@link Pruner} works on. */
export interface PrunerDeps {
  readonly host: Host
  readonly prune: Prune
  readonly table: PeerTable
  readonly dialer: PeerDialer
  readonly reporter: Reporter
  /** False when membership holds the node for unreachable, or does not know it. */
  readonly isReachable: (nodeName: string) => boolean
}

/** The end of peers of one topology. */
export class Pruner {
  readonly #deps: PrunerDeps

  constructor(deps: PrunerDeps) {
    this.#deps = deps
  }

  /** `immediate`: disconnects, then forgets; a peer that cannot be disconnected is tried again. */
  async letGoAtOnce(missing: readonly KnownPeer[]): Promise<void> {
    const { dialer, table, reporter } = this.#deps
    const connected = await dialer.connected()
    if (!connected) return
    for (const peer of missing) {
      const name = dialer.connectedName(peer, connected)
      if (dialer.isSelf(peer)) continue
      if (name !== undefined && !(await dialer.disconnect(name))) continue
      table.forget(peer)
      reporter.gone(peer.hint, 'unlisted')
    }
  }

  /** Forgets who is past its ttl or its grace and not connected. */
  async forgetStale(): Promise<void> {
    const { host, prune, table, dialer, reporter } = this.#deps
    const nowMs = host.nowMs()
    const isStale = (peer: KnownPeer): boolean =>
      table.isExpired(peer, nowMs) || (prune === 'grace' && table.isPastGrace(peer, nowMs))
    const stale = table.where(isStale)
    const connected = stale.length > 0 ? await dialer.connected() : undefined
    if (!connected) return
    for (const peer of stale) {
      if (this.#isKept(peer, connected)) continue
      table.forget(peer)
      reporter.gone(peer.hint, table.isExpired(peer, nowMs) ? 'expired' : 'pruned')
    }
  }

  #isKept(peer: KnownPeer, connected: ReadonlySet<string>): boolean {
    const { dialer, isReachable } = this.#deps
    const name = dialer.nameOf(peer)
    if (name !== undefined && isReachable(name)) return true
    return dialer.connectedName(peer, connected) !== undefined
  }
}

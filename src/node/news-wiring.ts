/**
 * Who is told of what: news of links and members, to each part that goes by them, in the order in
 * which the parts depend on each other.
 */
import type { Config } from '../config/index.ts'
import {
  observerRole,
  type Member,
  type MemberCause,
  type Membership,
  type MembershipEvent,
} from '../membership/index.ts'
import type { Monitor } from '../monitor/index.ts'
import type { PubSub } from '../pubsub/index.ts'
import type { Registry } from '../registry/index.ts'
import type { Fences, OwnerLog, VersionedMap } from '../replication/index.ts'
import type { Rpc } from '../rpc/index.ts'
import type { Supervisor } from '../supervisor/index.ts'
import type { LinkInfo, Router, TransportHandlers } from '../transport/index.ts'
import type { ClusterEvent } from './cluster-event.ts'

/** The parts that go by links and members. */
export interface InformedParts {
  readonly router: Router
  readonly membership: Membership
  readonly ownerLog: OwnerLog
  readonly fences: Fences
  readonly versionedMap: VersionedMap
  readonly pubsub: PubSub
  readonly rpc: Rpc
  readonly registry: Registry
  readonly config: Config
  readonly supervisor: Supervisor
  readonly monitor: Monitor
}

/** Whom else the news go to. */
export interface NewsWiringOptions {
  /** The kind of the engine: who proposes the addresses it finds. */
  readonly engineKind: string
  readonly emit: (event: ClusterEvent) => void
}

/** One a node. Made before the parts are: it looks at them when there is news. */
export class NewsWiring {
  readonly #parts: InformedParts
  readonly #options: NewsWiringOptions
  /** The epoch of each live link. */
  readonly #epochs = new Map<string, number>()

  constructor(parts: InformedParts, options: NewsWiringOptions) {
    this.#parts = parts
    this.#options = options
  }

  /** What the engine tells. */
  handlers(): TransportHandlers {
    const { router, membership, pubsub } = this.#parts
    const { emit, engineKind } = this.#options
    return {
      admit: (peer) => membership.handlers.admit(peer),
      linkUp: (link) => {
        this.#linkUp(link)
      },
      linkDown: (link, reason) => {
        membership.handlers.linkDown(link, reason)
        this.#linkDown(link)
      },
      frame: router.receive,
      classDegraded: (member, channelClass) => {
        emit({ type: 'class-degraded', member, class: channelClass })
      },
      classRestored: (member, channelClass) => {
        emit({ type: 'class-restored', member, class: channelClass })
      },
      gap: (...lost) => {
        pubsub.gap(...lost)
      },
      refused: (report) => {
        membership.handlers.refused(report)
      },
      found: (address) => {
        membership.propose(address, engineKind)
      },
    }
  }

  /** What membership tells. */
  readonly membership = (event: MembershipEvent): void => {
    const { supervisor, monitor } = this.#parts
    if (event.type === 'member-up') this.#memberUp(event.member)
    if (event.type === 'member-down' || event.type === 'member-left') {
      this.#memberDown(event.member, event.cause)
    }
    // A trouble may be that this node itself is not let in.
    supervisor.membersChanged()
    if (event.type !== 'trouble') monitor.memberChanged(event)
    this.#options.emit(event)
  }

  #linkUp(link: LinkInfo): void {
    const { ownerLog, versionedMap, pubsub, membership, registry } = this.#parts
    const { peer, epoch } = link
    this.#epochs.set(peer.name, epoch)
    // Before membership, whose `member-up` listeners may broadcast to the new peer at once.
    ownerLog.linkUp(peer)
    versionedMap.linkUp(peer)
    pubsub.linkUp(peer)
    membership.handlers.linkUp(link)
    registry.linkUp(peer.name)
    this.#parts.supervisor.linkUp(peer.name)
    this.#parts.config.linkUp(peer)
  }

  /** An engine may tell late that a link ended which a newer one has replaced: that is no news. */
  #linkDown({ peer: { name }, epoch }: LinkInfo): void {
    if (this.#epochs.get(name) !== epoch) return
    this.#epochs.delete(name)
    const { fences, ownerLog, versionedMap, pubsub, rpc, supervisor, config } = this.#parts
    for (const part of [fences, ownerLog, versionedMap, pubsub, rpc, supervisor, config]) {
      part.linkDown(name)
    }
  }

  #memberUp(member: Member): void {
    const { ownerLog, versionedMap, registry, config } = this.#parts
    const { name, incarnation } = member
    ownerLog.memberUp(name, incarnation)
    versionedMap.memberUp(name, incarnation)
    registry.memberUp({ name, incarnation, isObserver: isObserver(member) })
    config.memberUp(member)
  }

  #memberDown({ name, incarnation }: Member, cause: MemberCause | undefined): void {
    const { ownerLog, versionedMap, registry, rpc, config } = this.#parts
    ownerLog.memberDown(name, incarnation)
    versionedMap.memberDown(name, incarnation, cause)
    registry.memberDown(name, incarnation)
    rpc.nodeDown(name)
    if (cause === 'left') config.memberLeft(name)
    else config.memberDown(name)
  }
}

/** True for a node that only looks on. */
export function isObserver({ roles }: { readonly roles: readonly string[] }): boolean {
  return roles.includes(observerRole)
}

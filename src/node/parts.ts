/**
 * Builds the parts of one node and wires them: facts down as arguments, news up as callbacks.
 * Holds no rule of its own.
 */
import { Discovery } from '../discovery/index.ts'
import {
  diagnosticsTelemetry,
  startInOrder,
  stopInReverse,
  type Lifecycle,
} from '../kernel/index.ts'
import { Membership, type MembershipEvent } from '../membership/index.ts'
import { PubSub } from '../pubsub/index.ts'
import { OwnerLog } from '../replication/index.ts'
import { Rpc } from '../rpc/index.ts'
import {
  Router,
  type LinkInfo,
  type NodeIdentity,
  type Transport,
  type TransportHandlers,
} from '../transport/index.ts'
import type { ClusterEvent } from './cluster-event.ts'
import { discoveryDepsOf } from './discovery-wiring.ts'
import type { NodeSettings } from './settings.ts'
import { TroubleLog } from './trouble-log.ts'

/** The parts of one node. */
export class Parts implements Lifecycle {
  readonly transport: Transport
  readonly router: Router
  readonly membership: Membership
  readonly ownerLog: OwnerLog
  readonly pubsub: PubSub
  readonly rpc: Rpc
  readonly discovery: Discovery
  readonly #settings: NodeSettings
  readonly #emit: (event: ClusterEvent) => void
  /** The epoch of each live link. */
  readonly #epochs = new Map<string, number>()
  /** Its addresses are filled in once the engine listens. */
  readonly #self: { -readonly [K in keyof NodeIdentity]: NodeIdentity[K] }

  constructor(settings: NodeSettings, emit: (event: ClusterEvent) => void) {
    this.#settings = settings
    this.#emit = emit
    const { host, log, identity, parts } = settings
    const telemetry = diagnosticsTelemetry
    this.#self = { ...identity }
    const shared = { host, log, telemetry }
    const troubles = new TroubleLog({ host, log })
    this.transport = settings.engine.create(shared)
    this.router = new Router({ transport: this.transport, host, log })
    const { transport, router } = this
    this.membership = new Membership(
      { ...shared, transport, router, self: this.#self, news: this.#onMembership },
      parts.membership,
    )
    const peers = (): readonly string[] => this.membership.peers()
    this.ownerLog = new OwnerLog({ ...shared, router, self: identity })
    this.pubsub = new PubSub(
      {
        ...shared,
        router,
        ownerLog: this.ownerLog,
        self: identity.name,
        peers,
        payloadMaxBytes: transport.capabilities.payloadMaxBytes,
        news: (news) => {
          if (news.type === 'trouble') troubles.write(news.error)
          emit(news)
        },
      },
      { ...parts.pubsub, channels: settings.channels },
    )
    this.rpc = new Rpc(
      {
        ...shared,
        router,
        self: () => identity.name,
        everyone: () => this.membership.members().map((member) => member.name),
        isPeer: (name) => this.#standingOf(name),
        development: settings.isDevelopment,
      },
      parts.rpc,
    )
    this.discovery = new Discovery(
      discoveryDepsOf({ settings, membership: this.membership, emit }),
      settings.topologies,
      parts.discovery,
    )
  }

  /** Starts the engine first, discovery last. */
  async start(): Promise<void> {
    const { membership, ownerLog, pubsub, rpc, discovery } = this
    const engine: Lifecycle = { start: () => this.#listen(), stop: () => this.transport.stop() }
    await startInOrder([engine, membership, ownerLog, pubsub, rpc, discovery])
  }

  /** Discovery first, so that nobody new comes; then says goodbye; then the rest, in reverse. */
  async stop(): Promise<void> {
    await this.discovery.stop('leaving')
    await this.membership.leave()
    await stopInReverse([this.membership, this.ownerLog, this.pubsub, this.rpc])
    await this.transport.stop()
  }

  async #listen(): Promise<void> {
    this.#self.addresses = await this.transport.start(this.#self, this.#handlers())
  }

  #handlers(): TransportHandlers {
    const { membership, ownerLog, pubsub } = this
    return {
      admit: (peer) => membership.handlers.admit(peer),
      linkUp: (link) => {
        this.#epochs.set(link.peer.name, link.epoch)
        // Before membership, whose `member-up` listeners may broadcast to the new peer at once.
        ownerLog.linkUp(link.peer)
        pubsub.linkUp(link.peer)
        membership.handlers.linkUp(link)
      },
      linkDown: (link, reason) => {
        membership.handlers.linkDown(link, reason)
        this.#linkDown(link)
      },
      frame: this.router.receive,
      classDegraded: (member, channelClass) => {
        this.#emit({ type: 'class-degraded', member, class: channelClass })
      },
      classRestored: (member, channelClass) => {
        this.#emit({ type: 'class-restored', member, class: channelClass })
      },
      gap: (peer, channelClass, count) => {
        pubsub.gap(peer, channelClass, count)
      },
      refused: (report) => {
        membership.handlers.refused(report)
      },
    }
  }

  /** An engine may tell late that a link ended which a newer one has replaced: that is no news. */
  #linkDown({ peer, epoch }: LinkInfo): void {
    if (this.#epochs.get(peer.name) !== epoch) return
    this.#epochs.delete(peer.name)
    this.ownerLog.linkDown(peer.name)
    this.pubsub.linkDown(peer.name)
    this.rpc.linkDown(peer.name)
  }

  readonly #onMembership = (event: MembershipEvent): void => {
    if (event.type === 'member-up')
      this.ownerLog.memberUp(event.member.name, event.member.incarnation)
    if (event.type === 'member-down' || event.type === 'member-left') {
      this.ownerLog.memberDown(event.member.name, event.member.incarnation)
      this.rpc.nodeDown(event.member.name)
    }
    this.#emit(event)
  }

  #standingOf(name: string): 'alive' | 'down' | 'unknown' {
    const status = this.membership.roster.statusOf(name)
    if (status === undefined) return 'unknown'
    return status === 'alive' || status === 'suspect' ? 'alive' : 'down'
  }
}

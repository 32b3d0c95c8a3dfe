/**
 * Builds the parts of one node and wires them: facts down as arguments, news up as callbacks.
 * Holds no rule of its own.
 */
import { Config, diskFiles } from '../config/index.ts'
import { Discovery } from '../discovery/index.ts'
import { Events } from '../events/index.ts'
import {
  diagnosticsTelemetry,
  startInOrder,
  stopInReverse,
  type Lifecycle,
} from '../kernel/index.ts'
import { Membership } from '../membership/index.ts'
import { Monitor } from '../monitor/index.ts'
import { PubSub } from '../pubsub/index.ts'
import { Fences, HybridClock, OwnerLog, VersionedMap } from '../replication/index.ts'
import { Registry, ServiceCalls, ServiceHost } from '../registry/index.ts'
import { Rpc } from '../rpc/index.ts'
import { Supervisor } from '../supervisor/index.ts'
import {
  Router,
  type NodeIdentity,
  type Transport,
  type TransportDeps,
} from '../transport/index.ts'
import type { ClusterEvent } from './cluster-event.ts'
import { discoveryDepsOf } from './discovery-wiring.ts'
import { clusterViewOf, remediesOf } from './monitor-wiring.ts'
import { isObserver, NewsWiring } from './news-wiring.ts'
import type { NodeSettings } from './settings.ts'
import { TroubleLog } from './trouble-log.ts'

type SharedDeps = Pick<TransportDeps, 'host' | 'log' | 'telemetry'>

/** The parts of one node. */
export class Parts implements Lifecycle {
  readonly transport: Transport
  readonly router: Router
  readonly membership: Membership
  readonly ownerLog: OwnerLog
  /** What users' messages go through. */
  readonly fences: Fences
  readonly versionedMap: VersionedMap
  readonly pubsub: PubSub
  readonly rpc: Rpc
  readonly services: ServiceHost
  readonly calls: ServiceCalls
  readonly registry: Registry
  readonly config: Config
  readonly events: Events
  readonly supervisor: Supervisor
  readonly discovery: Discovery
  readonly monitor: Monitor
  readonly #settings: NodeSettings
  readonly #emit: (event: ClusterEvent) => void
  readonly #news: NewsWiring
  /** Its addresses are filled in once the engine listens. */
  readonly #self: { -readonly [K in keyof NodeIdentity]: NodeIdentity[K] }

  constructor(settings: NodeSettings, emit: (event: ClusterEvent) => void) {
    this.#settings = settings
    const { host, log, identity, parts } = settings
    const troubles = new TroubleLog({ host, log })
    this.#emit = (event) => {
      if (event.type === 'trouble') troubles.write(event.error)
      emit(event)
    }
    this.#news = new NewsWiring(this, { engineKind: settings.engine.kind, emit: this.#emit })
    const telemetry = diagnosticsTelemetry(identity.name)
    this.#self = { ...identity }
    const shared = { host, log, telemetry }
    this.transport = settings.engine.create(shared)
    this.router = new Router({ transport: this.transport, host, log })
    const { transport, router } = this
    this.membership = new Membership(
      { ...shared, transport, router, self: this.#self, news: this.#news.membership },
      parts.membership,
    )
    this.ownerLog = new OwnerLog({ ...shared, router, self: identity }, parts.ownerLog)
    const { fanout } = transport
    this.fences = new Fences({ host, log, router, ownerLog: this.ownerLog, fanout })
    const clock = new HybridClock(host)
    this.versionedMap = new VersionedMap({ ...shared, router, clock, self: identity })
    this.pubsub = this.#pubsubOf(shared)
    this.rpc = this.#rpcOf(shared)
    const { mailboxMax, bufferMax, movedForMs, callTimeoutMs: timeoutMs } = parts.registry
    const { rpc } = this
    this.services = new ServiceHost({ rpc, host }, { mailboxMax, bufferMax, movedForMs })
    this.calls = new ServiceCalls({ rpc, host }, { timeoutMs, bufferMax })
    this.registry = this.#registryOf(shared)
    this.config = this.#configOf(shared, clock)
    this.events = new Events({ ...shared, pubsub: this.pubsub, self: identity.name }, parts.events)
    this.supervisor = this.#supervisorOf(shared, clock)
    this.discovery = new Discovery(
      discoveryDepsOf({ settings, telemetry, membership: this.membership, emit: this.#emit }),
      settings.topologies,
      parts.discovery,
    )
    const { vitals } = settings
    const watched = { view: clusterViewOf(this), remedies: remediesOf(this, emit), vitals }
    this.monitor = new Monitor({ ...shared, router, self: identity, ...watched }, parts.monitor)
  }

  /** Starts the engine first, discovery last. */
  async start(): Promise<void> {
    const { membership, ownerLog, versionedMap, pubsub, rpc, events, discovery } = this
    const { services, registry, supervisor, monitor } = this
    const engine: Lifecycle = { start: () => this.#listen(), stop: () => this.transport.stop() }
    const users = [pubsub, rpc, events, services, registry, supervisor, monitor]
    await startInOrder([
      engine,
      membership,
      ownerLog,
      versionedMap,
      this.config,
      ...users,
      discovery,
    ])
  }

  /** Healing and discovery first, so that nobody new comes; then says goodbye; then the rest, in reverse. */
  async stop(): Promise<void> {
    this.monitor.stop()
    await this.discovery.stop('leaving')
    // While the others still see this node, so that its children find another.
    await this.supervisor.stop()
    await this.rpc.drain()
    await this.membership.leave()
    const { membership, ownerLog, versionedMap, pubsub, rpc, events } = this
    const { config, services, registry } = this
    this.calls.stop()
    const users = [pubsub, rpc, config, events, services, registry]
    this.fences.stop()
    await stopInReverse([membership, ownerLog, versionedMap, ...users])
    await this.transport.stop()
  }

  #pubsubOf(shared: SharedDeps): PubSub {
    const { parts, channels, identity } = this.#settings
    const { fences: router, ownerLog } = this
    const { fanout } = router
    const { payloadMaxBytes } = this.transport.capabilities
    return new PubSub(
      {
        ...{ ...shared, router, ownerLog, payloadMaxBytes, fanout },
        self: identity.name,
        peers: () => this.membership.peers(),
        news: this.#emit,
      },
      { ...parts.pubsub, channels },
    )
  }

  #rpcOf(shared: SharedDeps): Rpc {
    const { parts, identity, isDevelopment } = this.#settings
    return new Rpc(
      {
        ...shared,
        router: this.fences,
        self: () => identity.name,
        everyone: () => this.membership.members().map((member) => member.name),
        isPeer: (name) => this.#standingOf(name),
        development: isDevelopment,
      },
      parts.rpc,
    )
  }

  #registryOf(shared: SharedDeps): Registry {
    const { parts, identity } = this.#settings
    const { router, rpc, ownerLog, services, calls } = this
    return new Registry(
      {
        ...{ ...shared, router, rpc, ownerLog, services, calls },
        meta: this.versionedMap.space('registry.meta'),
        self: { ...identity, isObserver: isObserver(identity) },
        conflict: (conflict) => {
          this.#emit({ type: 'name-conflict', ...conflict })
        },
      },
      parts.registry,
    )
  }

  #supervisorOf(shared: SharedDeps, clock: HybridClock): Supervisor {
    const { parts, identity, classes } = this.#settings
    const { router, rpc, ownerLog, versionedMap, services, calls, registry } = this
    return new Supervisor(
      {
        ...{ ...shared, router, rpc, ownerLog, versionedMap, clock, services, calls, registry },
        classes,
        self: { name: identity.name, isObserver: isObserver(identity) },
        members: () => this.membership.members(),
        refusal: () => this.membership.refusal,
        news: this.#emit,
      },
      parts.supervisor,
    )
  }

  #configOf(shared: SharedDeps, clock: HybridClock): Config {
    const { parts, identity } = this.#settings
    const deps = { ...shared, clock, router: this.router, map: this.versionedMap, self: identity }
    const { payloadMaxBytes } = this.transport.capabilities
    return new Config(
      {
        ...deps,
        members: () => this.membership.roster.lives(),
        peers: () => this.membership.peers(),
        payloadMaxBytes: payloadMaxBytes.control,
        openFile: diskFiles({ host: shared.host, node: identity.name }),
        news: this.#emit,
      },
      parts.config,
    )
  }

  async #listen(): Promise<void> {
    this.#self.addresses = await this.transport.start(this.#self, this.#news.handlers())
  }

  #standingOf(name: string): 'alive' | 'down' | 'unknown' {
    const status = this.membership.roster.statusOf(name)
    if (status === undefined) return 'unknown'
    return status === 'alive' || status === 'suspect' ? 'alive' : 'down'
  }
}

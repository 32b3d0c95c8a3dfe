/** One life of one node of the simulation: the production parts, and a record of what they told. */
import { discoveryDefaults } from '../../src/discovery/index.ts'
import { configDefaults } from '../../src/config/index.ts'
import { eventsDefaults } from '../../src/events/index.ts'
import type { Host, Log } from '../../src/kernel/index.ts'
import { membershipDefaults } from '../../src/membership/index.ts'
import { idleVitals, monitorDefaults } from '../../src/monitor/index.ts'
import { Parts } from '../../src/node/parts.ts'
import type { ClusterEvent } from '../../src/node/cluster-event.ts'
import type { NodeSettings } from '../../src/node/settings.ts'
import { pubsubDefaults } from '../../src/pubsub/index.ts'
import { registryDefaults } from '../../src/registry/index.ts'
import { ownerLogDefaults } from '../../src/replication/index.ts'
import { supervisorDefaults } from '../../src/supervisor/index.ts'
import { rpcDefaults } from '../../src/rpc/index.ts'
import type {
  ChannelClass,
  Inbound,
  LinkInfo,
  NodeIdentity,
  TransportEngine,
  TransportHandlers,
} from '../../src/transport/index.ts'

/** What a life tells the simulation, beside what its parts answer when asked. */
export interface LifeNews {
  event(life: SimNode, event: ClusterEvent): void
  linkUp(life: SimNode, link: LinkInfo): void
  linkDown(life: SimNode, link: LinkInfo, reason: string): void
  frame(life: SimNode, inbound: Inbound): void
  gap(life: SimNode, peer: string, lost: { class: ChannelClass; count: number }): void
  logged(life: SimNode, level: 'warn' | 'error', message: string): void
}

/** What a life is made of. */
export interface LifeDeps {
  readonly host: Host
  readonly engine: TransportEngine
  readonly news: LifeNews
  readonly settings: Partial<NodeSettings>
}

/** `leaving`: it says goodbye. `ended`: it left, or was killed. */
export type LifeState = 'up' | 'leaving' | 'ended'

/** A node from its start to its end. */
export class SimNode {
  readonly identity: NodeIdentity
  /** Lives are numbered in the order they begin, over all names. */
  readonly birth: number
  readonly host: Host
  readonly parts: Parts
  readonly startedMs: number
  state: LifeState = 'up'
  readonly #news: LifeNews

  constructor(identity: NodeIdentity, birth: number, deps: LifeDeps) {
    this.identity = identity
    this.birth = birth
    this.host = deps.host
    this.startedMs = deps.host.nowMs()
    this.#news = deps.news
    this.parts = new Parts(
      {
        ...settingsOf(identity, this.#watched(deps.engine), deps.host, this.#log()),
        ...deps.settings,
      },
      (event) => {
        this.#news.event(this, event)
      },
    )
  }

  get name(): string {
    return this.identity.name
  }

  get incarnation(): string {
    return this.identity.incarnation
  }

  /** The same engine, with every piece of news also written down. */
  #watched(engine: TransportEngine): TransportEngine {
    return {
      kind: engine.kind,
      create: (deps) => {
        const transport = engine.create(deps)
        const start = transport.start.bind(transport)
        transport.start = (self, handlers) => start(self, this.#recording(handlers))
        return transport
      },
    }
  }

  #recording(handlers: TransportHandlers): TransportHandlers {
    const news = this.#news
    return {
      ...handlers,
      linkUp: (link) => {
        news.linkUp(this, link)
        handlers.linkUp(link)
      },
      linkDown: (link, reason) => {
        news.linkDown(this, link, reason)
        handlers.linkDown(link, reason)
      },
      frame: (inbound) => {
        news.frame(this, inbound)
        handlers.frame(inbound)
      },
      gap: (peer, channelClass, count) => {
        news.gap(this, peer, { class: channelClass, count })
        handlers.gap(peer, channelClass, count)
      },
    }
  }

  #log(): Log {
    const log: Log = {
      debug: () => undefined,
      info: () => undefined,
      warn: (fields, message) => {
        this.#news.logged(this, 'warn', inWords(fields, message, 'message'))
      },
      error: (fields, message) => {
        this.#news.logged(this, 'error', inWords(fields, message, 'stack'))
      },
      child: () => log,
    }
    return log
  }
}

/** The options of every part, unless a suite gives others. */
export const partDefaults: NodeSettings['parts'] = {
  membership: membershipDefaults,
  pubsub: pubsubDefaults,
  rpc: rpcDefaults,
  registry: registryDefaults,
  config: configDefaults,
  events: eventsDefaults,
  // A quarantine is a partition by order: worlds that are to heal must not get one at their end.
  monitor: { ...monitorDefaults, healing: ['redial', 'rediscover', 'expected'] },
  discovery: discoveryDefaults,
  supervisor: supervisorDefaults,
  // Few changes are kept: who was away for a moment gets them, who was away for longer a snapshot.
  ownerLog: { ...ownerLogDefaults, historyMaxOperations: 16 },
}

function settingsOf(
  ...[identity, engine, host, log]: [NodeIdentity, TransportEngine, Host, Log]
): NodeSettings {
  return {
    host,
    log,
    identity,
    engine,
    keyring: undefined,
    secretOrigin: undefined,
    mode: 'alone',
    topologies: {},
    interfaces: undefined,
    channels: {},
    parts: partDefaults,
    classes: {},
    vitals: idleVitals,
    isDevelopment: false,
    handlesSignals: false,
  }
}

/** Warnings are part of the trace, which a stack with the lines of the caller would not be. */
function inWords(
  ...[{ error }, message, part]: [Readonly<Record<string, unknown>>, string, 'message' | 'stack']
): string {
  return error instanceof Error ? `${message}: ${error[part] ?? error.message}` : message
}

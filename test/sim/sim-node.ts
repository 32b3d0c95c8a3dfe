/** One life of one node of the simulation: the production parts, and a record of what they told. */
import { discoveryDefaults } from '../../src/discovery/index.ts'
import type { Host, Log } from '../../src/kernel/index.ts'
import { membershipDefaults } from '../../src/membership/index.ts'
import { Parts } from '../../src/node/parts.ts'
import type { ClusterEvent } from '../../src/node/cluster-event.ts'
import type { NodeSettings } from '../../src/node/settings.ts'
import { pubsubDefaults } from '../../src/pubsub/index.ts'
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
      settingsOf(identity, this.#watched(deps.engine), deps.host, this.#log()),
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
        this.#news.logged(this, 'warn', inWords(fields, message))
      },
      error: (fields, message) => {
        this.#news.logged(this, 'error', inWords(fields, message))
      },
      child: () => log,
    }
    return log
  }
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
    parts: {
      membership: membershipDefaults,
      pubsub: pubsubDefaults,
      rpc: rpcDefaults,
      discovery: discoveryDefaults,
    },
    isDevelopment: false,
    handlesSignals: false,
  }
}

function inWords(fields: Readonly<Record<string, unknown>>, message: string): string {
  const { error } = fields
  return error instanceof Error ? `${message}: ${error.stack ?? error.message}` : message
}

/** What the tests of discovery share: one pretended node around a real Discovery. No tests here. */
import {
  Keyring,
  silentLog,
  silentTelemetry,
  systemHost,
  telemetryTo,
  type Host,
  type TelemetryRecord,
} from '../kernel/index.ts'
import { discoveryDefaults, type DiscoveryDeps, type DiscoveryOptions } from './discovery-deps.ts'
import { Discovery } from './discovery.ts'
import type { DiscoveryEvent } from './events.ts'
import type { SelfInfo, StrategyContext, StrategyEvent } from './port/port.ts'
import { systemPorts } from './ports/system-ports.ts'
import type { Topology } from './topology.ts'

/** A secret that is long enough. */
export const secret = 'a secret for tests, 0123456789'

export interface PretendedNodeOptions {
  readonly name?: string
  readonly host?: Host
  readonly self?: Partial<SelfInfo>
  readonly secrets?: readonly string[] | undefined
  readonly deps?: Partial<DiscoveryDeps>
  readonly options?: Partial<DiscoveryOptions>
}

/** A node that connects to whatever it is told, and writes everything down. */
export class PretendedNode {
  readonly dials: string[] = []
  readonly disconnects: string[] = []
  readonly connected: Set<string> = new Set()
  readonly news: DiscoveryEvent[] = []
  readonly records: TelemetryRecord[] = []
  readonly discovery: Discovery

  constructor(topologies: Record<string, Topology>, options: PretendedNodeOptions = {}) {
    const { name = 'a', host = systemHost, secrets, deps } = options
    const self = selfInfo({ name, ...options.self })
    const all: DiscoveryDeps = {
      host,
      log: silentLog,
      telemetry: telemetryTo((record) => this.records.push(record)),
      self: () => self,
      keyring: secrets && new Keyring(secrets),
      interfaces: ['lo'],
      connect: (hint, address) => {
        this.dials.push(address)
        this.connected.add(hint.nodeName ?? address)
        return Promise.resolve(true)
      },
      disconnect: (node) => {
        this.disconnects.push(node)
        return Promise.resolve(this.connected.delete(node))
      },
      listNodes: () => [...this.connected],
      nodeAt: () => undefined,
      isReachable: (node) => this.connected.has(node),
      news: (event) => {
        this.news.push(event)
      },
      ...deps,
    }
    this.discovery = new Discovery(all, topologies, { ...discoveryDefaults, ...options.options })
  }

  eventsOf<T extends DiscoveryEvent['type']>(type: T): Extract<DiscoveryEvent, { type: T }>[] {
    return this.news.filter(
      (event): event is Extract<DiscoveryEvent, { type: T }> => event.type === type,
    )
  }

  /** Names in `peer-seen`, in order. */
  get seen(): string[] {
    return this.eventsOf('peer-seen').map(({ peer }) => peer.nodeName ?? peer.host)
  }
}

/** A complete self. */
export function selfInfo(given: Partial<SelfInfo> = {}): SelfInfo {
  const { name = 'a', cluster = 'shop' } = given
  const incarnation = given.incarnation ?? `${String(systemHost.wallClockMs())}-${name}`
  return { name, cluster, incarnation, addresses: given.addresses ?? ['127.0.0.1:4001'] }
}

/** A context for a strategy on its own, and what it emits. */
export function loneContext(given: Partial<StrategyContext> = {}): {
  context: StrategyContext
  events: StrategyEvent[]
  stop: AbortController
} {
  const events: StrategyEvent[] = []
  const stop = new AbortController()
  const context: StrategyContext = {
    topology: 'test',
    self: selfInfo(),
    keyring: new Keyring([secret]),
    interfaces: ['lo'],
    host: systemHost,
    log: silentLog,
    telemetry: silentTelemetry,
    signal: stop.signal,
    ports: systemPorts,
    emit: (event) => {
      events.push(event)
    },
    ...given,
  }
  return { context, events, stop }
}

/** A UDP port that nobody else in this test run uses. */
export async function freeUdpPort(): Promise<number> {
  const { createSocket } = await import('node:dgram')
  const socket = createSocket('udp4')
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  const { port } = socket.address()
  await new Promise<void>((resolve) => {
    socket.close(resolve)
  })
  return port
}

/** The engines the same stories are told on, and how clusters are made with each. */
import type { FoundationNode, StartOptions } from '../../src/index.ts'
import { Keyring, silentLog, systemHost } from '../../src/kernel/index.ts'
import { startNode } from '../../src/node/index.ts'
import { seededChance } from '../../src/testing/chance.ts'
import { until } from '../../src/testing/waiting/until.ts'
import { MemoryHub, mesh, type TransportEngine } from '../../src/transport/index.ts'
import { nats } from '../../src/transport/nats/index.ts'
import type { VersionRange } from '../../src/wire/index.ts'
import { hasNatsServer, natsMissing, startBroker } from '../nats/broker.ts'

/** What a story gets: three nodes that see each other. */
export interface Trio {
  readonly a: FoundationNode
  readonly b: FoundationNode
  readonly c: FoundationNode
}

/** One engine, ready to make clusters. */
export interface Ground {
  /** The options that make a node of one cluster, with this engine as `startNode` makes it. */
  optionsFor(app: string): StartOptions
  /** The engine of a node of that cluster, to be changed before it is given to `startNode`. */
  engineFor(app: string): TransportEngine
  /** Joins a node to those that are there, where they do not find each other by themselves. */
  join(node: FoundationNode, others: readonly FoundationNode[]): Promise<void>
  stop(): Promise<void>
}

/** An engine by name. */
export interface Engine {
  readonly name: string
  /** Why its stories cannot be told on this machine. */
  readonly missing: string | undefined
  open(): Promise<Ground>
}

const secret = 'a secret that is long enough for a test'
const loopback = { host: '127.0.0.1' }

async function dialAll(node: FoundationNode, others: readonly FoundationNode[]): Promise<void> {
  for (const other of others) await node.connect(other.self.addresses[0] ?? '')
}

const onMesh: Engine = {
  name: 'mesh',
  missing: undefined,
  open: () =>
    Promise.resolve({
      optionsFor: (app) => ({ app, secret, listen: loopback }),
      engineFor: (cluster) => {
        const credentials = { kind: 'psk', cluster, keyring: new Keyring([secret]) } as const
        return mesh({ credentials, listen: loopback })
      },
      join: dialAll,
      stop: () => Promise.resolve(),
    }),
}

const onNats: Engine = {
  name: 'nats',
  missing: hasNatsServer ? undefined : natsMissing,
  open: async () => {
    const broker = await startBroker()
    const engine = (): TransportEngine => nats({ servers: broker.url })
    return {
      optionsFor: (app) => ({ app, transport: engine() }),
      engineFor: engine,
      join: () => Promise.resolve(),
      stop: () => broker.stop(),
    }
  },
}

/** Not among {@link engines}: it crosses no process. */
export const inMemory: Engine = {
  name: 'memory',
  missing: undefined,
  open: () => {
    const hub = new MemoryHub({ host: systemHost, random: seededChance(1) })
    return Promise.resolve({
      optionsFor: (app) => ({ app, transport: hub.engine() }),
      engineFor: () => hub.engine(),
      join: dialAll,
      stop: () => Promise.resolve(),
    })
  },
}

/** Every engine that crosses processes. */
export const engines: readonly Engine[] = [onMesh, onNats]

let apps = 0

/** The nodes of one cluster; each is stopped whatever happens. */
export class Fleet {
  readonly #ground: Ground
  readonly #options: StartOptions
  readonly #app: string
  readonly #nodes = new Map<string, FoundationNode>()

  constructor(ground: Ground, options: StartOptions = {}) {
    apps += 1
    this.#app = `engines-${String(apps)}`
    this.#ground = ground
    this.#options = options
  }

  get nodes(): readonly FoundationNode[] {
    return [...this.#nodes.values()]
  }

  /** Starts a node and joins it to the others. `protocol`: the versions it speaks. */
  async add(name: string, protocol?: VersionRange): Promise<FoundationNode> {
    const others = this.nodes
    const node = await this.start(name, protocol)
    await this.#ground.join(node, others)
    return node
  }

  /** Starts a node and dials nobody. */
  async start(name: string, protocol?: VersionRange): Promise<FoundationNode> {
    const base = protocol
      ? { app: this.#app, transport: speaking(protocol, this.#ground.engineFor(this.#app)) }
      : this.#ground.optionsFor(this.#app)
    const node = await startNode({ ...base, name, log: silentLog, ...this.#options })
    this.#nodes.set(name, node)
    return node
  }

  /** Resolves when every node sees every other. */
  async ready(): Promise<void> {
    const minPeers = this.#nodes.size - 1
    await Promise.all(this.nodes.map((node) => node.ready({ minPeers, timeoutMs: 15_000 })))
  }

  /** A node leaves in order; resolves when the others have seen it. */
  async leave(name: string): Promise<void> {
    const node = this.#nodes.get(name)
    this.#nodes.delete(name)
    await node?.stop({ timeoutMs: 5_000 })
    const isSeen = (by: FoundationNode): boolean =>
      by.members().some((member) => member.name === name && member.status === 'alive')
    await until(`the others have seen ${name} leave`, () => !this.nodes.some(isSeen))
  }

  async stop(): Promise<void> {
    const nodes = this.nodes
    this.#nodes.clear()
    await Promise.all(nodes.map((node) => node.stop({ timeoutMs: 5_000 })))
  }
}

/** The engine, as a build makes it that speaks these versions of the protocol. */
function speaking(protocol: VersionRange, engine: TransportEngine): TransportEngine {
  return { kind: engine.kind, create: (deps) => engine.create({ ...deps, protocol }) }
}

/** What the three nodes start with, and the versions of the protocol that each speaks. */
export interface TrioOptions {
  readonly options: StartOptions
  readonly protocols?: Readonly<Record<keyof Trio, VersionRange>>
}

/** Starts three nodes, tells the story, and stops them, whatever happens. */
export async function withTrio(
  ground: Ground,
  { options, protocols }: TrioOptions,
  story: (trio: Trio) => Promise<void>,
): Promise<void> {
  const fleet = new Fleet(ground, options)
  try {
    const a = await fleet.add('a', protocols?.a)
    const b = await fleet.add('b', protocols?.b)
    const c = await fleet.add('c', protocols?.c)
    await fleet.ready()
    await story({ a, b, c })
  } finally {
    await fleet.stop()
  }
}

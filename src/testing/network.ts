/**
 * A network of nodes inside one process, with faults, in real or virtual time.
 * Knows nothing of what a node is: who makes one gives `startNode`.
 */
import {
  anything,
  checkGiven,
  FoundationError,
  invalid,
  resolveRules,
  sleep,
  systemHost,
  toError,
  wordCheck,
  type GivenChecks,
  type Host,
} from '../kernel/index.ts'
import {
  MemoryHub,
  memoryRules,
  type MemoryOptions,
  type TransportEngine,
} from '../transport/index.ts'
import { seededChance } from './chance.ts'
import { VirtualClock } from './virtual-host.ts'

/** How a network begins. */
export interface MemoryNetworkOptions {
  /** Decides delays with jitter and, in virtual time, everything. A safe integer (1). */
  readonly seed?: number
  /** `'virtual'`: nothing happens unless `advance`, `settle` or `run` is awaited (`'real'`). */
  readonly time?: 'real' | 'virtual'
  /** Delays, queue bounds and the like. */
  readonly memory?: Partial<MemoryOptions>
}

/** What a node needs of a network. */
export interface NodePlace {
  readonly host: Host
  readonly engine: TransportEngine
}

/** Makes and starts a node. */
export type StartNode<Options, Node> = (options: Options, place: NodePlace) => Promise<Node>

/** A node, as far as a network must know it. */
export interface StoppableNode {
  readonly name: string
  /** Leaves the cluster. */
  stop(): Promise<void>
}

const stepMs = 5
const quietSteps = 3
const patienceMs = 60_000
const seedDefault = 1

const networkChecks: GivenChecks<MemoryNetworkOptions> = {
  seed: (value) => (Number.isSafeInteger(value) ? undefined : 'expected a safe integer'),
  time: wordCheck(['real', 'virtual']),
  memory: anything,
}

/**
 * One a test. Faults name nodes by their node name; those of a name that never was in this network
 * throw `FND_OPTION_INVALID`, for a test with such a fault would test nothing.
 */
export class MemoryNetwork<Options extends { readonly name?: string }, Node extends StoppableNode> {
  readonly seed: number
  readonly hub: MemoryHub
  readonly #clock: VirtualClock | undefined
  readonly #startNode: StartNode<Options, Node>
  readonly #nodes = new Map<string, Node>()
  /** Of all nodes that ever were, or have a transport of this network. */
  readonly #names = new Set<string>()
  #unnamed = 0

  /** @throws {FoundationError} `FND_OPTION_INVALID` for an option that is not known or out of range. */
  constructor(startNode: StartNode<Options, Node>, options: MemoryNetworkOptions = {}) {
    checkGiven(networkChecks, options, 'createMemoryNetwork')
    this.seed = options.seed ?? seedDefault
    this.#clock = options.time === 'virtual' ? new VirtualClock({ seed: this.seed }) : undefined
    this.#startNode = startNode
    const random = seededChance(this.seed, 'network')
    const memory = resolveRules(memoryRules, options.memory ?? {}, 'memory')
    this.hub = new MemoryHub({ host: this.host('network'), random }, memory)
  }

  /** Hash of all that happened; only in virtual time, where equal seeds must give equal hashes. */
  get traceHash(): string | undefined {
    return this.#clock?.traceHash
  }

  /** Time and chance of one node. */
  host(nodeName: string): Host {
    return this.#clock?.host(nodeName) ?? systemHost
  }

  /** An engine for a node of this network: the `transport` option. */
  transport(nodeName?: string): TransportEngine {
    if (nodeName !== undefined) this.#names.add(nodeName)
    return this.hub.engine(nodeName)
  }

  /** Starts a node in this network; in virtual time, time goes on until it has started. */
  async startNode(options: Options): Promise<Node> {
    const name = options.name ?? `node-${String((this.#unnamed += 1))}`
    const place = { host: this.host(name), engine: this.transport(name) }
    const node = await this.run(this.#startNode({ ...options, name }, place))
    this.#nodes.set(name, node)
    return node
  }

  /** Only nodes that share a group reach each other; a node in no group reaches all. */
  partition(...groups: readonly (readonly string[])[]): void {
    this.#assertKnown(...groups.flat())
    this.hub.partition(...groups)
  }

  /** Ends every partition, cut and clog; what was held arrives. */
  heal(): void {
    this.hub.heal()
  }

  /** Nothing arrives any more between two nodes, or only not at `b` from `a`; nobody is told. */
  cut(a: string, b: string, options?: { oneWay?: boolean }): void {
    this.#assertKnown(a, b)
    this.hub.cut(a, b, options)
  }

  /** Holds what `a` sends to `b` for `ms`. */
  clog(a: string, b: string, ms: number): void {
    this.#assertKnown(a, b)
    this.hub.clog(a, b, ms)
  }

  /** Ends a node as SIGKILL does. A node of the same name may be started afterwards. */
  kill(nodeName: string): void {
    this.#assertKnown(nodeName)
    this.hub.kill(nodeName)
    this.#clock?.killed(nodeName)
    const node = this.#nodes.get(nodeName)
    this.#nodes.delete(nodeName)
    // In real time nothing drops the timers of a node that is only dead to the others.
    if (!this.#clock) node?.stop().catch(() => undefined)
  }

  /**
   * Blocks a node for `ms`, as a busy event loop does: in virtual time its timers run late too, in
   * real time only its bytes are held.
   */
  pause(nodeName: string, ms: number): void {
    this.#assertKnown(nodeName)
    if (this.#clock) {
      this.#clock.pause(nodeName, ms)
      return
    }
    for (const other of this.hub.names) {
      this.hub.clog(nodeName, other, ms)
      this.hub.clog(other, nodeName, ms)
    }
  }

  /** Moves the wall clock of a node. Only in virtual time; else nothing happens. */
  wallJump(nodeName: string, ms: number): void {
    this.#assertKnown(nodeName)
    this.#clock?.wallJump(nodeName, ms)
  }

  /** Lets `ms` pass: at once in virtual time, by waiting in real time. */
  async advance(ms: number): Promise<void> {
    if (this.#clock) await this.#clock.advance(ms)
    else await sleep(systemHost, ms)
  }

  /** Lets time pass until nothing is under way any more, at most `timeoutMs`. */
  async settle(timeoutMs = 2_000): Promise<void> {
    const host = this.host('network')
    const deadlineMs = host.nowMs() + timeoutMs
    for (let quiet = 0; quiet < quietSteps && host.nowMs() < deadlineMs;) {
      await this.advance(stepMs)
      quiet = this.hub.isQuiet ? quiet + 1 : 0
    }
  }

  /**
   * Awaits `work` while time passes: virtual time stands still otherwise.
   *
   * @throws {FoundationError} `FND_TIMED_OUT` after a virtual minute.
   */
  async run<T>(work: Promise<T>): Promise<T> {
    if (!this.#clock) return work
    const pending = new Set([work])
    const settled = (): void => {
      pending.clear()
    }
    work.then(settled, settled)
    await this.advance(0)
    for (let spentMs = 0; pending.size > 0 && spentMs < patienceMs; spentMs += stepMs) {
      await this.advance(stepMs)
    }
    if (pending.size === 0) return work
    const message = `Work did not end within ${String(patienceMs)} virtual ms`
    throw new FoundationError('FND_TIMED_OUT', message)
  }

  /** Stops every node that is still running. */
  async stop(): Promise<void> {
    const nodes = [...this.#nodes.values()]
    this.#nodes.clear()
    for (const node of nodes) await this.run(node.stop()).catch(toError)
  }

  #assertKnown(...names: readonly string[]): void {
    const stranger = names.find((name) => !this.#names.has(name))
    if (stranger === undefined) return
    const known = [...this.#names].join(', ') || 'none'
    throw invalid('node name', `no such node was ever in this network; known: ${known}`, stranger)
  }

  /** As `stop()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}

/** For tests: owner logs on a virtual clock, over a network that may lose messages but keeps order. */
import { silentLog, type Host, silentTelemetry } from '../kernel/index.ts'
import { Router, type ChannelClass, type SendOutcome } from '../transport/index.ts'
import type { LogState } from './log-state.ts'
import { OwnerLog } from './owner-log.ts'
import { ownerLogDefaults, type OwnerLogOptions } from './options.ts'

interface Event {
  readonly atMs: number
  readonly order: number
  readonly run: () => void
}

/** Virtual time and seeded chance. */
export class VirtualHost implements Host {
  #nowMs = 0
  #order = 0
  #seed: number
  readonly #events = new Set<Event>()

  constructor(seed = 1) {
    this.#seed = seed
  }

  /** Timers that are set. */
  get pending(): number {
    return this.#events.size
  }

  nowMs(): number {
    return this.#nowMs
  }

  wallClockMs(): number {
    return 1_700_000_000_000 + this.#nowMs
  }

  random(): number {
    this.#seed = (Math.imul(this.#seed, 1_664_525) + 1_013_904_223) >>> 0
    return this.#seed / 2 ** 32
  }

  randomBytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.random() * 256)
  }

  after(delayMs: number, run: () => void): { cancel: () => void } {
    const event = { atMs: this.#nowMs + delayMs, order: this.#order++, run }
    this.#events.add(event)
    return { cancel: () => this.#events.delete(event) }
  }

  defer(run: () => void): void {
    this.after(0, run)
  }

  /** Runs everything due within `ms`, promises included. */
  async advance(ms: number): Promise<void> {
    const end = this.#nowMs + ms
    await settled()
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#events.delete(next)
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.run()
      await settled()
    }
    this.#nowMs = end
  }

  #next(endMs: number): Event | undefined {
    let first: Event | undefined
    for (const event of this.#events) {
      if (event.atMs > endMs) continue
      if (
        !first ||
        event.atMs < first.atMs ||
        (event.atMs === first.atMs && event.order < first.order)
      )
        first = event
    }
    return first
  }
}

/** Lets promises that are ready run. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve()
}

/** One node of the network. */
export interface TestNode {
  readonly name: string
  readonly incarnation: string
  readonly router: Router
  readonly log: OwnerLog
}

/** A message seen on its way. */
export interface Seen {
  readonly from: string
  readonly to: string
  readonly payload: Uint8Array
}

/** Nodes and the links between them. */
export class TestNetwork {
  readonly host: VirtualHost
  readonly nodes: Map<string, TestNode> = new Map()
  readonly seen: Seen[] = []
  /** Decides the fate of a message; 'lost' is accepted by the sender and never arrives. */
  fate: (message: Seen) => SendOutcome | 'lost' = () => 'accepted'
  readonly #links = new Set<string>()
  readonly #writable = new Map<string, (() => void)[]>()

  constructor(seed = 1) {
    this.host = new VirtualHost(seed)
  }

  add(name: string, options: Partial<OwnerLogOptions> = {}, incarnation = '1'): TestNode {
    const transport = {
      capabilities: undefined as never,
      send: (to: string, channelClass: ChannelClass, payload: Uint8Array) =>
        this.#send({ from: name, to, payload }, channelClass),
      whenWritable: (to: string) =>
        new Promise<void>((resolve) => {
          this.#writable.set(to, [...(this.#writable.get(to) ?? []), resolve])
        }),
    }
    const router = new Router({ transport, host: this.host, log: silentLog })
    const self = { name, incarnation }
    const deps = { router, host: this.host, log: silentLog, telemetry: silentTelemetry, self }
    const log = new OwnerLog(deps, { ...ownerLogDefaults, ...options })
    const node = { name, incarnation, router, log }
    this.nodes.set(name, node)
    log.start()
    return node
  }

  node(name: string): TestNode {
    const node = this.nodes.get(name)
    if (!node) throw new Error(`no node ${name}`)
    return node
  }

  /** A link, and membership's word that both are up. */
  link(a: string, b: string): void {
    this.#links.add(`${a}>${b}`).add(`${b}>${a}`)
    for (const [one, other] of [
      [this.node(a), this.node(b)] as const,
      [this.node(b), this.node(a)] as const,
    ]) {
      one.log.linkUp({ name: other.name, incarnation: other.incarnation })
      one.log.memberUp(other.name, other.incarnation)
    }
  }

  unlink(a: string, b: string): void {
    this.#links.delete(`${a}>${b}`)
    this.#links.delete(`${b}>${a}`)
    this.node(a).log.linkDown(b)
    this.node(b).log.linkDown(a)
  }

  linked(a: string, b: string): boolean {
    return this.#links.has(`${a}>${b}`)
  }

  /** Says that messages to `peer` are accepted again. */
  drain(peer: string): void {
    const waiting = this.#writable.get(peer) ?? []
    this.#writable.delete(peer)
    for (const resolve of waiting) resolve()
  }

  /** What `at` holds of `owner`. */
  state(at: string, owner: string): LogState | undefined {
    return this.node(at)
      .log.digest()
      .find((state) => state.owner === owner)
  }

  /** Visible entries at a node, as sorted `owner/key=value`. */
  entries(at: string, space: string): string[] {
    const entries = [...this.node(at).log.entries(space)]
    return entries.map(({ owner, key, value }) => `${owner}/${key}=${String(value)}`).sort()
  }

  #send(message: Seen, channelClass: ChannelClass): SendOutcome {
    const { from, to, payload } = message
    if (!this.linked(from, to)) return 'disconnected'
    const fate = this.fate(message)
    if (fate === 'full' || fate === 'disconnected') return fate
    this.seen.push(message)
    if (fate === 'lost') return 'accepted'
    this.host.after(1, () => {
      if (!this.linked(from, to)) return
      this.node(to).router.receive({ from, class: channelClass, epoch: 1, sequence: 1, payload })
    })
    return 'accepted'
  }
}

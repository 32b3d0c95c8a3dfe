/** For tests: versioned maps on a virtual clock, over a network that may lose messages but keeps order. */
import { silentLog, silentTelemetry } from '../kernel/index.ts'
import { Router, type SendOutcome } from '../transport/index.ts'
import { VirtualHost, type Seen } from './network-fixtures.ts'
import { HybridClock } from './versioned-map/hybrid-clock.ts'
import { versionedMapDefaults, type VersionedMapOptions } from './versioned-map/map-options.ts'
import { VersionedMap } from './versioned-map/versioned-map.ts'

/** One node. */
export interface MapNode {
  readonly name: string
  readonly router: Router
  readonly map: VersionedMap
  /** Its wall clock shows this much more than that of the others. */
  wallOffsetMs: number
}

/** Nodes and the links between them. */
export class MapNetwork {
  readonly host: VirtualHost = new VirtualHost()
  readonly nodes: Map<string, MapNode> = new Map()
  readonly seen: Seen[] = []
  /** Decides the fate of a message; 'lost' is accepted by the sender and never arrives. */
  fate: (message: Seen) => SendOutcome | 'lost' = () => 'accepted'
  readonly #options: Partial<VersionedMapOptions>
  readonly #links = new Set<string>()
  #writable: (() => void)[] = []

  constructor(names: readonly string[] = [], options: Partial<VersionedMapOptions> = {}) {
    this.#options = options
    for (const name of names) this.add(name)
    for (const a of names) for (const b of names) if (a < b) this.link(a, b)
  }

  /** A node without links. Of a name that is there: its next life, which knows nothing. */
  add(name: string): MapNode {
    const send = (to: string, _: string, payload: Uint8Array): SendOutcome =>
      this.#send({ from: name, to, payload })
    const whenWritable = (): Promise<void> =>
      new Promise((resolve) => {
        this.#writable.push(resolve)
      })
    const transport = { capabilities: undefined as never, send, whenWritable }
    const router = new Router({ transport, host: this.host, log: silentLog })
    const wall = { wallClockMs: (): number => this.host.wallClockMs() + node.wallOffsetMs }
    const clock = new HybridClock(wall)
    const deps = { router, host: this.host, log: silentLog, telemetry: silentTelemetry, clock }
    const map = new VersionedMap(
      { ...deps, self: { name } },
      { ...versionedMapDefaults, ...this.#options },
    )
    const node: MapNode = { name, router, map, wallOffsetMs: 0 }
    this.nodes.set(name, node)
    map.start()
    return node
  }

  node(name: string): MapNode {
    const node = this.nodes.get(name)
    if (!node) throw new Error(`no node ${name}`)
    return node
  }

  /** The space all tests write to. */
  space(name: string): ReturnType<VersionedMap['space']> {
    return this.node(name).map.space('specs')
  }

  link(a: string, b: string): void {
    this.#links.add(`${a}>${b}`).add(`${b}>${a}`)
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const) {
      this.node(one).map.memberUp(other, '1')
      this.node(one).map.linkUp({ name: other })
    }
  }

  /** The link ends; with a cause both also give the other up. */
  unlink(a: string, b: string, cause?: string): void {
    this.#links.delete(`${a}>${b}`)
    this.#links.delete(`${b}>${a}`)
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const) {
      this.node(one).map.linkDown(other)
      if (cause !== undefined) this.node(one).map.memberDown(other, '1', cause)
    }
  }

  /** Says that messages are accepted again. */
  drain(): void {
    const waiting = this.#writable
    this.#writable = []
    for (const resolve of waiting) resolve()
  }

  /** What a node reads, as sorted `key=value`. */
  entries(name: string): string[] {
    const entries = [...this.space(name).entries()]
    return entries.map(([key, { value }]) => `${key}=${String(value)}`).sort()
  }

  stop(): void {
    for (const { map } of this.nodes.values()) map.stop()
  }

  #send(message: Seen): SendOutcome {
    const { from, to, payload } = message
    if (!this.#links.has(`${from}>${to}`)) return 'disconnected'
    const fate = this.fate(message)
    if (fate === 'full' || fate === 'disconnected') return fate
    this.seen.push(message)
    if (fate === 'lost') return 'accepted'
    const target = this.node(to)
    this.host.after(1, () => {
      if (!this.#links.has(`${from}>${to}`) || this.nodes.get(to) !== target) return
      target.router.receive({ from, class: 'control', epoch: 1, sequence: 1, payload })
    })
    return 'accepted'
  }
}

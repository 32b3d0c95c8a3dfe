/**
 * The network that all memory engines of one test share, and its faults. Faults name nodes: a node
 * is called as its engine was (`hub.engine('a')`), else by its node name.
 */
import type { Host } from '../../kernel/index.ts'
import type { ChannelClass, TransportEngine } from '../port/port.ts'
import type { Door, Network } from './door.ts'
import { Faults, type Delay } from './faults.ts'
import type { LinkEnd } from './link-end.ts'
import type { Pokable, Trip } from './network.ts'
import { memoryDefaults, type MemoryOptions } from './options.ts'
import { Stream } from './stream.ts'
import { MemoryTransport, type Socket } from './transport.ts'

/** What a hub works with. */
export interface MemoryHubDeps {
  /** All nodes of a hub must have the same monotonic clock as this. */
  readonly host: Host
  /** Seeded chance for jitter, from 0 up to 1. */
  readonly random: () => number
}

const redialCheckMs = 50

/** One a test. */
export class MemoryHub {
  readonly #deps: MemoryHubDeps
  readonly #options: MemoryOptions
  readonly #faults: Faults
  readonly #listeners = new Map<string, MemoryTransport>()
  readonly #watched = new Set<Pokable>()

  constructor(deps: MemoryHubDeps, options: MemoryOptions = memoryDefaults) {
    this.#deps = deps
    this.#options = options
    const changed = (): void => {
      for (const pokable of [...this.#watched]) {
        if (!pokable.poke()) this.#watched.delete(pokable)
      }
    }
    const usual: Delay = { baseMs: options.delayMs, jitterMs: options.jitterMs }
    this.#faults = new Faults({ host: deps.host, random: deps.random, changed }, usual)
  }

  /**
   * An engine for one node. Its address is `<nodeName>:<number>`, the number the lowest that is
   * free, so a node that is restarted gets the address it had.
   *
   * @param nodeName its name in faults and addresses; the name of the node when left out.
   */
  engine(nodeName?: string): TransportEngine {
    const socket: Socket = {
      network: this.#network(),
      listen: (transport, name) => this.#listen(transport, nodeName ?? name),
      unlisten: (address) => {
        this.#listeners.delete(address)
      },
    }
    return { kind: 'memory', create: (deps) => new MemoryTransport(deps, socket) }
  }

  /** Names of the nodes that are running. */
  get names(): readonly string[] {
    return [...new Set([...this.#listeners.values()].map((transport) => transport.place ?? ''))]
  }

  /** Addresses somebody listens on, "name:number". */
  get addresses(): readonly string[] {
    return [...this.#listeners.keys()]
  }

  /** True when no byte is under way that could arrive without a change of the network. */
  get isQuiet(): boolean {
    return ![...this.#watched].some((pokable) => pokable.isMoving)
  }

  /** Sets the delay of one direction for what is sent from now on. */
  delay(from: string, to: string, delay: Delay): void {
    this.#faults.delay(from, to, delay)
  }

  /**
   * Nothing arrives any more between the two, or only not at `b` from `a`; no link ends by itself
   * and dials time out. What is in flight goes on when the cut is healed.
   */
  cut(a: string, b: string, { oneWay = false }: { oneWay?: boolean } = {}): void {
    this.#faults.cut(a, b)
    if (!oneWay) this.#faults.cut(b, a)
  }

  /** Ends a `cut` with the same arguments; held bytes flow. */
  mend(a: string, b: string, { oneWay = false }: { oneWay?: boolean } = {}): void {
    this.#faults.mend(a, b)
    if (!oneWay) this.#faults.mend(b, a)
  }

  /** Holds what `a` sends to `b` for `ms`, then lets it go on in order. */
  clog(a: string, b: string, ms: number): void {
    this.#faults.clog(a, b, ms)
  }

  /** Only nodes that share a group reach each other; a node in no group reaches all. */
  partition(...groups: readonly (readonly string[])[]): void {
    this.#faults.partition(groups)
  }

  /** Ends every cut, clog and partition; held bytes flow. */
  heal(): void {
    this.#faults.heal()
  }

  /** Ends the link between the two at once, as a reset connection does; both see `lost`. */
  reset(a: string, b: string): void {
    for (const { end, owner } of this.#endsBetween(a, b)) {
      owner.host.defer(() => {
        end.shut('lost')
      })
    }
  }

  /**
   * The connection of one class is reset: what is in flight is lost, both sides see it degraded,
   * and restored after a round trip. The control class takes the link with it.
   */
  resetClass(a: string, b: string, channelClass: ChannelClass): void {
    if (channelClass === 'control') {
      this.reset(a, b)
      return
    }
    const ends = this.#endsBetween(a, b)
    for (const { end, owner } of ends) {
      owner.host.defer(() => {
        end.degrade(channelClass)
      })
    }
    this.#restoreLater(ends, channelClass, { there: [a, b], back: [b, a] })
  }

  /** Ends a node as SIGKILL ends a process: peers get a reset, dials of its address are refused. */
  kill(name: string): void {
    for (const transport of this.#transportsOf(name)) transport.kill()
  }

  #restoreLater(
    ends: readonly { end: LinkEnd; owner: Door['deps'] }[],
    channelClass: ChannelClass,
    way: { there: [string, string]; back: [string, string] },
  ): void {
    const there = this.#faults.path(...way.there)
    const back = this.#faults.path(...way.back)
    const { host } = this.#deps
    const redial = (): void => {
      if (ends.every(({ end }) => end.state === 'down')) return
      if (Math.max(there.freeAtMs(), back.freeAtMs()) > host.nowMs()) {
        host.after(redialCheckMs, redial)
        return
      }
      for (const { end, owner } of ends) {
        owner.host.defer(() => {
          end.restore(channelClass)
        })
      }
    }
    host.after(there.delayMs() + back.delayMs(), redial)
  }

  #listen(transport: MemoryTransport, place: string): { address: string; place: string } {
    let port = 1
    while (this.#listeners.has(`${place}:${String(port)}`)) port += 1
    const address = `${place}:${String(port)}`
    this.#listeners.set(address, transport)
    return { address, place }
  }

  #transportsOf(name: string): MemoryTransport[] {
    return [...this.#listeners.values()].filter((transport) => transport.place === name)
  }

  #endsBetween(a: string, b: string): { end: LinkEnd; owner: Door['deps'] }[] {
    const endsOf = (from: string, to: string): { end: LinkEnd; owner: Door['deps'] }[] => {
      const there = new Set(
        this.#transportsOf(to).map((transport) => transport.door?.deps.self.name),
      )
      return this.#transportsOf(from).flatMap(({ links, door }) =>
        [...links.values()]
          .filter((end) => there.has(end.info.peer.name))
          .flatMap((end) => (door ? [{ end, owner: door.deps }] : [])),
      )
    }
    return [...endsOf(a, b), ...endsOf(b, a)]
  }

  #network(): Network {
    return {
      options: this.#options,
      path: (from, to) => this.#faults.path(from, to),
      at: (address) => this.#listeners.get(address)?.door,
      carry: (route, arrive) => this.#carry(route, arrive),
      watch: (pokable) => this.#watched.add(pokable),
      unwatch: (pokable) => this.#watched.delete(pokable),
    }
  }

  #carry(route: { from: string; to: string; host?: Host }, arrive: () => void): Trip {
    const finish = (): void => {
      this.#watched.delete(stream)
      stream.close()
    }
    const path = this.#faults.path(route.from, route.to)
    const stream: Stream<() => void> = new Stream<() => void>(
      {
        host: route.host ?? this.#deps.host,
        path,
        wayBack: path,
        deliver: (run) => {
          finish()
          run()
        },
        drained: () => undefined,
      },
      1,
    )
    this.#watched.add(stream)
    stream.push(arrive, 1)
    return { cancel: finish }
  }
}

/**
 * The sockets of gossip: one that hears, one per interface that speaks (so that each packet leaves
 * by its interface with its address). Interfaces come and go; `scan` follows them.
 * The hearing socket is bound to 0.0.0.0, because one bound to an interface hears no multicast.
 */
import { toError } from '../../../kernel/index.ts'
import type { DiscoveryPorts, InterfaceAddress, UdpSocket } from '../../port/ports.ts'
import { broadcastAddress, chooseInterfaces, sourceFilter } from '../network/chosen-interfaces.ts'

/** What {@link GossipSockets} is made for. */
export interface GossipSocketsOptions {
  readonly port: number
  /** The multicast group, or where broadcasts go; undefined: each interface's own broadcast address. */
  readonly target: string | undefined
  readonly isBroadcast: boolean
  readonly ttl: number
  /** Interface names or addresses; empty for all. */
  readonly wanted: readonly string[]
}

/** What {@link GossipSockets} talks to. */
export interface GossipSocketsDeps {
  readonly ports: DiscoveryPorts
  readonly onPacket: (bytes: Buffer, source: string) => void
  /** The packet came by an interface that was not chosen. */
  readonly onStranger: () => void
}

interface Mouth {
  readonly interface: InterfaceAddress
  readonly target: string
  socket: UdpSocket | undefined
  hasJoined: boolean
  problem: string | undefined
}

/** How the network looked at the last scan and send. */
export interface SocketsState {
  /** Interfaces that packets go out on. */
  readonly working: readonly string[]
  /** One sentence an interface that does not work. */
  readonly problems: readonly string[]
  /** An interface beside loopback works, or there is none. */
  readonly reachesOthers: boolean
}

/** Hears and speaks on the chosen interfaces. */
export class GossipSockets {
  readonly #deps: GossipSocketsDeps
  readonly #options: GossipSocketsOptions
  readonly #mouths = new Map<string, Mouth>()
  #ear: UdpSocket | undefined
  #earProblem: string | undefined
  #mayComeFrom: (source: string) => boolean = () => true
  #scanning: Promise<void> = Promise.resolve()
  #isClosed = false

  constructor(deps: GossipSocketsDeps, options: GossipSocketsOptions) {
    this.#deps = deps
    this.#options = options
  }

  get state(): SocketsState {
    const mouths = [...this.#mouths.values()]
    const isGood = (mouth: Mouth): boolean => mouth.problem === undefined
    const outside = mouths.filter((mouth) => !mouth.interface.isInternal)
    const problems = mouths.filter((mouth) => !isGood(mouth)).map((mouth) => String(mouth.problem))
    return {
      working: mouths.filter(isGood).map((mouth) => mouth.interface.name),
      problems: this.#earProblem === undefined ? problems : [this.#earProblem, ...problems],
      reachesOthers: outside.length === 0 || outside.some(isGood),
    }
  }

  /** Addresses of the chosen interfaces. */
  isOwn(address: string): boolean {
    return [...this.#mouths.values()].some((mouth) => mouth.interface.address === address)
  }

  /** Opens what is missing, closes what is gone. Failures are in `state`; never throws. */
  scan(): Promise<void> {
    this.#scanning = this.#scanning.then(() => this.#scanOnce())
    return this.#scanning
  }

  /** Sends on every interface. Failures are in `state`; never throws. */
  async send(bytes: Uint8Array): Promise<void> {
    const { port } = this.#options
    const sends = [...this.#mouths.values()].map(async (mouth) => {
      if (!mouth.socket) return
      try {
        await mouth.socket.send(bytes, port, mouth.target)
        if (mouth.hasJoined) mouth.problem = undefined
      } catch (error) {
        mouth.problem = `${mouth.interface.name}: cannot send (${toError(error).message})`
      }
    })
    await Promise.all(sends)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#scanning
    const mouths = [...this.#mouths.values()]
    this.#mouths.clear()
    await Promise.all([this.#ear?.close(), ...mouths.map((mouth) => mouth.socket?.close())])
  }

  async #scanOnce(): Promise<void> {
    if (this.#isClosed) return
    const { wanted } = this.#options
    const chosen = chooseInterfaces(this.#deps.ports.networkInterfaces(), wanted)
    if (wanted.length > 0) this.#mayComeFrom = sourceFilter(chosen)
    await this.#openEar()
    const ids = new Set(chosen.map(idOf))
    for (const [id, mouth] of this.#mouths) if (!ids.has(id)) await this.#drop(id, mouth)
    for (const one of chosen) await this.#openMouth(one)
  }

  async #openEar(): Promise<void> {
    if (this.#ear) return
    const { port, isBroadcast } = this.#options
    try {
      this.#ear = await this.#deps.ports.openUdp({
        bindAddress: '0.0.0.0',
        bindPort: port,
        isShared: true,
        mayBroadcast: isBroadcast,
        onMessage: (bytes, source) => {
          if (this.#mayComeFrom(source)) this.#deps.onPacket(bytes, source)
          else this.#deps.onStranger()
        },
        onError: (error) => {
          this.#lostEar(error)
        },
      })
      this.#earProblem = undefined
      for (const mouth of this.#mouths.values()) mouth.hasJoined = false
    } catch (error) {
      this.#earProblem = `cannot listen on UDP port ${String(port)} (${toError(error).message})`
    }
  }

  #lostEar(error: Error): void {
    this.#earProblem = `the listening socket failed (${error.message})`
    void this.#ear?.close()
    this.#ear = undefined
  }

  async #openMouth(one: InterfaceAddress): Promise<void> {
    const { target = broadcastAddress(one) } = this.#options
    const known = this.#mouths.get(idOf(one))
    const fresh = {
      interface: one,
      target,
      socket: undefined,
      hasJoined: false,
      problem: undefined,
    }
    const mouth: Mouth = known ?? fresh
    this.#mouths.set(idOf(one), mouth)
    try {
      mouth.socket ??= await this.#openSender(mouth)
      this.#join(mouth)
    } catch (error) {
      mouth.problem = `${one.name}: ${toError(error).message}`
    }
  }

  #openSender(mouth: Mouth): Promise<UdpSocket> {
    const { isBroadcast, ttl } = this.#options
    const { address, name } = mouth.interface
    return this.#deps.ports.openUdp({
      bindAddress: address,
      bindPort: 0,
      isShared: false,
      mayBroadcast: isBroadcast,
      ...(!isBroadcast && { multicastInterface: address, multicastTtl: ttl }),
      onMessage: () => undefined,
      onError: (error) => {
        mouth.problem = `${name}: ${error.message}`
        void mouth.socket?.close()
        mouth.socket = undefined
      },
    })
  }

  #join(mouth: Mouth): void {
    if (mouth.hasJoined || !this.#ear) return
    const { isBroadcast } = this.#options
    if (!isBroadcast) this.#ear.join(mouth.target, mouth.interface.address)
    mouth.hasJoined = true
    mouth.problem = undefined
  }

  async #drop(id: string, mouth: Mouth): Promise<void> {
    this.#mouths.delete(id)
    if (!this.#options.isBroadcast) this.#ear?.leave(mouth.target, mouth.interface.address)
    await mouth.socket?.close()
  }
}

function idOf({ name, address }: InterfaceAddress): string {
  return `${name} ${address}`
}

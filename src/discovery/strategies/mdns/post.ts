/** One interface that mDNS speaks on: its station, the socket, and whether this node is heard there. */
import { toError, type Host } from '../../../kernel/index.ts'
import type { MdnsPacket, MdnsSocket, MdnsSource } from '../../port/mdns-port.ts'
import type { InterfaceAddress } from '../../port/ports.ts'
import { Station } from './station.ts'

/** What a post needs. */
export interface PostOptions {
  readonly host: Pick<Host, 'nowMs' | 'random'>
  readonly cluster: string
  /** The port of multicast DNS. */
  readonly port: number
}

/** Own announcements unheard for so long: the network does not carry multicast. */
const deafMs = 5_000

/** One an interface. */
export class Post {
  readonly interface: InterfaceAddress
  readonly station: Station
  readonly #host: PostOptions['host']
  #socket: MdnsSocket | undefined
  #problem: string | undefined
  /** Packets being sent. */
  readonly #sending = new Set<Promise<void>>()
  /** The first announcement since this node last heard one of its own. */
  #unheardSinceMs: number | undefined

  constructor(one: InterfaceAddress, { host, cluster, port }: PostOptions) {
    this.interface = one
    this.#host = host
    this.station = new Station({
      ...{ cluster, port },
      send: this.#send.bind(this),
      random: () => host.random(),
    })
  }

  get isOpen(): boolean {
    return this.#socket !== undefined
  }

  /** What is wrong with it, for people. */
  get problem(): string | undefined {
    return this.#problem
  }

  /** Said something, and has not heard it for a while. */
  isDeaf(nowMs: number): boolean {
    return this.#unheardSinceMs !== undefined && nowMs - this.#unheardSinceMs > deafMs
  }

  opened(socket: MdnsSocket): void {
    this.#socket = socket
    this.heardSelf()
  }

  /** Multicast of this node came back. */
  heardSelf(): void {
    this.#unheardSinceMs = undefined
    this.#problem = undefined
  }

  /** The socket is of no use, or could not be had. */
  failed(why: string): void {
    this.#problem = `${this.interface.name}: ${why}`
    void this.#socket?.close()
    this.#socket = undefined
  }

  /** Says goodbye. Resolves when what was said has left. */
  async leave(): Promise<void> {
    this.station.leave()
    await Promise.all(this.#sending)
  }

  async close(): Promise<void> {
    await this.#socket?.close()
  }

  #send(packet: MdnsPacket, to?: MdnsSource): void {
    if (!this.#socket) return
    if (packet.kind === 'response' && to === undefined) {
      this.#unheardSinceMs ??= this.#host.nowMs()
    }
    const sent = this.#socket.send(packet, to).catch((error: unknown) => {
      this.#problem = `${this.interface.name}: cannot send (${toError(error).message})`
    })
    this.#sending.add(sent)
    void sent.finally(() => this.#sending.delete(sent))
  }
}

/** What is wrong with each of them. */
export function problemsOf(posts: readonly Post[]): string[] {
  return posts.flatMap(({ problem }) => problem ?? [])
}

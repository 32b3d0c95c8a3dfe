/**
 * One run of mDNS, from start to stop: a post on each chosen interface, one clockwork for all,
 * and hints from what they see.
 */
import { jitter, sleep, toError, type Timer } from '../../../kernel/index.ts'
import { formatAddress, parseAddress } from '../../port/address.ts'
import type { MdnsPacket, MdnsSocket, MdnsSource } from '../../port/mdns-port.ts'
import type { PeerHint, StrategyContext } from '../../port/port.ts'
import type { InterfaceAddress } from '../../port/ports.ts'
import { chooseInterfaces, sourceFilter } from '../network/chosen-interfaces.ts'
import { orderedAddresses } from '../network/dial-order.ts'
import type { BrowserNews, FoundInstance } from './browser.ts'
import { complaintOf } from './complaint.ts'
import { ownService, type OwnService } from './own-service.ts'
import { Post, problemsOf } from './post.ts'
import { Sightings } from './sightings.ts'

/** What a session needs to know. */
export interface MdnsSessionOptions {
  readonly port: number
  readonly ttlSeconds: number
  /** Interface names or addresses; empty for all. */
  readonly wanted: readonly string[]
  readonly library: unknown
}

/** Between two looks at the interfaces and at the own addresses. */
const rescanMs = 2_000
const packetsPerSecondMax = 1_000

/** One run of mDNS. */
export class MdnsSession {
  readonly #context: StrategyContext
  readonly #options: MdnsSessionOptions
  readonly #bootId: string
  readonly #posts = new Map<string, Post>()
  readonly #sightings = new Sightings()
  readonly #stopping = new AbortController()
  #timer: Timer | undefined
  #starting: Promise<void> | undefined
  #task: Promise<void> | undefined
  #complaint: string | undefined
  #second = { startMs: 0, packets: 0 }
  #received = 0
  #dropped = 0

  constructor(context: StrategyContext, options: MdnsSessionOptions) {
    this.#context = context
    this.#options = options
    this.#bootId = Buffer.from(context.host.randomBytes(8)).toString('hex')
  }

  /** @throws {FoundationError} (rejects) `FND_PACKAGE_MISSING` */
  async start(): Promise<void> {
    this.#starting = this.#scan()
    await this.#starting
    this.#task = this.#rescanForever()
  }

  /** Says goodbye and closes everything. Never throws. */
  async stop(): Promise<void> {
    if (this.#stopping.signal.aborted) return
    this.#stopping.abort()
    // A socket that is being opened is opened all the same, and must be closed.
    await this.#starting?.catch(toError)
    this.#timer?.cancel()
    await this.#task
    const posts = [...this.#posts.values()]
    await Promise.all(posts.map((post) => post.leave()))
    for (const post of posts) await post.close()
    this.#posts.clear()
  }

  /** Asks everybody. */
  ask(): void {
    const nowMs = this.#context.host.nowMs()
    for (const { station } of this.#posts.values()) station.ask(nowMs)
    this.#arm()
  }

  /** Plain figures for `status()`. */
  figures(): Record<string, unknown> {
    const posts = [...this.#posts.values()]
    const working = posts.filter(({ problem }) => problem === undefined)
    return {
      interfaces: working.map((post) => post.interface.name),
      problems: problemsOf(posts),
      received: this.#received,
      dropped: this.#dropped,
    }
  }

  async #rescanForever(): Promise<void> {
    const { host } = this.#context
    while (await sleep(host, jitter(rescanMs, 0.2, host.random()), this.#stopping.signal)) {
      try {
        await this.#scan()
      } catch (error) {
        this.#complain(toError(error).message)
      }
    }
  }

  async #scan(): Promise<void> {
    const all = this.#context.ports.networkInterfaces()
    const chosen = chooseInterfaces(all, this.#options.wanted)
    const ids = new Set(chosen.map(idOf))
    for (const [id, post] of this.#posts) if (!ids.has(id)) await this.#drop(id, post)
    for (const one of chosen) await this.#open(one)
    this.#announce()
    this.#checkHealth()
    this.#arm()
  }

  async #open(one: InterfaceAddress): Promise<void> {
    const post = this.#posts.get(idOf(one)) ?? this.#newPost(one)
    this.#posts.set(idOf(one), post)
    if (post.isOpen) return
    try {
      post.opened(await this.#openSocket(post))
      this.#speak(post)
    } catch (thrown) {
      const error = toError(thrown)
      if ('code' in error && error.code === 'FND_PACKAGE_MISSING') throw error
      post.failed(error.message)
    }
  }

  #newPost(one: InterfaceAddress): Post {
    const { self, host } = this.#context
    return new Post(one, { host, cluster: self.cluster, port: this.#options.port })
  }

  #openSocket(post: Post): Promise<MdnsSocket> {
    const isFromThere = sourceFilter([post.interface])
    const { port, library } = this.#options
    return this.#context.ports.openMdns({
      ...{ interfaceAddress: post.interface.address, port, library },
      onPacket: (packet, source) => {
        if (isFromThere(source.address)) this.#onPacket(post, packet, source)
      },
      onError: (error) => {
        post.failed(error.message)
        this.#checkHealth()
      },
    })
  }

  /** The first words on a socket. */
  #speak({ station, interface: one }: Post): void {
    const nowMs = this.#context.host.nowMs()
    station.announce(this.#own(one), nowMs, true)
    station.ask(nowMs)
  }

  #own({ isInternal: isLoopback }: InterfaceAddress): OwnService | undefined {
    const { ttlSeconds } = this.#options
    return ownService(this.#context.self, { bootId: this.#bootId, ttlSeconds, isLoopback })
  }

  /** Tells of new addresses of this node, and speaks again where it was not heard. */
  #announce(): void {
    const nowMs = this.#context.host.nowMs()
    for (const post of this.#posts.values()) {
      post.station.announce(this.#own(post.interface), nowMs, post.isDeaf(nowMs))
    }
  }

  #onPacket(post: Post, packet: MdnsPacket, source: MdnsSource): void {
    if (this.#stopping.signal.aborted || this.#isFlooded()) return
    this.#received += 1
    const nowMs = this.#context.host.nowMs()
    // Answers come from the port of multicast DNS; others are somebody's attempt. (RFC 6762, 6)
    if (packet.kind === 'response' && source.port !== this.#options.port) return
    if (post.station.isOwn(packet)) {
      post.heardSelf()
      this.#checkHealth()
    }
    this.#tell(post, post.station.heard(packet, source, nowMs))
    this.#arm()
  }

  #isFlooded(): boolean {
    const nowMs = this.#context.host.nowMs()
    if (nowMs - this.#second.startMs >= 1_000) this.#second = { startMs: nowMs, packets: 0 }
    this.#second.packets += 1
    const isFlooded = this.#second.packets > packetsPerSecondMax
    if (isFlooded) this.#dropped += 1
    return isFlooded
  }

  #tell(post: Post, news: readonly BrowserNews[]): void {
    const { emit } = this.#context
    const place = idOf(post.interface)
    for (const item of news) {
      const { found } = item
      const isSeen = item.type === 'seen'
      const best = isSeen ? this.#sightings.seen(place, found) : this.#sightings.gone(place, found)
      if (best) emit({ type: 'seen', peer: this.#hintOf(best) })
      else if (!isSeen) emit({ type: 'gone', peer: this.#hintOf(found), reason: item.reason })
    }
  }

  #hintOf({ nodeName, incarnation, hosts, port, source, instance }: FoundInstance): PeerHint {
    const isThisMachine = [...this.#posts.values()].some(
      (post) => post.interface.address === source,
    )
    const announced = hosts.map((host) => formatAddress(host, port))
    const addresses = orderedAddresses(announced, source, isThisMachine)
    const first = parseAddress(addresses[0] ?? '')
    return {
      host: first?.host ?? source,
      port,
      addresses,
      cluster: this.#context.self.cluster,
      ...(nodeName !== undefined && { nodeName }),
      meta: { instance, source, ...(incarnation !== undefined && { incarnation }) },
    }
  }

  /** Sets the clock to the next thing any station has to do. */
  #arm(): void {
    this.#timer?.cancel()
    if (this.#stopping.signal.aborted) return
    const { host } = this.#context
    const nextMs = Math.min(...[...this.#posts.values()].map(({ station }) => station.nextMs))
    if (nextMs === Infinity) return
    this.#timer = host.after(Math.max(0, nextMs - host.nowMs()), () => {
      const nowMs = host.nowMs()
      for (const post of this.#posts.values()) this.#tell(post, post.station.tick(nowMs))
      this.#arm()
    })
  }

  async #drop(id: string, post: Post): Promise<void> {
    this.#posts.delete(id)
    const lost = this.#sightings.lost(id)
    this.#tell(
      post,
      lost.map((found) => ({ type: 'gone', found, reason: 'expired' })),
    )
    await post.close()
  }

  #checkHealth(): void {
    const nowMs = this.#context.host.nowMs()
    this.#complain(complaintOf([...this.#posts.values()], nowMs, rescanMs))
  }

  #complain(complaint: string | undefined): void {
    if (complaint === this.#complaint || this.#stopping.signal.aborted) return
    this.#complaint = complaint
    const state = complaint === undefined ? 'ok' : 'degraded'
    const detail = complaint ?? 'this node hears its own mDNS announcements'
    this.#context.emit({ type: 'health', state, detail })
  }
}

function idOf({ name, address }: InterfaceAddress): string {
  return `${name} ${address}`
}

/**
 * One run of gossip, from start to stop: speaks in a rhythm, answers newcomers, turns what it hears
 * into hints, and listens for its own voice to know that the network carries it.
 */
import { jitter, RepeatGate, sleep, type Keyring, type Timer } from '../../../kernel/index.ts'
import { parseAddress } from '../../port/address.ts'
import type { PeerHint, StrategyContext } from '../../port/port.ts'
import { orderedAddresses } from '../network/dial-order.ts'
import type { Announcement, AnnouncementKind } from '../announcement.ts'
import { GossipSockets, type GossipSocketsOptions } from './gossip-sockets.ts'
import { Incarnations } from '../incarnations.ts'
import { PacketBox, type Rejection } from './packet-box.ts'

/** The rhythm and the network of a session. */
export interface GossipSessionOptions extends GossipSocketsOptions {
  /** Between two heartbeats; moved by up to 50 %. */
  readonly intervalMs: number
  readonly keyring: Keyring | undefined
}

/** Pauses between the questions of the first second. */
const burstPausesMs = [300, 600]
/** At most one answer in this time, however many ask: one packet reaches them all. */
const answerGapMs = 100
/** Asking the system for its interfaces costs microseconds; a network that comes up is used soon. */
const rescanMs = 2_000
/** Own packets unheard for so many intervals: the network does not carry multicast. */
const deafIntervals = 3
/** A peer silent for so many intervals is no longer proposed. */
const ttlIntervals = 12
/** Packets taken a second; the rest is dropped unread. Opening one costs some 30 microseconds. */
const packetsPerSecondMax = 2_000
const strangersMax = 256
/** Once is enough: what is wrong stays wrong until somebody acts. */
const strangerQuietMs = Infinity

/** One run of gossip. */
export class GossipSession {
  readonly #context: StrategyContext
  readonly #options: GossipSessionOptions
  readonly #box: PacketBox
  readonly #sockets: GossipSockets
  readonly #incarnations = new Incarnations()
  readonly #strangers = new RepeatGate({ quietMs: strangerQuietMs, keysMax: strangersMax })
  readonly #stopping = new AbortController()
  readonly #rejections: Record<string, number> = {}
  #tasks: Promise<unknown>[] = []
  #answerTimer: Timer | undefined
  #lastAnswerMs = -Infinity
  #heardSelfMs: number
  #second = { startMs: 0, packets: 0 }
  #complaint: string | undefined
  #received = 0

  constructor(context: StrategyContext, options: GossipSessionOptions) {
    const { host, self, ports } = context
    this.#context = context
    this.#options = options
    this.#heardSelfMs = host.nowMs()
    this.#box = new PacketBox({
      cluster: self.cluster,
      senderId: host.randomBytes(16),
      keyring: options.keyring,
    })
    const onPacket = (bytes: Buffer, source: string): void => {
      this.#onPacket(bytes, source)
    }
    const onStranger = (): void => {
      this.#reject('other-interface')
    }
    this.#sockets = new GossipSockets({ ports, onPacket, onStranger }, options)
  }

  async start(): Promise<void> {
    await this.#sockets.scan()
    this.#tasks = [this.#speak(), this.#rescan()]
  }

  /** Says goodbye and closes everything. Never throws. */
  async stop(): Promise<void> {
    if (this.#stopping.signal.aborted) return
    this.#stopping.abort()
    this.#answerTimer?.cancel()
    await Promise.all(this.#tasks)
    await this.#say('bye')
    await this.#sockets.close()
  }

  /** Asks everybody to answer. */
  ask(): void {
    if (!this.#stopping.signal.aborted) void this.#say('hello')
  }

  /** Plain figures for `status()`. */
  figures(): Record<string, unknown> {
    const { working, problems } = this.#sockets.state
    const rejected = { ...this.#rejections }
    return { interfaces: working, problems, received: this.#received, rejected }
  }

  async #speak(): Promise<void> {
    const { host } = this.#context
    const { signal } = this.#stopping
    await this.#say('hello')
    this.#checkHealth()
    for (const pauseMs of burstPausesMs) {
      if (!(await sleep(host, jitter(pauseMs, 0.2, host.random()), signal))) return
      await this.#say('hello')
      this.#checkHealth()
    }
    const { intervalMs } = this.#options
    while (await sleep(host, jitter(intervalMs, 0.5, host.random()), signal)) {
      await this.#say('here')
      this.#checkHealth()
    }
  }

  async #rescan(): Promise<void> {
    const { host } = this.#context
    while (await sleep(host, rescanMs, this.#stopping.signal)) {
      const before = this.#sockets.state.working.join()
      await this.#sockets.scan()
      if (this.#sockets.state.working.join() !== before) this.ask()
    }
  }

  async #say(kind: AnnouncementKind): Promise<void> {
    await this.#sockets.send(this.#packet(kind))
  }

  #packet(kind: AnnouncementKind): Buffer {
    const { name, incarnation, addresses } = this.#context.self
    return this.#box.pack({ kind, name, incarnation, addresses })
  }

  #onPacket(bytes: Buffer, source: string): void {
    if (this.#stopping.signal.aborted || this.#isFlooded()) return
    this.#received += 1
    const opened = this.#box.open(bytes)
    if (opened.type === 'own') this.#heardSelf()
    else if (opened.type === 'rejected') this.#reject(opened.reason, source)
    else this.#heard(opened.announcement, { source, sizeBytes: opened.sizeBytes })
  }

  #isFlooded(): boolean {
    const nowMs = this.#context.host.nowMs()
    if (nowMs - this.#second.startMs >= 1_000) this.#second = { startMs: nowMs, packets: 0 }
    this.#second.packets += 1
    const isFlooded = this.#second.packets > packetsPerSecondMax
    if (isFlooded) this.#rejections.flood = (this.#rejections.flood ?? 0) + 1
    return isFlooded
  }

  #heard(announcement: Announcement, from: { source: string; sizeBytes: number }): void {
    const { self, emit } = this.#context
    const { kind, name, incarnation } = announcement
    if (incarnation === self.incarnation) return
    if (!this.#incarnations.isNews(name, incarnation, kind === 'bye')) return
    const peer = this.#hintOf(announcement, from.source)
    if (kind === 'bye') emit({ type: 'gone', peer, reason: 'goodbye' })
    else if (announcement.addresses.length > 0) emit({ type: 'seen', peer })
    if (kind === 'hello') this.#answer(from.sizeBytes)
  }

  #hintOf({ name, incarnation, addresses }: Announcement, source: string): PeerHint {
    const ordered = orderedAddresses(addresses, source, this.#sockets.isOwn(source))
    const first = parseAddress(ordered[0] ?? '')
    return {
      host: first?.host ?? source,
      ...(first?.port !== undefined && { port: first.port }),
      addresses: ordered,
      nodeName: name,
      cluster: this.#context.self.cluster,
      meta: { incarnation, source },
      ttlMs: this.#options.intervalMs * ttlIntervals,
    }
  }

  /** Answers at once, or when the gap since the last answer is over. Never with more than was asked. */
  #answer(questionBytes: number): void {
    if (this.#answerTimer) return
    const { host } = this.#context
    const waitMs = this.#lastAnswerMs + answerGapMs - host.nowMs()
    const run = (): void => {
      this.#answerTimer = undefined
      this.#lastAnswerMs = host.nowMs()
      const packet = this.#packet('here')
      if (packet.length <= questionBytes) void this.#sockets.send(packet)
    }
    if (waitMs <= 0) run()
    else this.#answerTimer = host.after(waitMs, run)
  }

  #reject(reason: Rejection | 'other-interface', source?: string): void {
    this.#rejections[reason] = (this.#rejections[reason] ?? 0) + 1
    const { telemetry, topology, emit, host } = this.#context
    telemetry.execute('discovery.packet.rejected', { count: 1 }, () => ({
      topology,
      reason,
      source,
    }))
    if (source === undefined) return
    if (reason === 'other-cluster') this.#tellOfNeighbour(source)
    const words = noticeOf(reason)
    if (words === undefined) return
    if (!this.#strangers.opens(`${source} ${reason}`, host.nowMs())) return
    const detail = `Found a node of "${this.#context.self.cluster}" at ${source}, but ${words}`
    emit({ type: 'notice', code: reason, detail, address: source })
  }

  /** Several apps on one network are no trouble; one app under two names is, and looks the same. */
  #tellOfNeighbour(source: string): void {
    const { host, log, self } = this.#context
    if (!this.#strangers.opens(`${source} other-cluster`, host.nowMs())) return
    log.info(
      { source },
      `heard another app than "${self.cluster}"; nodes of one app have one \`app\``,
    )
  }

  #heardSelf(): void {
    this.#heardSelfMs = this.#context.host.nowMs()
    this.#checkHealth()
  }

  #checkHealth(): void {
    const complaint = this.#findComplaint()
    if (complaint === this.#complaint) return
    this.#complaint = complaint
    const { emit } = this.#context
    if (this.#stopping.signal.aborted) return
    if (complaint === undefined) {
      emit({ type: 'health', state: 'ok', detail: 'this node hears its own gossip' })
    } else emit({ type: 'health', state: 'degraded', detail: complaint })
  }

  #findComplaint(): string | undefined {
    const { working, problems, reachesOthers } = this.#sockets.state
    if (working.length === 0 || !reachesOthers) {
      const why = problems.length > 0 ? problems.join('; ') : 'no usable network interface'
      return `gossip has no way out: ${why}. It is tried again every ${String(rescanMs / 1_000)} s`
    }
    const silentMs = this.#context.host.nowMs() - this.#heardSelfMs
    return silentMs > this.#options.intervalMs * deafIntervals ? deafHint : undefined
  }
}

const deafHint =
  'this node does not hear its own gossip: the network (or a firewall on UDP) does not carry ' +
  'multicast, as is usual in clouds and container networks. Use the strategy "dns", "kubernetes" ' +
  'or "static" there, or gossip with broadcast: true'

function noticeOf(reason: Rejection | 'other-interface'): string | undefined {
  if (reason === 'secret-differs')
    return 'its secret differs: run "foundation secret fingerprint" on both'
  if (reason === 'forged') return 'its packets are damaged or forged; they are ignored'
  if (reason === 'not-sealed') return 'it uses no secret while this node does; it is ignored'
  if (reason === 'sealed') return 'it uses a secret while this node has none; it is ignored'
  return undefined
}

/** One node's place at the broker while it runs: its connections, its links, its pulse. */
import { within } from '../../kernel/index.ts'
import {
  channelClasses,
  type Admission,
  type ChannelClass,
  type ClassStats,
  type LinkStats,
  type NodeIdentity,
  type SendOutcome,
  type TransportDeps,
  type TransportHandlers,
} from '../port/port.ts'
import { isPublished, protocolVersions } from '../../wire/index.ts'
import { News } from '../port/news.ts'
import { RefusalReports } from '../port/refusal-reports.ts'
import type { StreamBook } from '../port/sequence.ts'
import { Accounts } from './accounts.ts'
import type { Client, ClientLibrary } from './client.ts'
import type { NatsTopics } from './fanout.ts'
import { natsKinds } from './frames.ts'
import { Greeter } from './greeter.ts'
import type { NatsLink } from './link.ts'
import { Namesakes } from './namesakes.ts'
import { natsClasses, type NatsOptions } from './options.ts'
import { Pulse } from './pulse.ts'
import type { Seal } from './seal.ts'
import type { SentStreams } from './streams.ts'
import { Subjects } from './subjects.ts'
import { Switchboard } from './switchboard.ts'
import { Uplink, type UplinkDeps } from './uplink.ts'
import { Voice } from './voice.ts'

/** What a station is made of. */
export interface StationParts {
  readonly deps: TransportDeps
  readonly options: NatsOptions
  readonly self: NodeIdentity
  readonly handlers: TransportHandlers
  readonly book: StreamBook
  readonly streams: SentStreams
  readonly topics: NatsTopics
  readonly seal: Seal
  /** Names this life on the broker, in hexadecimal. */
  readonly sender: string
}

/** A broker that does not answer meanwhile is not waited for. */
const farewellMaxMs = 1_000
/** A broker that takes longer to answer is taken for away, as a silent peer is suspect. */
const answerMaxMs = 2_000

const states = { idle: 'idle', up: 'open', away: 'degraded', stopped: 'idle' } as const

/** One a running transport. */
export class Station {
  readonly address: string
  readonly #parts: StationParts
  readonly #subjects: Subjects
  readonly #voice: Voice
  readonly #namesakes: Namesakes
  readonly #uplinks = new Map<ChannelClass, Uplink>()
  readonly #board: Switchboard
  readonly #greeter: Greeter
  readonly #accounts: Accounts
  readonly #pulse: Pulse
  readonly #dropped: Record<ChannelClass, number> = { control: 0, events: 0, telemetry: 0, bulk: 0 }

  constructor(parts: StationParts) {
    this.#parts = parts
    this.#subjects = new Subjects(parts.self.cluster)
    this.address = this.#subjects.addressOf(parts.self.name)
    this.#voice = new Voice(parts.sender, parts.seal)
    this.#namesakes = new Namesakes(() => parts.deps.host.nowMs(), parts.options.silentAfterMs)
    const self = { ...parts.self, addresses: [this.address] }
    this.#board = this.#makeBoard(self)
    this.#greeter = this.#makeGreeter(self)
    this.#accounts = this.#makeAccounts()
    for (const name of channelClasses) this.#uplinks.set(name, this.#makeUplink(name))
    this.#pulse = this.#makePulse()
  }

  /**
   * Reaches the broker and listens.
   *
   * @throws {FoundationError} `FND_DIAL_FAILED`, `FND_HANDSHAKE_REFUSED`
   */
  async start(lib: ClientLibrary): Promise<void> {
    const uplinks = this.#uplinks
    await Promise.all([...uplinks.values()].map((uplink) => uplink.connect(lib)))
    const control = uplinks.get('control')
    await Promise.all([
      control?.listen(this.#subjects.pulse),
      control?.listen(this.#subjects.hello(this.#parts.self.name)),
      ...this.#board.directSubjects.map(([subject, name]) => uplinks.get(name)?.listen(subject)),
    ])
    await this.#parts.topics.start({ subjects: this.#subjects, uplinks, accounts: this.#accounts })
    this.#pulse.start()
  }

  /** Takes nobody new, sends what waits for at most `flushMs`, says goodbye to all at once. */
  async stop(flushMs: number): Promise<void> {
    const uplinks = [...this.#uplinks.values()]
    this.#greeter.close()
    // Before the flush below: who dials from now on is told at once that nobody is here.
    this.#uplinks.get('control')?.unlisten(this.#subjects.hello(this.#parts.self.name))
    this.#accounts.stop()
    this.#pulse.stop()
    await Promise.all(uplinks.map((uplink) => uplink.drain(flushMs)))
    await this.#farewell().catch(() => undefined)
    for (const link of [...this.#board.links.values()]) this.#board.drop(link, 'closed')
    await Promise.all(uplinks.map((uplink) => uplink.stop()))
  }

  dial(address: string, signal?: AbortSignal): Promise<NodeIdentity> {
    return this.#greeter.dial(address, signal)
  }

  link(peer: string): NatsLink | undefined {
    return this.#board.links.get(peer)
  }

  close(link: NatsLink): void {
    this.#board.tell(link, this.#voice.bare(natsKinds.goodbye))
    this.#board.drop(link, 'closed')
  }

  send(link: NatsLink, channelClass: ChannelClass, payload: Uint8Array): SendOutcome {
    const uplink = this.#uplinks.get(channelClass)
    if (!uplink) return 'disconnected'
    const stream = link.stream({ channelClass, isPublished: isPublished(payload) })
    let outcome = uplink.send(payload, stream)
    if (outcome === 'full' && natsClasses[channelClass].dropsOldest) {
      this.#dropped[channelClass] += uplink.makeRoom(payload.length)
      outcome = uplink.send(payload, stream)
    }
    if (outcome === 'accepted') link.sent(channelClass, payload.length)
    return outcome
  }

  whenWritable(channelClass: ChannelClass): Promise<void> {
    return this.#uplinks.get(channelClass)?.whenWritable() ?? Promise.resolve()
  }

  stats(): LinkStats[] {
    return [...this.#board.links.values()].map((link) => ({
      ...link.stats(this.#pulse.rttMs),
      classes: Object.fromEntries(
        [...this.#uplinks].map(([name, uplink]) => [name, this.#classStats(link, uplink)]),
      ),
    }))
  }

  /** Why this node reaches nobody at this moment. */
  outage(): string | undefined {
    if (this.#uplinks.get('control')?.state === 'away') return 'the broker cannot be reached'
    const { unansweredMs } = this.#pulse
    if (unansweredMs < answerMaxMs) return undefined
    return `the broker has not answered for ${String(Math.round(unansweredMs / 1_000))} s`
  }

  /** When it is over the broker knows that this node is gone: who dials it is told so at once. */
  #farewell(): Promise<unknown> {
    const control = this.#uplinks.get('control')
    const said = async (): Promise<void> => {
      await control?.listenOut(this.#subjects.hello(this.#parts.self.name))
      this.#pulse.bye()
      await control?.client?.flush()
    }
    const limits = { what: 'farewell', timeoutMs: farewellMaxMs }
    return within(this.#parts.deps.host, said(), limits)
  }

  readonly #client = (): Client | undefined => this.#uplinks.get('control')?.client

  #classStats(link: NatsLink, uplink: Uplink): ClassStats {
    return {
      ...link.tally(uplink.channelClass),
      state: states[uplink.state],
      // One queue for all peers: the broker is the one receiver.
      queuedBytes: uplink.queuedBytes,
      queuedFrames: uplink.queuedParcels,
      droppedFrames: this.#dropped[uplink.channelClass],
      windowBytes: this.#parts.options.windowMaxBytes,
    }
  }

  #makeBoard(self: NodeIdentity): Switchboard {
    const { deps, handlers, options, book } = this.#parts
    const news = new News(deps.host, deps.log)
    const reports = new RefusalReports(deps.host, (report) => {
      news.tell(() => {
        handlers.refused(report)
      })
    })
    return new Switchboard({
      ...{ ...deps, self, handlers, news, reports, book },
      subjects: this.#subjects,
      voice: this.#voice,
      namesakes: this.#namesakes,
      uplinks: this.#uplinks,
      streamsMax: options.streamsMax,
      greeter: () => this.#greeter,
      accounts: () => this.#accounts,
    })
  }

  #makeGreeter(self: NodeIdentity): Greeter {
    const { deps, handlers, options, book } = this.#parts
    const board = this.#board
    return new Greeter(
      {
        ...{ host: deps.host, self, book, subjects: this.#subjects, voice: this.#voice },
        namesakes: this.#namesakes,
        protocol: deps.protocol ?? protocolVersions,
        client: this.#client,
        admit: async (peer): Promise<Admission> => handlers.admit(peer),
        linked: (name) => board.links.get(name),
        tell: (peer, message) => {
          board.tell(peer, message)
        },
        agreed: (link) => {
          board.install(link)
        },
        refused: (failure) => {
          board.refused(failure)
        },
      },
      options.dialTimeoutMs,
    )
  }

  #makeAccounts(): Accounts {
    const { deps, streams, topics } = this.#parts
    return new Accounts({
      ...{ host: deps.host, subjects: this.#subjects, voice: this.#voice, streams },
      uplinks: this.#uplinks,
      links: () => this.#board.links,
      unlistened: (pattern) => {
        this.#board.unlistened(pattern)
      },
      listening: (channelClass) => topics.listening(channelClass),
    })
  }

  #makeUplink(channelClass: ChannelClass): Uplink {
    const { deps, seal, sender, self, options } = this.#parts
    const received: UplinkDeps['received'] = (message) => {
      this.#board.receive(message, channelClass)
    }
    const changed = (uplink: Uplink): void => {
      this.#board.changed(uplink)
    }
    const who = { seal, sender, nodeName: self.name, channelClass }
    return new Uplink({ ...deps, ...who, received, changed }, options)
  }

  #makePulse(): Pulse {
    const { deps, seal, self, options } = this.#parts
    const beat = (): void => {
      this.#board.dropSilent(options.silentAfterMs)
    }
    return new Pulse(
      {
        ...{ host: deps.host, voice: this.#voice, seal, subjects: this.#subjects },
        ...{ nodeName: self.name, client: this.#client, beat },
      },
      options.pulseIntervalMs,
    )
  }
}

/**
 * One live link to one peer: the control connection that it lives and dies with, and up to three
 * more, one a class, that are opened on first use and replaced when they are lost.
 */
import type { Host, Log, Timer } from '../../kernel/index.ts'
import {
  channelClasses,
  type ChannelClass,
  type LinkDownReason,
  type LinkInfo,
  type LinkStats,
  type TransportHandlers,
} from '../port/port.ts'
import { ClassConnection, type ConnectionEnd } from './class-connection.ts'
import { ClassDialer, type Opened } from './class-dialer.ts'
import { creditBatchBytes } from './credit.ts'
import { Heartbeat } from './heartbeat.ts'
import { lanesOf, type Lane, type LaneOwner } from './lane.ts'
import { LinkNews } from './link-news.ts'
import { LinkSteering } from './link-steering.ts'
import type { MeshOptions } from './mesh-options.ts'
import type { LinkFacts } from './link-facts.ts'
import type { Streams } from '../port/sequence.ts'

/** What a link talks to. */
export interface LinkDeps {
  readonly host: Host
  readonly log: Log
  readonly handlers: TransportHandlers
  /** Dials a class connection of the link; rejects when it could not be made. */
  readonly dialClass: (link: Link, lane: Lane, signal: AbortSignal) => Promise<Opened>
  /** Called once; the link is out of use. */
  readonly onDown: (link: Link, reason: LinkDownReason) => void
}

/** After a goodbye, the class connections may still hold payloads for so long. */
const leavingMaxMs = 1_000

/** See the head of this file. `up` (until one of the others), `leaving` after the peer's goodbye, `down`. */
export class Link implements LaneOwner {
  readonly id: string
  readonly info: LinkInfo
  readonly streams: Streams
  /** In the order of `channelClasses`. */
  readonly lanes: readonly Lane[]
  readonly lane: Readonly<Record<ChannelClass, Lane>>
  readonly #deps: LinkDeps
  readonly #news: LinkNews
  readonly #control: Lane
  readonly #steering: LinkSteering
  readonly #dialer: ClassDialer
  readonly #heartbeat: Heartbeat
  #state: 'up' | 'leaving' | 'down' = 'up'
  readonly #generations: number[] = []
  #leavingTimer: Timer | undefined

  constructor(deps: LinkDeps, facts: LinkFacts, options: MeshOptions) {
    this.id = facts.id
    this.info = facts.info
    this.streams = facts.streams
    this.#deps = deps
    this.#news = new LinkNews(deps, facts.info)
    this.lane = lanesOf(this, options)
    this.lanes = channelClasses.map((channelClass) => this.lane[channelClass])
    this.#control = this.lane.control
    this.#steering = new LinkSteering({
      lanes: this.lanes,
      isDialer: facts.info.dialedBy === 'self',
      measured: (roundTripMs) => {
        this.#heartbeat.measured(roundTripMs)
      },
      goodbye: (lane) => {
        this.#goodbye(lane)
      },
      asked: (lane, generation) => {
        this.#asked(lane, generation)
      },
    })
    const tellCredit = this.#steering.tellAnyCredit
    this.#heartbeat = new Heartbeat({ host: deps.host, lanes: this.lanes, tellCredit }, options)
    this.#dialer = new ClassDialer({
      host: deps.host,
      redialMaxMs: options.redialMaxMs,
      dial: (lane, signal) => deps.dialClass(this, lane, signal),
      opened: (lane, opened) => {
        this.attach(lane.channelClass, opened)
      },
      failed: (lane) => {
        this.#degrade(lane)
      },
    })
  }

  get isUp(): boolean {
    return this.#state === 'up'
  }

  /** The number of the next connection of a class; counts dials, so that none is used twice. */
  nextGeneration(lane: Lane): number {
    const generation = (this.#generations[lane.index] ?? 0) + 1
    this.#generations[lane.index] = generation
    return generation
  }

  /** The first sequence each class will still send, in the order of `channelClasses`. */
  firstUnsent(): number[] {
    return this.lanes.map((lane) => lane.firstUnsent)
  }

  /** Milliseconds since anything was heard on the control connection. */
  get silentMs(): number {
    return this.#heartbeat.silentMs
  }

  /** Starts to carry frames over the control connection. `linkUp` was told before. */
  start(opened: Opened): void {
    // Whoever was told may have closed it at once.
    if (!this.isUp) {
      opened.socket.destroy()
      return
    }
    for (const lane of this.lanes.slice(1)) lane.resume(opened.told[lane.index] ?? 1)
    this.attach('control', opened)
    this.#heartbeat.start()
  }

  /** Takes a fresh connection of one class into use. */
  attach(channelClass: ChannelClass, { socket, leftover, told, generation }: Opened): void {
    const lane = this.lane[channelClass]
    if (!this.isUp) {
      socket.destroy()
      return
    }
    const wasDegraded = lane.state === 'degraded'
    const connection: ClassConnection = new ClassConnection(socket, {
      host: this.#deps.host,
      handlers: {
        frame: (kind, sequence, body) => {
          const use = lane.frame(kind, sequence, body)
          if (use === undefined) this.#steering.frame(lane, kind, body)
          return use ?? 'free'
        },
        chunkEnd: () => {
          this.#steering.tellCredit(lane, creditBatchBytes)
          // Answers do not wait for the end of the turn: bulk may be read until then.
          this.#steering.flush()
        },
        writable: () => {
          lane.pump()
        },
        closed: (end) => {
          this.#connectionClosed(lane, connection, end)
        },
      },
    })
    lane.attach(connection, { told: told[lane.index] ?? 1, generation })
    if (wasDegraded) this.#news.restored(lane)
    connection.open(leftover)
  }

  deliver(lane: Lane, sequence: number, payload: Uint8Array): void {
    this.#news.payload(lane, sequence, payload)
  }

  gap(lane: Lane, count: number): void {
    this.#news.gap(lane, count)
  }

  wanted(lane: Lane): void {
    if (!this.isUp || lane === this.#control || lane.state === 'connecting') return
    if (this.info.dialedBy === 'self') this.#dialer.want(lane)
    else if (lane.state === 'idle') this.#steering.requestClass(lane)
    if (lane.state === 'idle') lane.state = 'connecting'
  }

  overflowed(): void {
    // Not now: the caller is in the middle of `send`.
    this.#deps.host.defer(() => {
      this.down('slow-peer')
    })
  }

  limited(): void {
    this.#heartbeat.hurry()
  }

  /** The peer claims to have no link: if it does not answer on this one soon, this one is over. */
  challenge(): void {
    this.#heartbeat.challenge(() => {
      this.down('silent')
    })
  }

  /** Resolves when every queue is empty and handed to the kernel, or the link is down. */
  async drained(signal: AbortSignal): Promise<void> {
    const pauseMs = 2
    while (this.isUp && !signal.aborted && this.lanes.some(({ isBusy }) => isBusy)) {
      await new Promise<void>((resolve) => this.#deps.host.after(pauseMs, resolve))
    }
  }

  /** Says goodbye and ends in order; resolves when all sockets are closed. */
  async close(): Promise<void> {
    if (this.#state === 'down') return
    const connections = this.lanes.flatMap(({ connection }) => connection ?? [])
    const finished = connections.map(
      (connection) =>
        new Promise<void>((resolve) => {
          connection.finish(resolve)
        }),
    )
    this.#end('closed')
    await Promise.all(finished)
  }

  /** Ends at once, without a goodbye. */
  down(reason: LinkDownReason): void {
    if (this.#state === 'down') return
    for (const lane of this.lanes) lane.connection?.close()
    this.#end(reason)
  }

  stats(): LinkStats {
    return {
      peer: this.info.peer.name,
      epoch: this.info.epoch,
      protocol: this.info.protocol,
      address: this.info.address,
      rttMs: this.#heartbeat.roundTripMs,
      silentMs: this.silentMs,
      classes: Object.fromEntries(this.lanes.map((lane) => [lane.channelClass, lane.stats()])),
    }
  }

  #end(reason: LinkDownReason): void {
    this.#state = 'down'
    this.#heartbeat.stop()
    this.#leavingTimer?.cancel()
    this.#dialer.stop()
    for (const lane of this.lanes) lane.shutDown()
    this.#deps.onDown(this, reason)
  }

  /** The peer wants a connection of a class, on which it has lost all up to `generation`. */
  #asked(lane: Lane, generation: number): void {
    // Lost on the other side, which this socket may never notice.
    if (lane.connection && generation >= lane.meter.generation) {
      lane.connection.close()
      this.#degrade(lane)
    }
    if (!lane.connection) this.wanted(lane)
  }

  /** On a class connection: it ends in order. On control: the whole link does. */
  #goodbye(lane: Lane): void {
    if (lane === this.#control) {
      this.#state = 'leaving'
      this.#dialer.stop()
      this.#leavingTimer ??= this.#deps.host.after(leavingMaxMs, () => {
        this.down('goodbye')
      })
    } else {
      lane.connection?.close()
      lane.detach('idle')
    }
    this.#endWhenLeft()
  }

  /** What the class connections still hold is read before the link goes down. */
  #endWhenLeft(): void {
    const isRead = this.lanes.slice(1).every(({ connection }) => !connection)
    if (this.#state === 'leaving' && isRead) this.down('goodbye')
  }

  #connectionClosed(lane: Lane, connection: ClassConnection, end: ConnectionEnd): void {
    if (lane.connection !== connection || this.#state === 'down') return
    if (this.#state === 'leaving' && end !== 'invalid-frame') {
      lane.detach('idle')
      this.#endWhenLeft()
      return
    }
    if (lane === this.#control || end === 'invalid-frame') {
      this.down(end)
      return
    }
    this.#degrade(lane)
    if (this.info.dialedBy === 'self') this.#dialer.want(lane)
    else this.#steering.requestClass(lane)
  }

  #degrade(lane: Lane): void {
    const isNews = lane.state !== 'degraded'
    lane.detach('degraded')
    if (isNews) this.#news.degraded(lane)
  }
}

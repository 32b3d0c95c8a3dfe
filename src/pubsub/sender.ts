/** Sends one encoded message to several peers, as the channel's overflow policy says. */
import { FoundationError, toError, within, type Host, type WaitOptions } from '../kernel/index.ts'
import type { ChannelClass, Router } from '../transport/index.ts'
import type { Channel, PubSubOptions } from './options.ts'
import { SendLane, type Waiter } from './send-lane.ts'
import { TurnBudget } from './turn-budget.ts'

/** What became of a broadcast. */
export interface BroadcastResult {
  /** Peers it was meant for. */
  readonly peers: number
  /** Peers whose queue took it. */
  readonly queued: number
  /** Peers that will not get it: the link ended, or a `drop-oldest` queue had no room. */
  readonly dropped: number
}

/** What it talks to. */
export interface SenderDeps {
  readonly router: Pick<Router, 'send' | 'whenWritable'>
  readonly host: Host
  readonly payloadMaxBytes: Readonly<Record<ChannelClass, number>>
  /** A message to a peer was dropped. */
  readonly dropped: (peer: string, channel: Channel) => void
}

/** One message and where it goes. */
export interface Outgoing {
  readonly topic: string
  readonly channel: Channel
  readonly payload: Uint8Array
  readonly peers: readonly string[]
  readonly options: WaitOptions
}

/** What a broadcast still waits for. */
interface Pending {
  readonly lane: SendLane
  readonly waiter: Waiter
}

/** The sending half of pubsub. */
export class Sender {
  readonly #deps: SenderDeps
  readonly #options: PubSubOptions
  /** Lanes in use only. At most one a (peer, class), dropped with the link. */
  readonly #lanes = new Map<string, SendLane>()
  readonly #turn: TurnBudget
  /** What most broadcasts come to, by the number of peers. */
  readonly #allQueued: BroadcastResult[] = []

  constructor(deps: SenderDeps, options: PubSubOptions) {
    this.#deps = deps
    this.#options = options
    this.#turn = new TurnBudget(deps.host)
  }

  /** Messages that wait for room. */
  get waiting(): number {
    let waiting = 0
    for (const lane of this.#lanes.values()) waiting += lane.waiting
    return waiting
  }

  /**
   * Refuses a payload that is larger than its class carries.
   *
   * @throws {FoundationError} `FND_MESSAGE_TOO_LARGE`
   */
  checkSize(topic: string, channel: Channel, payload: Uint8Array): void {
    const bound = this.#deps.payloadMaxBytes[channel.class]
    if (payload.length <= bound) return
    const size = `has ${String(payload.length)} bytes, more than the ${String(bound)} that class`
    const advice =
      channel.class === 'bulk' ? 'split it' : 'publish it under a topic that begins with "bulk."'
    throw new FoundationError(
      'FND_MESSAGE_TOO_LARGE',
      `Message on "${topic}" ${size} "${channel.class}" carries; ${advice}`,
      { details: { topic, bytes: payload.length, maxBytes: bound, class: channel.class } },
    )
  }

  /**
   * Hands the payload to every peer's queue; each peer that has room gets it at once, whatever
   * happens to the others. Resolves when all of them have taken or lost it; see {@link TurnBudget}
   * for when that is in a later turn.
   *
   * @throws {FoundationError} (rejects) `FND_LIMIT_REACHED` with `details.peers`, `FND_TIMED_OUT`
   */
  send(outgoing: Outgoing): BroadcastResult | Promise<BroadcastResult> {
    const { peers, channel, payload } = outgoing
    let queued = 0
    let isWithinTurn = true
    let refused: string[] | undefined
    for (const peer of peers) {
      const isBehind = this.#lanes.size > 0 && this.#isBehind(peer, channel)
      const outcome = isBehind ? 'full' : this.#deps.router.send(peer, channel.class, payload)
      if (outcome === 'full') (refused ??= []).push(peer)
      else if (outcome === 'disconnected') this.#deps.dropped(peer, channel)
      else queued += 1
      isWithinTurn = this.#turn.spend(payload.length)
    }
    if (refused) return this.#overflow(outgoing, refused, queued)
    const result = this.#resultOf(peers.length, queued)
    return isWithinTurn ? result : this.#afterPause(outgoing, result)
  }

  /** The link to a peer is gone: what waited for it is dropped. */
  linkDown(peer: string): void {
    for (const [key, lane] of this.#lanes) {
      if (lane.peer !== peer) continue
      lane.dropAll()
      this.#lanes.delete(key)
    }
  }

  stop(): void {
    for (const lane of this.#lanes.values()) lane.dropAll()
    this.#lanes.clear()
  }

  #resultOf(peers: number, queued: number): BroadcastResult {
    if (queued < peers) return { peers, queued, dropped: peers - queued }
    return (this.#allQueued[peers] ??= Object.freeze({ peers, queued, dropped: 0 }))
  }

  async #afterPause(
    { peers, channel }: Outgoing,
    result: BroadcastResult,
  ): Promise<BroadcastResult> {
    const { router } = this.#deps
    await this.#turn.pause(() =>
      Promise.all(peers.map((peer) => router.whenWritable(peer, channel.class))),
    )
    return result
  }

  async #overflow(
    outgoing: Outgoing,
    refused: readonly string[],
    queuedAtOnce: number,
  ): Promise<BroadcastResult> {
    const { channel, peers } = outgoing
    let queued = queuedAtOnce
    if (channel.overflow === 'fail') throw fullQueues(outgoing, refused)
    if (channel.overflow === 'wait') queued += await this.#wait(outgoing, refused)
    else for (const peer of refused) this.#deps.dropped(peer, channel)
    return { peers: peers.length, queued, dropped: peers.length - queued }
  }

  /** @returns to how many of the peers the message went in the end. */
  async #wait(outgoing: Outgoing, refused: readonly string[]): Promise<number> {
    const pending: Pending[] = []
    const failures: Error[] = []
    for (const peer of refused) {
      const lane = this.#lane(peer, outgoing.channel.class)
      try {
        pending.push({ lane, waiter: lane.add(outgoing.payload) })
      } catch (thrown) {
        failures.push(toError(thrown))
      }
    }
    const outcomes = await this.#settled(outgoing, pending)
    if (failures[0]) throw failures[0]
    for (const [index, outcome] of outcomes.entries()) {
      const peer = pending[index]?.lane.peer ?? ''
      if (outcome === 'dropped') this.#deps.dropped(peer, outgoing.channel)
    }
    return outcomes.filter((outcome) => outcome === 'queued').length
  }

  async #settled({ topic, options }: Outgoing, pending: readonly Pending[]): Promise<string[]> {
    const work = Promise.all(pending.map(({ waiter }) => waiter.outcome.promise))
    try {
      return await within(this.#deps.host, work, { ...options, what: `Broadcast on "${topic}"` })
    } finally {
      for (const { lane, waiter } of pending) lane.cancel(waiter)
      for (const [key, lane] of this.#lanes) if (lane.waiting === 0) this.#lanes.delete(key)
    }
  }

  #isBehind(peer: string, { class: channelClass, overflow }: Channel): boolean {
    if (overflow !== 'wait') return false
    return (this.#lanes.get(laneKey(peer, channelClass))?.waiting ?? 0) > 0
  }

  #lane(peer: string, channelClass: ChannelClass): SendLane {
    const key = laneKey(peer, channelClass)
    const target = { peer, class: channelClass }
    const lane = this.#lanes.get(key) ?? new SendLane(target, this.#deps.router, this.#options)
    this.#lanes.set(key, lane)
    return lane
  }
}

function laneKey(peer: string, channelClass: ChannelClass): string {
  return `${channelClass} ${peer}`
}

function fullQueues({ topic, channel }: Outgoing, peers: readonly string[]): FoundationError {
  const names = peers.map((peer) => `"${peer}"`).join(', ')
  return new FoundationError(
    'FND_LIMIT_REACHED',
    `Broadcast on "${topic}": the ${channel.class} queue to ${names} is full; send less, or later`,
    { details: { topic, channel: channel.name, class: channel.class, peers } },
  )
}

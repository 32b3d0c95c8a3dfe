/**
 * One run at a meeting place, from start to stop: keeps the own entry fresh, tells others at once,
 * reads theirs, and comes back whenever the server does. A server that cannot be reached changes
 * nothing but the health: nobody is gone because of it.
 */
import { jitter, sleep, toError, within } from '../../../kernel/index.ts'
import { backoffMs } from '../../port/backoff.ts'
import { parseAddress } from '../../port/address.ts'
import type { PeerHint, StrategyContext } from '../../port/port.ts'
import { announcedAddressesMax, decodeAnnouncement, type Announcement } from '../announcement.ts'
import { Incarnations } from '../incarnations.ts'
import type { MeetingEntry, MeetingPlace } from './meeting-place.ts'

/** How a {@link Rendezvous} is kept. */
export interface RendezvousOptions {
  /** What the place is, for messages: `redis at 10.0.0.5:6379`. No passwords. */
  readonly what: string
  /** Between two beats, moved by up to 20 %. An entry ends after three. */
  readonly intervalMs: number
  /** A connection to the place, not yet open. */
  readonly connect: () => MeetingPlace
}

/** An entry that missed so many beats ends. */
export const missedBeats = 3
/** The server must answer within this. */
const answerMaxMs = 5_000
const farewellMaxMs = 1_000
const reconnect = { minMs: 500, maxMs: 15_000 }

/** One run. */
export class Rendezvous {
  readonly #context: StrategyContext
  readonly #options: RendezvousOptions
  readonly #incarnations = new Incarnations()
  readonly #present = new Map<string, PeerHint>()
  readonly #stopping = new AbortController()
  #pause = new AbortController()
  #task: Promise<void> | undefined
  #place: MeetingPlace | undefined
  #lost: Error | undefined
  #written: MeetingEntry | undefined
  #complaint: string | undefined
  #connections = 0
  #beats = 0

  constructor(context: StrategyContext, options: RendezvousOptions) {
    this.#context = context
    this.#options = options
  }

  start(): void {
    this.#task ??= this.#run()
  }

  /** Says goodbye if the server answers, and leaves nothing open. Never throws. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#pause.abort()
    await this.#task
  }

  /** Reads the list now. */
  refresh(): void {
    this.#pause.abort()
  }

  /** Plain figures for `status()`. */
  figures(): Record<string, unknown> {
    const { what: place } = this.#options
    return { place, connections: this.#connections, beats: this.#beats }
  }

  get #ttlMs(): number {
    return this.#options.intervalMs * missedBeats
  }

  async #run(): Promise<void> {
    const { host } = this.#context
    const { signal } = this.#stopping
    for (let failures = 0; !signal.aborted; failures++) {
      const beats = this.#beats
      const place = this.#options.connect()
      try {
        await this.#meet(place)
      } catch (error) {
        this.#complain(`${this.#options.what}: ${toError(error).message}`)
      }
      await this.#farewell(place)
      await place.close()
      if (this.#beats > beats) failures = 0
      await sleep(host, backoffMs(failures, reconnect, host.random()), signal)
    }
  }

  /** Stays until the connection is lost (throws) or the end (returns). */
  async #meet(place: MeetingPlace): Promise<void> {
    const { host } = this.#context
    this.#place = place
    this.#lost = undefined
    this.#written = undefined
    const opening = place.open({
      heard: (text) => {
        if (this.#place === place) this.#heard(text)
      },
      // The end of a connection may be told after the next one is there.
      lost: (error) => {
        if (this.#place !== place) return
        this.#lost = error
        this.#pause.abort()
      },
    })
    await this.#answered('connecting', opening)
    this.#connections += 1
    // After a loss others need time to come back as well, before their absence says anything.
    const isFirst = this.#connections === 1
    const completeFromMs = host.nowMs() + (isFirst ? 0 : this.#ttlMs + reconnect.maxMs * 1.2)
    while (!this.#stopping.signal.aborted) {
      this.#pause = new AbortController()
      await this.#beat(place, completeFromMs)
      this.#complain(undefined)
      const pauseMs = jitter(this.#options.intervalMs, 0.2, host.random())
      await sleep(host, pauseMs, this.#pause.signal)
      this.#throwIfLost()
    }
  }

  #throwIfLost(): void {
    if (this.#lost && !this.#stopping.signal.aborted) throw this.#lost
  }

  async #beat(place: MeetingPlace, completeFromMs: number): Promise<void> {
    const entry = entryOf(this.#context.self)
    if (entry) await this.#answered('writing', place.write(entry, this.#ttlMs))
    const isNews = entry !== undefined && entry.text !== this.#written?.text
    this.#written = entry
    if (isNews) await this.#answered('telling', place.tell(entry.text))
    const texts = await this.#answered('reading', place.list())
    this.#beats += 1
    this.#listed(texts, this.#context.host.nowMs() >= completeFromMs)
  }

  #answered<T>(doing: string, work: Promise<T>): Promise<T> {
    const { signal } = this.#stopping
    return within(this.#context.host, work, { what: doing, timeoutMs: answerMaxMs, signal })
  }

  #listed(texts: readonly string[], isComplete: boolean): void {
    const announced = texts.map(decodeAnnouncement).filter((one) => one !== undefined)
    for (const one of announced) this.#seen(one)
    if (!isComplete) return
    const names = new Set(announced.map(({ name }) => name))
    for (const [name, peer] of this.#present) {
      if (names.has(name)) continue
      this.#present.delete(name)
      this.#context.emit({ type: 'gone', peer, reason: 'expired' })
    }
  }

  #heard(text: string): void {
    if (this.#stopping.signal.aborted) return
    const announcement = decodeAnnouncement(text)
    if (announcement?.kind === 'bye') this.#left(announcement)
    else if (announcement) this.#seen(announcement)
  }

  #seen(announcement: Announcement): void {
    const { self, emit } = this.#context
    const { name, incarnation } = announcement
    const peer = hintOf(announcement, self.cluster)
    if (!peer || incarnation === self.incarnation) return
    if (!this.#incarnations.isNews(name, incarnation, false)) return
    this.#present.set(name, peer)
    emit({ type: 'seen', peer })
  }

  #left({ name, incarnation }: Announcement): void {
    if (incarnation === this.#context.self.incarnation) return
    if (!this.#incarnations.isNews(name, incarnation, true)) return
    const peer = this.#present.get(name)
    this.#present.delete(name)
    if (peer) this.#context.emit({ type: 'gone', peer, reason: 'goodbye' })
  }

  async #farewell(place: MeetingPlace): Promise<void> {
    const entry = this.#written
    if (!entry || this.#lost || !this.#stopping.signal.aborted) return
    const said = (async () => {
      await place.remove(entry)
      await place.tell(JSON.stringify({ ...(JSON.parse(entry.text) as object), kind: 'bye' }))
    })()
    const limit = { what: 'the goodbye', timeoutMs: farewellMaxMs }
    await within(this.#context.host, said, limit).catch((error: unknown) => {
      this.#context.log.debug({ error: toError(error) }, 'no goodbye: the entry ends by itself')
    })
  }

  #complain(complaint: string | undefined): void {
    if (complaint === this.#complaint || this.#stopping.signal.aborted) return
    this.#complaint = complaint
    const state = complaint === undefined ? 'ok' : 'degraded'
    const detail = complaint ?? `${this.#options.what} answers`
    this.#context.emit({ type: 'health', state, detail })
  }
}

/** Nothing while the node has no address to be dialled at. */
function entryOf(self: StrategyContext['self']): MeetingEntry | undefined {
  const { name, incarnation } = self
  const addresses = self.addresses.slice(0, announcedAddressesMax)
  if (addresses.length === 0) return undefined
  return { name, incarnation, text: JSON.stringify({ kind: 'here', name, incarnation, addresses }) }
}

function hintOf(
  { name, incarnation, addresses }: Announcement,
  cluster: string,
): PeerHint | undefined {
  const first = parseAddress(addresses[0] ?? '')
  return first && { ...first, addresses, nodeName: name, cluster, meta: { incarnation } }
}

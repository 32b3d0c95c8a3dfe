/**
 * The transport port inside one process: links to other nodes of the same {@link MemoryHub}, with
 * real copies of all bytes, real queues, and whatever faults the hub has.
 */
import { FoundationError, sleep, within } from '../../kernel/index.ts'
import { protocolVersions } from '../../wire/index.ts'
import {
  channelClasses,
  type Admission,
  type Capabilities,
  type ChannelClass,
  type LinkDownReason,
  type LinkInfo,
  type LinkStats,
  type NodeIdentity,
  type SendOutcome,
  type Transport,
  type TransportDeps,
  type TransportHandlers,
} from '../port/port.ts'
import { RefusalReports } from '../port/refusal-reports.ts'
import type { Attempt } from './attempt.ts'
import { Door, type Network, type Terms } from './door.ts'
import { joinEnds } from './link.ts'
import { LinkEnd, type LinkNews } from './link-end.ts'
import { newsFor, type Tell } from './link-news.ts'
import { News } from '../port/news.ts'
import { PeerLedger } from './peer-ledger.ts'
import { dialError } from '../port/dial-errors.ts'

/** The hub, as a transport that comes and goes. */
export interface Socket {
  readonly network: Network
  /** Takes a free address. `place` is the node's name in the faults of the network. */
  listen(transport: MemoryTransport, name: string): { address: string; place: string }
  unlisten(address: string): void
}

/** `idle` was never started, `dead` was killed by a fault. */
type State =
  | { readonly is: 'idle' }
  | ({ readonly is: 'running' | 'stopping' } & Running)
  | { readonly is: 'stopped' | 'dead' }

interface Running {
  readonly address: string
  readonly place: string
  readonly self: NodeIdentity
  readonly handlers: TransportHandlers
  readonly door: Door
}

const flushMsDefault = 1_000
const flushCheckMs = 5

/** One node's engine. */
export class MemoryTransport implements Transport {
  readonly capabilities: Capabilities
  readonly #deps: TransportDeps
  readonly #socket: Socket
  readonly #news: News
  readonly #ledger = new PeerLedger()
  readonly #links = new Map<string, LinkEnd>()
  #state: State = { is: 'idle' }
  #stopping: Promise<void> | undefined

  constructor(deps: TransportDeps, socket: Socket) {
    this.#deps = deps
    this.#socket = socket
    this.#news = new News(deps.host, deps.log)
    this.capabilities = {
      ordered: true,
      nativeFanout: false,
      payloadMaxBytes: socket.network.options.payloadMaxBytes,
      classes: channelClasses,
    }
  }

  /** The door of a running transport, for the hub. */
  get door(): Door | undefined {
    return this.#running?.door
  }

  /** The live ends, for the hub's faults. */
  get links(): ReadonlyMap<string, LinkEnd> {
    return this.#links
  }

  /** Its name in the faults of the network, once started. */
  get place(): string | undefined {
    return this.#running?.place
  }

  start(self: NodeIdentity, handlers: TransportHandlers): Promise<readonly string[]> {
    const running = this.#running
    if (running) return Promise.resolve([running.address])
    if (this.#state.is !== 'idle') return Promise.reject(notRunning())
    const { address, place } = this.#socket.listen(this, self.name)
    const identity = { ...self, addresses: [...new Set([address, ...self.addresses])] }
    const door = this.#makeDoor(identity, { place, handlers })
    this.#state = { is: 'running', address, place, self: identity, handlers, door }
    return Promise.resolve([address])
  }

  stop(flushMs: number = flushMsDefault): Promise<void> {
    this.#stopping ??= this.#stop(flushMs)
    return this.#stopping
  }

  /** Ends at once, as a killed process does: the peers get a reset, this node's handlers nothing. */
  kill(): void {
    const running = this.#running
    this.#state = { is: 'dead' }
    this.#news.silence()
    if (!running) return
    this.#socket.unlisten(running.address)
    running.door.close('broken')
    for (const end of this.#links.values()) end.shut('lost', 'lost')
    this.#links.clear()
  }

  async dial(address: string, signal?: AbortSignal): Promise<NodeIdentity> {
    if (this.#state.is !== 'running') throw notRunning()
    signal?.throwIfAborted()
    const linked = [...this.#links.values()].find((end) =>
      end.info.peer.addresses.includes(address),
    )
    if (linked) return linked.info.peer
    const attempt = this.#state.door.dial(address)
    attempt.join()
    try {
      const what = `dial of "${address}"`
      return await within(this.#deps.host, attempt.outcome, { what, ...(signal && { signal }) })
    } catch (error) {
      attempt.leave()
      throw error
    }
  }

  close(peer: string): void {
    this.#links.get(peer)?.shut('closed', 'goodbye')
  }

  send(peer: string, channelClass: ChannelClass, payload: Uint8Array): SendOutcome {
    return this.#links.get(peer)?.send(channelClass, payload) ?? 'disconnected'
  }

  whenWritable(peer: string, channelClass: ChannelClass): Promise<void> {
    return this.#links.get(peer)?.whenWritable(channelClass) ?? Promise.resolve()
  }

  silentMs(peer: string): number | undefined {
    return this.#links.get(peer)?.silentMs
  }

  stats(): LinkStats[] {
    return [...this.#links.values()].map((end) => end.stats())
  }

  get #running(): Running | undefined {
    return this.#state.is === 'running' || this.#state.is === 'stopping' ? this.#state : undefined
  }

  get #isDead(): boolean {
    return this.#state.is === 'dead'
  }

  async #stop(flushMs: number): Promise<void> {
    const running = this.#running
    if (!running) {
      if (this.#state.is === 'idle') this.#state = { is: 'stopped' }
      return
    }
    this.#state = { ...running, is: 'stopping' }
    running.door.close('leaving')
    await this.#flush(flushMs)
    for (const end of [...this.#links.values()]) end.shut('closed', 'goodbye')
    if (this.#isDead) return
    this.#socket.unlisten(running.address)
    this.#state = { is: 'stopped' }
  }

  async #flush(flushMs: number): Promise<void> {
    const { host } = this.#deps
    const deadlineMs = host.nowMs() + flushMs
    const isFlushed = (): boolean => [...this.#links.values()].every((end) => end.isFlushed)
    while (!isFlushed() && host.nowMs() < deadlineMs) await sleep(host, flushCheckMs)
  }

  #makeDoor(self: NodeIdentity, by: { place: string; handlers: TransportHandlers }): Door {
    const reports = new RefusalReports(this.#deps.host, (report) => {
      this.#news.tell(() => {
        by.handlers.refused(report)
      })
    })
    return new Door({
      host: this.#deps.host,
      network: this.#socket.network,
      ledger: this.#ledger,
      place: by.place,
      self,
      protocol: this.#deps.protocol ?? protocolVersions,
      admit: async (peer): Promise<Admission> => by.handlers.admit(peer),
      linkWith: (peer) => this.#links.get(peer),
      connect: (link) => {
        this.#connect(link)
      },
      makePendingEnd: (terms) =>
        this.#makeEnd({ ...terms, address: terms.peer.addresses[0] ?? '', dialedBy: 'peer' }),
      refused: (address, objection, isOurDial) => {
        const { reason } = objection
        const { message } = dialError(address, objection)
        reports.add({ address, reason, message, isOurDial })
      },
    })
  }

  #connect(link: { remote: Door; terms: Terms; attempt: Attempt }): void {
    const running = this.#running
    if (!running) return
    const { remote, terms, attempt } = link
    const end = this.#makeEnd({ ...terms, address: attempt.address, dialedBy: 'self' })
    const self = JSON.parse(JSON.stringify(running.self)) as NodeIdentity
    const remoteEnd = remote.pendingEnd({ ...terms, peer: self })
    joinEnds(
      this.#socket.network,
      { end, place: running.place, host: this.#deps.host },
      { end: remoteEnd, place: remote.deps.place, host: remote.deps.host },
    )
    this.#install(end, true)
  }

  #makeEnd(info: LinkInfo): LinkEnd {
    const { host } = this.#deps
    const record = this.#ledger.record(info.peer)
    return new LinkEnd(info, { host, record, news: this.#linkNews() }, this.#socket.network.options)
  }

  /** The link is up on this side; a former one with the same name is gone with that. */
  #install(end: LinkEnd, confirm: boolean): void {
    const { peer } = end.info
    this.#links.get(peer.name)?.shut('lost', 'lost')
    this.#links.set(peer.name, end)
    end.open(confirm)
    this.#tell((handlers) => {
      handlers.linkUp(end.info)
    })
    this.#running?.door.linked(peer.name)
  }

  readonly #tell: Tell = (call) => {
    const handlers = this.#running?.handlers
    if (!handlers) return
    this.#news.tell(() => {
      call(handlers)
    })
  }

  #linkNews(): LinkNews {
    return {
      ...newsFor(this.#tell),
      confirmed: (end) => {
        if (this.#running?.door.confirm(end) !== true) return false
        this.#install(end, false)
        return true
      },
      down: (end, reason) => {
        this.#dropped(end, reason)
      },
    }
  }

  #dropped(end: LinkEnd, reason: LinkDownReason): void {
    if (end.isFlushed) this.#socket.network.unwatch(end)
    const { peer } = end.info
    if (this.#links.get(peer.name) === end) this.#links.delete(peer.name)
    this.#tell((handlers) => {
      handlers.linkDown(end.info, reason)
    })
  }
}

function notRunning(): FoundationError {
  return new FoundationError(
    'FND_NOT_RUNNING',
    'The memory transport is not running: the node was not started, or it stops',
  )
}

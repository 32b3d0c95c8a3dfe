/**
 * The mesh engine: every node is linked to every other by TLS connections of its own, one for each
 * class of traffic. No broker, no native module.
 */
import assert from 'node:assert'
import type { TLSSocket } from 'node:tls'
import { FoundationError, resolveRules, toError } from '../../kernel/index.ts'
import { protocolVersions } from '../../wire/index.ts'
import {
  channelClasses,
  type Capabilities,
  type ChannelClass,
  type LinkDownReason,
  type LinkStats,
  type NodeIdentity,
  type SendOutcome,
  type Transport,
  type TransportDeps,
  type TransportEngine,
  type TransportHandlers,
} from '../port/port.ts'
import { RefusalReports, type LinkFailure } from '../port/refusal-reports.ts'
import type { Opened } from './class-dialer.ts'
import type { Credentials, VerifiedPeer } from './credentials.ts'
import type { GreetingDeps } from './greeting.ts'
import { guarded } from './guarded-handlers.ts'
import { LinkAcceptor } from './link-acceptor.ts'
import { LinkDialer } from './link-dialer.ts'
import type { LinkFacts } from './link-facts.ts'
import { LinkTable } from './link-table.ts'
import { Link } from './link.ts'
import type { MeshListener } from './listener.ts'
import { classPolicies, meshRules, type MeshOptions } from './mesh-options.ts'
import { openListener } from './open-listener.ts'
import { remoteHostOf } from './remote-address.ts'
import { StreamBook } from '../port/sequence.ts'
import { reasonOf } from './tls-failure.ts'

/** Departed peers whose streams are remembered. */
const departedMax = 1024

const capabilities: Capabilities = {
  ordered: true,
  nativeFanout: false,
  classes: channelClasses,
  payloadMaxBytes: {
    control: classPolicies.control.payloadMaxBytes,
    events: classPolicies.events.payloadMaxBytes,
    telemetry: classPolicies.telemetry.payloadMaxBytes,
    bulk: classPolicies.bulk.payloadMaxBytes,
  },
}

type MeshState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'starting'; readonly ready: Promise<Running> }
  | Running
  | { readonly kind: 'stopped'; readonly done: Promise<void> }

interface Running {
  readonly kind: 'running'
  readonly self: NodeIdentity
  readonly handlers: TransportHandlers
  readonly reports: RefusalReports
  readonly dialer: LinkDialer
  readonly acceptor: LinkAcceptor
  readonly listener: MeshListener
}

/** What the mesh proves itself with, and any of {@link MeshOptions}. */
export interface MeshSettings extends Partial<MeshOptions> {
  readonly credentials: Credentials
}

/** The engine over {@link MeshTransport}. */
export function mesh(settings: MeshSettings): TransportEngine {
  const { credentials, ...given } = settings
  const options = resolveRules(meshRules, given, 'transport')
  return { kind: 'mesh', create: (deps) => new MeshTransport(deps, credentials, options) }
}

/** See {@link Transport}. */
export class MeshTransport implements Transport {
  readonly capabilities: Capabilities = capabilities
  readonly #deps: TransportDeps
  readonly #credentials: Credentials
  readonly #options: MeshOptions
  readonly #table = new LinkTable()
  readonly #book = new StreamBook(departedMax)
  readonly #stopping = new AbortController()
  #state: MeshState = { kind: 'idle' }

  constructor(deps: TransportDeps, credentials: Credentials, options: MeshOptions) {
    this.#deps = deps
    this.#credentials = credentials
    this.#options = options
  }

  async start(self: NodeIdentity, handlers: TransportHandlers): Promise<readonly string[]> {
    if (this.#state.kind === 'idle') {
      this.#state = { kind: 'starting', ready: this.#begin(self, handlers) }
    }
    if (this.#state.kind === 'starting') await this.#state.ready
    return this.#running().self.addresses
  }

  stop(flushMs = 1_000): Promise<void> {
    if (this.#state.kind !== 'stopped') {
      const before = this.#state
      this.#stopping.abort(notRunning())
      this.#state = { kind: 'stopped', done: this.#stop(before, flushMs) }
    }
    return this.#state.done
  }

  async dial(address: string, signal?: AbortSignal): Promise<NodeIdentity> {
    const { dialer, reports } = this.#running()
    const signals = [this.#stopping.signal, ...(signal ? [signal] : [])]
    try {
      return await dialer.dial(address, AbortSignal.any(signals))
    } catch (thrown) {
      report(reports, { address, isOurDial: true }, thrown)
      throw thrown
    }
  }

  close(peer: string): void {
    void this.#table.get(peer)?.close()
  }

  send(peer: string, channelClass: ChannelClass, payload: Uint8Array): SendOutcome {
    const link = this.#table.get(peer)
    if (!link?.isUp) return 'disconnected'
    assert(payload.length <= capabilities.payloadMaxBytes[channelClass], 'payload over its maximum')
    return link.lane[channelClass].send(payload)
  }

  whenWritable(peer: string, channelClass: ChannelClass): Promise<void> {
    return this.#table.get(peer)?.lane[channelClass].whenWritable() ?? Promise.resolve()
  }

  silentMs(peer: string): number | undefined {
    return this.#table.get(peer)?.silentMs
  }

  stats(): LinkStats[] {
    return this.#table.all().map((link) => link.stats())
  }

  /** Runs, or is idle again, unless it was stopped meanwhile: then `#stop` closes what began. */
  async #begin(self: NodeIdentity, handlers: TransportHandlers): Promise<Running> {
    try {
      const running = await this.#start(self, handlers)
      if (this.#state.kind === 'starting') this.#state = running
      return running
    } catch (error) {
      if (this.#state.kind === 'starting') this.#state = { kind: 'idle' }
      throw error
    }
  }

  async #start(self: NodeIdentity, given: TransportHandlers): Promise<Running> {
    const { host, log } = this.#deps
    const handlers = guarded(given, log)
    const reports = new RefusalReports(host, (report) => {
      handlers.refused(report)
    })
    const { listener, addresses } = await openListener(
      { ...this.#deps, onSocket: this.#onSocket, reports },
      { self: self.name, credentials: this.#credentials, options: this.#options },
    )
    if (this.#stopping.signal.aborted) {
      await listener.close()
      throw notRunning()
    }
    const identity = self.addresses.length > 0 ? self : { ...self, addresses }
    const greeting: GreetingDeps = {
      ...{ host, handlers, self: identity, table: this.#table, book: this.#book },
      protocol: this.#deps.protocol ?? protocolVersions,
      credentials: this.#credentials,
      dialTimeoutMs: this.#options.dialTimeoutMs,
      stopping: this.#stopping.signal,
      linkUp: this.#linkUp,
    }
    log.debug({ addresses }, 'listening for other nodes')
    return {
      kind: 'running',
      self: { ...identity, addresses },
      handlers,
      reports,
      dialer: new LinkDialer(greeting),
      acceptor: new LinkAcceptor(greeting),
      listener,
    }
  }

  async #stop(before: MeshState, flushMs: number): Promise<void> {
    const started = before.kind === 'starting' ? await before.ready.catch(() => undefined) : before
    const flushed = new AbortController()
    const timer = this.#deps.host.after(flushMs, () => {
      flushed.abort()
    })
    const links = this.#table.all()
    await Promise.all(links.map((link) => link.drained(flushed.signal)))
    timer.cancel()
    await Promise.all(links.map((link) => link.close()))
    if (started?.kind === 'running') await started.listener.close()
  }

  #running(): Running {
    if (this.#state.kind === 'running') return this.#state
    throw notRunning()
  }

  readonly #onSocket = (socket: TLSSocket, peer: VerifiedPeer): void => {
    if (this.#state.kind !== 'running') {
      socket.destroy()
      return
    }
    const { acceptor, reports } = this.#state
    const remoteAddress = remoteHostOf(socket)
    acceptor.accept(socket, peer).catch((thrown: unknown) => {
      report(reports, { address: remoteAddress, isOurDial: false }, thrown)
      this.#deps.log.debug({ error: toError(thrown) }, 'handshake ended without a link')
    })
  }

  readonly #linkUp = (facts: LinkFacts, opened: Opened): void => {
    const old = this.#table.get(facts.info.peer.name)
    if (this.#state.kind === 'running') old?.down(old.isUp ? 'lost' : 'goodbye')
    // That news may have made somebody stop the engine.
    if (this.#state.kind !== 'running') {
      opened.socket.destroy()
      return
    }
    const { handlers, dialer } = this.#state
    const link = new Link(
      {
        ...{ host: this.#deps.host, log: this.#deps.log, handlers },
        dialClass: (of, lane, signal) => dialer.dialClass(of, lane, signal),
        onDown: (of, reason) => {
          this.#linkDown(handlers, of, reason)
        },
      },
      facts,
      this.#options,
    )
    const { name: peer } = facts.info.peer
    this.#deps.telemetry.execute('transport.link.up', { count: 1 }, () => ({ peer }))
    // In the table first: what the handler sends is queued and goes out with the start.
    this.#table.add(link)
    handlers.linkUp(facts.info)
    link.start(opened)
  }

  #linkDown(handlers: TransportHandlers, link: Link, reason: LinkDownReason): void {
    this.#table.remove(link)
    const { name: peer } = link.info.peer
    this.#deps.telemetry.execute('transport.link.down', { count: 1 }, () => ({ peer, reason }))
    handlers.linkDown(link.info, reason)
  }
}

function report(
  reports: RefusalReports,
  link: Pick<LinkFailure, 'address' | 'isOurDial'>,
  thrown: unknown,
): void {
  const reason = reasonOf(thrown)
  if (reason !== undefined) reports.add({ ...link, reason, message: toError(thrown).message })
}

function notRunning(): FoundationError {
  return new FoundationError(
    'FND_NOT_RUNNING',
    'The transport is not running: the node was not started, or it stops',
  )
}

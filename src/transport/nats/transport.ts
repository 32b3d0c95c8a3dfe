/**
 * The transport port over a NATS broker: one connection to it per channel class, links between
 * nodes by a handshake over it, life by pulses that each node says once for all.
 */
import { FoundationError, resolveKeyring } from '../../kernel/index.ts'
import {
  channelClasses,
  type Capabilities,
  type ChannelClass,
  type LinkStats,
  type NodeIdentity,
  type SendOutcome,
  type Transport,
  type TransportDeps,
  type TransportHandlers,
} from '../port/port.ts'
import { StreamBook } from '../port/sequence.ts'
import { loadClient } from './client.ts'
import { directKinds } from './direct.ts'
import { NatsTopics } from './fanout.ts'
import { senderBytes } from './frames.ts'
import type { NatsLink } from './link.ts'
import { natsClasses, type NatsOptions } from './options.ts'
import { plainSeal, SecretSeal, type Seal } from './seal.ts'
import { Station } from './station.ts'
import { SentStreams } from './streams.ts'

type State =
  | { readonly is: 'idle' | 'stopped' }
  | { readonly is: 'starting'; readonly started: Promise<readonly string[]> }
  | { readonly is: 'running' | 'stopping'; readonly station: Station }

const flushMsDefault = 1_000
const peersMax = 4_096

/** Where the secret for `sealed` is looked for when no option gives it. */
export interface NatsSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>
}

/** One node's engine. */
export class NatsTransport implements Transport {
  readonly capabilities: Capabilities = {
    ordered: true,
    nativeFanout: true,
    payloadMaxBytes: {
      control: natsClasses.control.payloadMaxBytes,
      events: natsClasses.events.payloadMaxBytes,
      telemetry: natsClasses.telemetry.payloadMaxBytes,
      bulk: natsClasses.bulk.payloadMaxBytes,
    },
    classes: channelClasses,
  }
  readonly fanout: NatsTopics
  readonly #deps: TransportDeps
  readonly #options: NatsOptions
  readonly #surroundings: NatsSurroundings
  readonly #book = new StreamBook(peersMax, directKinds.length)
  readonly #streams: SentStreams
  #state: State = { is: 'idle' }
  #stopping: Promise<void> | undefined

  constructor(deps: TransportDeps, options: NatsOptions, surroundings: NatsSurroundings) {
    this.#deps = deps
    this.#options = options
    this.#surroundings = surroundings
    this.#streams = new SentStreams(options.streamsMax)
    this.fanout = new NatsTopics(this.#streams)
  }

  start(self: NodeIdentity, handlers: TransportHandlers): Promise<readonly string[]> {
    const state = this.#state
    if (state.is === 'starting') return state.started
    if (state.is === 'running') return Promise.resolve([state.station.address])
    if (state.is !== 'idle') return Promise.reject(notRunning())
    const started = this.#start(self, handlers)
    this.#state = { is: 'starting', started }
    return started
  }

  stop(flushMs: number = flushMsDefault): Promise<void> {
    this.#stopping ??= this.#stop(flushMs)
    return this.#stopping
  }

  async dial(address: string, signal?: AbortSignal): Promise<NodeIdentity> {
    if (this.#state.is !== 'running') throw notRunning()
    return this.#state.station.dial(address, signal)
  }

  close(peer: string): void {
    const link = this.#link(peer)
    if (link) this.#station?.close(link)
  }

  send(peer: string, channelClass: ChannelClass, payload: Uint8Array): SendOutcome {
    const link = this.#link(peer)
    return (link && this.#station?.send(link, channelClass, payload)) ?? 'disconnected'
  }

  async whenWritable(peer: string, channelClass: ChannelClass): Promise<void> {
    if (this.#link(peer)) await this.#station?.whenWritable(channelClass)
  }

  silentMs(peer: string): number | undefined {
    return this.#link(peer)?.silentMs
  }

  stats(): LinkStats[] {
    return this.#station?.stats() ?? []
  }

  outage(): string | undefined {
    return this.#station?.outage()
  }

  get #station(): Station | undefined {
    return 'station' in this.#state ? this.#state.station : undefined
  }

  #link(peer: string): NatsLink | undefined {
    return this.#station?.link(peer)
  }

  async #start(self: NodeIdentity, handlers: TransportHandlers): Promise<readonly string[]> {
    const { host } = this.#deps
    const sender = Buffer.from(host.randomBytes(senderBytes)).toString('hex')
    const station = new Station({
      ...{ deps: this.#deps, options: this.#options, self, handlers, sender },
      ...{ book: this.#book, streams: this.#streams, topics: this.fanout },
      seal: await this.#seal(self.cluster, sender),
    })
    try {
      await station.start(await loadClient(this.#options.lib))
    } catch (error) {
      this.#state = { is: 'stopped' }
      await station.stop(0)
      throw error
    }
    this.#state = { is: 'running', station }
    return [station.address]
  }

  async #seal(cluster: string, sender: string): Promise<Seal> {
    const { sealed, secret } = this.#options
    if (!sealed) return plainSeal
    const randomBytes = (count: number): Uint8Array => this.#deps.host.randomBytes(count)
    const { keyring } = await resolveKeyring({ secret, env: this.#surroundings.env, randomBytes })
    return new SecretSeal(keyring, { cluster, sender })
  }

  async #stop(flushMs: number): Promise<void> {
    if (this.#state.is === 'starting') await this.#state.started.catch(() => undefined)
    const station = this.#station
    if (station) {
      this.#state = { is: 'stopping', station }
      await station.stop(flushMs)
    }
    this.#state = { is: 'stopped' }
  }
}

/** A part that needs a running transport was called without one. */
function notRunning(): FoundationError {
  return new FoundationError(
    'FND_NOT_RUNNING',
    'The NATS engine is not running: the node was not started, or it stops',
  )
}

/**
 * The connection of one class to the broker. It comes back by itself for ever; while it is away
 * payloads wait in a bounded outbox, and what the broker did not confirm is said again.
 */
import {
  FoundationError,
  RepeatGate,
  sleep,
  toError,
  type Host,
  type Log,
} from '../../kernel/index.ts'
import type { ChannelClass, SendOutcome } from '../port/port.ts'
import {
  clientOptions,
  connectError,
  type Client,
  type ClientLibrary,
  type ClientMessage,
} from './client.ts'
import { Listening } from './listening.ts'
import type { NatsOptions } from './options.ts'
import { OutboxPump } from './outbox-pump.ts'
import { Outbox } from './outbox.ts'
import type { Seal } from './seal.ts'
import type { Stream } from './streams.ts'

/** What an uplink talks to. */
export interface UplinkDeps {
  readonly host: Host
  readonly log: Log
  readonly seal: Seal
  readonly sender: string
  readonly nodeName: string
  readonly channelClass: ChannelClass
  readonly received: (message: ClientMessage, uplink: Uplink) => void
  /** The connection was lost, or is there again. */
  readonly changed: (uplink: Uplink) => void
}

/** `away`: lost, and being made again. */
export type UplinkState = 'idle' | 'up' | 'away' | 'stopped'

/** Shortest wait before the broker is tried again. */
const delayMinMs = 100

/** In front of a message on the broker's own wire, and after it. */
const protocolBytes = 512

/** One a class. */
export class Uplink {
  readonly channelClass: ChannelClass
  readonly #deps: UplinkDeps
  readonly #options: NatsOptions
  readonly #listening: Listening
  #lib: ClientLibrary | undefined
  #client: Client | undefined
  #pump: OutboxPump | undefined
  #state: UplinkState = 'idle'
  #lostAtMs = 0
  readonly #gate = new RepeatGate({ quietMs: 60_000, keysMax: 4 })

  constructor(deps: UplinkDeps, options: NatsOptions) {
    this.channelClass = deps.channelClass
    this.#deps = deps
    this.#options = options
    const { log, received } = deps
    this.#listening = new Listening({
      log,
      client: () => this.client,
      received: (message) => {
        received(message, this)
      },
    })
  }

  get state(): UplinkState {
    return this.#state
  }

  get queuedBytes(): number {
    return this.#pump?.outbox.queuedBytes ?? 0
  }

  get queuedParcels(): number {
    return this.#pump?.outbox.queuedParcels ?? 0
  }

  /**
   * Reaches the broker.
   *
   * @throws {FoundationError} `FND_DIAL_FAILED`, `FND_HANDSHAKE_REFUSED`
   */
  async connect(lib: ClientLibrary): Promise<void> {
    if (this.#state !== 'idle') return
    this.#lib = lib
    const client = await this.#reach()
    this.#pump = this.#pumpFor(client)
    this.#adopt(client)
  }

  /** The client, for requests; undefined while the broker is away. */
  get client(): Client | undefined {
    return this.#state === 'up' ? this.#client : undefined
  }

  /** Takes a payload, which is then counted in its stream, or says that the outbox is full. */
  send(payload: Uint8Array, stream: Stream): SendOutcome {
    if (!this.#pump || this.#state === 'stopped') return 'disconnected'
    return this.#pump.add(payload, stream)
  }

  /** Drops what has waited longest so that there is room; returns the number of payloads dropped. */
  makeRoom(bytes: number): number {
    return this.#pump?.outbox.makeRoom(bytes) ?? 0
  }

  /** Says something that belongs to no stream, in order with the payloads. */
  say(subject: string, message: Buffer): void {
    this.#pump?.addMessage(subject, message)
  }

  /** Resolves when there is room again, or the uplink has stopped. */
  whenWritable(): Promise<void> {
    return this.#pump?.whenWritable() ?? Promise.resolve()
  }

  /** Listens on a subject; counted, so that each call needs its `unlisten`. Resolves when the broker knows. */
  listen(subject: string): Promise<void> {
    return this.#listening.add(subject)
  }

  unlisten(subject: string): void {
    this.#listening.remove(subject)
  }

  /** Listens on a subject no more, but takes what is under way. Resolves when the broker knows. */
  listenOut(subject: string): Promise<void> {
    return this.#listening.drain(subject)
  }

  /** Waits until the broker has everything, for at most `flushMs`. */
  async drain(flushMs: number): Promise<void> {
    const { host } = this.#deps
    const deadlineMs = host.nowMs() + flushMs
    while (
      this.#state === 'up' &&
      this.#pump?.outbox.isEmpty === false &&
      host.nowMs() < deadlineMs
    ) {
      this.#pump.send()
      await sleep(host, 2)
    }
  }

  async stop(): Promise<void> {
    if (this.#state === 'stopped') return
    this.#state = 'stopped'
    this.#pump?.stop()
    this.#listening.stop()
    await this.#client?.close().catch(() => undefined)
  }

  #pumpFor(client: Client): OutboxPump {
    const { host, sender, seal } = this.#deps
    const outbox = new Outbox({
      sender,
      queueMaxBytes: this.#options.queueMaxBytes,
      windowMaxBytes: this.#options.windowMaxBytes,
      messageMaxBytes: (client.info?.max_payload ?? 1024 * 1024) - protocolBytes,
      close: (message, subject) => seal.close(message, subject),
    })
    return new OutboxPump({ host, outbox, client: () => this.client }, this.#options)
  }

  async #reach(): Promise<Client> {
    const lib = this.#lib
    if (!lib) throw new FoundationError('FND_NOT_RUNNING', 'The NATS engine was not started')
    const { nodeName, channelClass } = this.#deps
    const name = `foundation ${nodeName} ${channelClass}`
    const options = clientOptions(lib, this.#options, { name, delayMs: () => this.#delayMs() })
    try {
      return await lib.connect(options)
    } catch (thrown) {
      throw connectError(thrown, this.#options.servers)
    }
  }

  /**
   * Grows with the time the broker is away (the client asks more than once an attempt), moved by
   * chance, so that a whole cluster does not come at once.
   */
  #delayMs(): number {
    const awayMs = this.#state === 'away' ? this.#deps.host.nowMs() - this.#lostAtMs : 0
    const boundMs = Math.min(this.#options.reconnectMaxMs, Math.max(delayMinMs, awayMs / 2))
    return boundMs * (0.5 + this.#deps.host.random() / 2)
  }

  #adopt(client: Client): void {
    this.#client = client
    this.#state = 'up'
    this.#listening.moveTo(client)
    void this.#follow(client)
  }

  async #follow(client: Client): Promise<void> {
    for await (const status of client.status()) {
      if (client !== this.#client || this.#isStopped()) return
      if (status.type === 'disconnect') this.#lost()
      if (status.type === 'reconnect') this.#back()
      if (status.type === 'error') this.#complained(status.error)
    }
    if (client === this.#client && !this.#isStopped()) await this.#reopen(await client.closed())
  }

  #complained(error: unknown): void {
    const { log, channelClass } = this.#deps
    log.error(
      { channelClass, error },
      'the broker complains: see its own log and the rights of this user',
    )
  }

  #isStopped(): boolean {
    return this.#state === 'stopped'
  }

  #lost(): void {
    if (this.#state !== 'up') return
    const { log, channelClass } = this.#deps
    log.warn(
      { channelClass },
      'the connection to the broker is lost: messages wait until it is back',
    )
    this.#state = 'away'
    this.#lostAtMs = this.#deps.host.nowMs()
    this.#pump?.lost()
    this.#deps.changed(this)
  }

  #back(): void {
    if (this.#state !== 'away') return
    this.#state = 'up'
    if (this.#client) this.#listening.back(this.#client)
    this.#tellBack()
    this.#pump?.outbox.rewind()
    this.#deps.changed(this)
    this.#pump?.send()
  }

  #tellBack(): void {
    const { host, log, channelClass } = this.#deps
    const awayMs = Math.round(host.nowMs() - this.#lostAtMs)
    log.info({ channelClass, awayMs }, 'the connection to the broker is there again')
  }

  /** The client gave up for good, as it does when it is refused: nobody else would try again. */
  async #reopen(cause: unknown): Promise<void> {
    const { host, log, channelClass } = this.#deps
    log.error(
      { channelClass, cause },
      'the broker ended the connection, as it does when it refuses a node; trying again',
    )
    this.#lost()
    while (this.#state === 'away') {
      await sleep(host, this.#delayMs())
      await this.#tryAgain()
    }
  }

  async #tryAgain(): Promise<void> {
    if (this.#isStopped()) return
    try {
      const client = await this.#reach()
      if (this.#isStopped()) await client.close()
      else this.#adoptAgain(client)
    } catch (thrown) {
      const { host, log, channelClass } = this.#deps
      if (!this.#gate.opens('unreachable', host.nowMs())) return
      const fields = { channelClass, error: toError(thrown) }
      log.warn(fields, 'the broker cannot be reached; more attempts are not logged for a minute')
    }
  }

  #adoptAgain(client: Client): void {
    this.#state = 'away'
    this.#adopt(client)
    this.#tellBack()
    this.#pump?.outbox.rewind()
    this.#deps.changed(this)
    this.#pump?.send()
  }
}

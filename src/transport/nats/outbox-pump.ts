/**
 * Moves an {@link Outbox} to the broker: once a turn, as far as the window allows, and what the broker
 * has confirmed out of it. Whoever waits for room is woken here.
 */
import type { Host } from '../../kernel/index.ts'
import type { SendOutcome } from '../port/port.ts'
import type { Client } from './client.ts'
import type { Outbox } from './outbox.ts'
import type { Stream } from './streams.ts'

/** What a pump talks to. */
export interface OutboxPumpDeps {
  readonly host: Host
  readonly outbox: Outbox
  /** Undefined while the broker is away. */
  readonly client: () => Client | undefined
}

/** One a class; `stop` is final. */
export class OutboxPump {
  readonly outbox: Outbox
  readonly #deps: OutboxPumpDeps
  readonly #queueMaxBytes: number
  readonly #writers = new Set<() => void>()
  #state: 'idle' | 'scheduled' | 'stopped' = 'idle'
  #flush: 'idle' | 'waiting' = 'idle'
  /** Counts the connections: what an earlier one confirms late counts no more. */
  #life = 0

  constructor(deps: OutboxPumpDeps, { queueMaxBytes }: { readonly queueMaxBytes: number }) {
    this.#deps = deps
    this.outbox = deps.outbox
    this.#queueMaxBytes = queueMaxBytes
  }

  /** Takes a payload, which is then counted in its stream, or says that the outbox is full. */
  add(payload: Uint8Array, stream: Stream): SendOutcome {
    const { outbox } = this
    if (!outbox.hasRoom(payload.length)) return 'full'
    outbox.add(stream, payload)
    // Who publishes in a loop may not let the turn end for long.
    if (outbox.isPressing) this.send(false)
    this.#schedule()
    return 'accepted'
  }

  /** Takes something that belongs to no stream, in order with the payloads. */
  addMessage(subject: string, message: Buffer): void {
    this.outbox.addMessage(subject, message)
    this.#schedule()
  }

  /** Resolves when there is room again, or the pump has stopped. */
  whenWritable(): Promise<void> {
    if (this.#isWritable) return Promise.resolve()
    return new Promise((resolve) => {
      this.#writers.add(resolve)
    })
  }

  /**
   * Says all that may leave now.
   *
   * @param partial as `Outbox.take` has it.
   */
  send(partial = true): void {
    const { outbox } = this
    const client = this.#deps.client()
    if (!client) return
    for (let parcel = outbox.take(partial); parcel; parcel = outbox.take(partial)) {
      client.publish(parcel.subject, parcel.bytes)
    }
    if (outbox.flying > 0 && this.#flush === 'idle') this.#confirm(client)
    if (this.#isWritable) this.#wake()
  }

  /** The connection is gone, and with it every confirmation it owed. */
  lost(): void {
    this.#life += 1
    this.#flush = 'idle'
  }

  stop(): void {
    this.#state = 'stopped'
    this.#wake()
  }

  get #isWritable(): boolean {
    return this.#state === 'stopped' || this.outbox.hasRoom(this.#queueMaxBytes)
  }

  #schedule(): void {
    if (this.#state !== 'idle') return
    this.#state = 'scheduled'
    this.#deps.host.defer(() => {
      if (this.#state === 'scheduled') this.#state = 'idle'
      this.send()
    })
  }

  /** The broker answers a flush when it has all that was said before. */
  #confirm(client: Client): void {
    const life = this.#life
    const count = this.outbox.flying
    this.#flush = 'waiting'
    client.flush().then(
      () => {
        if (life !== this.#life) return
        this.#flush = 'idle'
        this.outbox.confirm(count)
        this.send()
      },
      () => {
        if (life === this.#life) this.#flush = 'idle'
      },
    )
  }

  #wake(): void {
    for (const resolve of this.#writers) resolve()
    this.#writers.clear()
  }
}

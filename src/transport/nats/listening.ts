/**
 * What one class listens to at the broker: counted, and subscribed again on each new connection. What
 * is wanted while the broker is away is subscribed when it is back.
 */
import { deferred, type Deferred, type Log } from '../../kernel/index.ts'
import type { Client, ClientMessage, ClientSubscription } from './client.ts'

/** What {@link Listening} talks to. */
export interface ListeningDeps {
  readonly log: Log
  readonly received: (message: ClientMessage) => void
  /** Undefined while the broker is away. */
  readonly client: () => Client | undefined
}

interface Subject {
  count: number
  subscription: ClientSubscription | undefined
  /** The broker knows of it, or nobody waits for that any more. */
  readonly known: Deferred<undefined>
}

/** One a class. */
export class Listening {
  readonly #deps: ListeningDeps
  readonly #subjects = new Map<string, Subject>()

  constructor(deps: ListeningDeps) {
    this.#deps = deps
  }

  /** Counted, so that each call needs its {@link remove}. Resolves when the broker knows. */
  async add(subject: string): Promise<void> {
    const listening = this.#subjects.get(subject) ?? newSubject()
    this.#subjects.set(subject, listening)
    listening.count += 1
    const client = this.#deps.client()
    if (client) void this.#tell(client, [[subject, listening]])
    await listening.known.promise
  }

  remove(subject: string): void {
    const listening = this.#subjects.get(subject)
    if (!listening) return
    listening.count -= 1
    if (listening.count > 0) return
    this.#subjects.delete(subject)
    listening.known.resolve(undefined)
    listening.subscription?.unsubscribe()
  }

  /** Ends it, whatever was counted, but takes what is under way. Resolves when the broker knows. */
  async drain(subject: string): Promise<void> {
    const listening = this.#subjects.get(subject)
    this.#subjects.delete(subject)
    listening?.known.resolve(undefined)
    if (this.#deps.client()) await listening?.subscription?.drain().catch(() => undefined)
  }

  /** Subscribes all of it on a client that has none of it yet; one before is closed. */
  moveTo(client: Client): void {
    for (const listening of this.#subjects.values()) listening.subscription = undefined
    void this.#tell(client, [...this.#subjects])
  }

  /** A client is connected again, and has subscribed what it had before. */
  back(client: Client): void {
    void this.#tell(client, [...this.#subjects])
  }

  /** Nobody needs to wait any more. */
  stop(): void {
    for (const { known } of this.#subjects.values()) known.resolve(undefined)
  }

  async #tell(client: Client, subjects: readonly (readonly [string, Subject])[]): Promise<void> {
    for (const [subject, listening] of subjects) {
      listening.subscription ??= this.#subscribe(client, subject)
    }
    try {
      await client.flush()
    } catch {
      return // The connection was lost meanwhile: `back` or `moveTo` follows.
    }
    for (const [, { known }] of subjects) known.resolve(undefined)
  }

  #subscribe(client: Client, subject: string): ClientSubscription {
    return client.subscribe(subject, {
      callback: (error, message) => {
        if (!error) this.#deps.received(message)
        else this.#deps.log.error({ error, subject }, 'the broker refused a subscription')
      },
    })
  }
}

function newSubject(): Subject {
  return { count: 0, subscription: undefined, known: deferred<undefined>() }
}

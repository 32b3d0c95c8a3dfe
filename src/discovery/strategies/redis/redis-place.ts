/**
 * Redis as a meeting place. The entries of a cluster are one sorted set, scored with the time they
 * end by the server's clock: one key to look at, in one slot of a Redis cluster, and no scan of a
 * database that others use. A second connection listens, as Redis asks for.
 */
import { toError } from '../../../kernel/index.ts'
import {
  meetingEntriesMax,
  type MeetingEntry,
  type MeetingHandlers,
  type MeetingPlace,
} from '../rendezvous/meeting-place.ts'

/** What is used of a client of the package `ioredis`. */
export interface RedisClient {
  connect(): Promise<void>
  on(event: string, listener: (...args: never[]) => void): unknown
  call(command: string, ...args: (string | number)[]): Promise<unknown>
  disconnect(): void
}

/** Where the entries are. */
export interface RedisPlaceOptions {
  /** A client that is not connected yet and does not reconnect by itself. */
  readonly makeClient: () => RedisClient
  /** The sorted set; also the channel. */
  readonly key: string
}

/** One pair of connections. */
export class RedisPlace implements MeetingPlace {
  readonly #key: string
  readonly #commands: RedisClient
  readonly #ear: RedisClient
  #lastError: Error | undefined
  #written: string | undefined

  constructor({ makeClient, key }: RedisPlaceOptions) {
    this.#key = key
    this.#commands = makeClient()
    this.#ear = makeClient()
  }

  async open({ heard, lost }: MeetingHandlers): Promise<void> {
    for (const client of [this.#commands, this.#ear]) {
      client.on('error', (error: Error) => {
        this.#lastError = error
      })
      client.on('end', () => {
        lost(this.#lastError ?? new Error('the connection was closed'))
      })
    }
    this.#ear.on('message', (channel: string, text: string) => {
      if (channel === this.#key) heard(text)
    })
    try {
      await Promise.all([this.#commands.connect(), this.#ear.connect()])
      await this.#ear.call('SUBSCRIBE', this.#key)
    } catch (error) {
      // "Connection is closed" says less than what the server or the system said before it.
      throw this.#lastError ?? toError(error)
    }
  }

  async write({ text }: MeetingEntry, ttlMs: number): Promise<void> {
    const key = this.#key
    const nowMs = await this.#serverTimeMs()
    if (this.#written !== undefined && this.#written !== text)
      await this.#call('ZREM', key, this.#written)
    await this.#call('ZADD', key, nowMs + ttlMs, text)
    this.#written = text
    await this.#call('ZREMRANGEBYSCORE', key, '-inf', `(${String(nowMs)}`)
    // The last node to go leaves nothing behind.
    await this.#call('PEXPIRE', key, ttlMs * 2)
  }

  async list(): Promise<readonly string[]> {
    const nowMs = await this.#serverTimeMs()
    const newestFirst = [this.#key, '+inf', nowMs, 'LIMIT', 0, meetingEntriesMax] as const
    const texts = await this.#call('ZREVRANGEBYSCORE', ...newestFirst)
    return Array.isArray(texts) ? texts.map(String) : []
  }

  async tell(text: string): Promise<void> {
    await this.#call('PUBLISH', this.#key, text)
  }

  async remove({ text }: MeetingEntry): Promise<void> {
    await this.#call('ZREM', this.#key, text)
  }

  close(): Promise<void> {
    this.#commands.disconnect()
    this.#ear.disconnect()
    return Promise.resolve()
  }

  /** Clocks of nodes may differ; only the server's decides what has ended. */
  async #serverTimeMs(): Promise<number> {
    const answer = await this.#call('TIME')
    const [seconds, micros] = Array.isArray(answer) ? answer.map(Number) : []
    return Math.floor((seconds ?? 0) * 1_000 + (micros ?? 0) / 1_000)
  }

  #call(command: string, ...args: (string | number)[]): Promise<unknown> {
    return this.#commands.call(command, ...args)
  }
}

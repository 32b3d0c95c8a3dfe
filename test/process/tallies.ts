/** What a worker counts of the messages it publishes and receives. */
import { isFoundationError } from '../../src/index.ts'
import type { BroadcastResult } from '../../src/pubsub/index.ts'
import type { Published, Received } from './orders.ts'

/** Counts what became of broadcasts. */
export class PublishedTally {
  #published = 0
  #queued = 0
  #dropped = 0
  readonly #rejected: Record<string, number> = {}

  /** Takes one broadcast; resolves, never rejects, when it is settled. */
  async add(broadcast: Promise<BroadcastResult>): Promise<void> {
    this.#published += 1
    try {
      const { queued, dropped } = await broadcast
      this.#queued += queued
      this.#dropped += dropped
    } catch (thrown) {
      const code = isFoundationError(thrown) ? thrown.code : String(thrown)
      this.#rejected[code] = (this.#rejected[code] ?? 0) + 1
    }
  }

  get result(): Published {
    return {
      published: this.#published,
      queued: this.#queued,
      dropped: this.#dropped,
      rejected: this.#rejected,
    }
  }
}

/** Counts deliveries and gaps by sender and channel. */
export class ReceivedTally {
  readonly #byStream = new Map<string, { -readonly [K in keyof Received]: Received[K] }>()

  message({ from, channel, index }: { from: string; channel: string; index: number }): void {
    const stream = this.#stream(from, channel)
    stream.count += 1
    if (index <= stream.lastIndex) stream.disorder += 1
    stream.lastIndex = index
  }

  gap(event: {
    readonly member?: string
    readonly channel?: string
    readonly count?: number
  }): void {
    this.#stream(event.member ?? '', event.channel ?? '').lost += event.count ?? 0
  }

  get result(): Readonly<Record<string, Received>> {
    return Object.fromEntries(this.#byStream)
  }

  #stream(from: string, channel: string): { -readonly [K in keyof Received]: Received[K] } {
    const key = `${from} ${channel}`
    const known = this.#byStream.get(key) ?? { count: 0, lost: 0, disorder: 0, lastIndex: 0 }
    this.#byStream.set(key, known)
    return known
  }
}

/**
 * Where the streams between this node and each peer incarnation stand. Kept over links, so that
 * what was lost between two links is a gap and not a silence.
 */
import { channelClasses } from './port.ts'

/** Counters of one peer incarnation; arrays have an entry a stream, in an order of the engine's. */
export interface Streams {
  /** Epoch of the latest link; 0 before the first. */
  epoch: number
  /** The sequence the next payload gets. */
  readonly next: number[]
  /** The sequence the next payload of the peer should have. */
  readonly expected: number[]
}

/** The streams of all peers, the least recently linked forgotten first. */
export class StreamBook {
  readonly #entries = new Map<string, Streams>()
  readonly #maxEntries: number
  readonly #streamCount: number

  /** @param streamCount streams with each peer; by default one a class, in the order of `channelClasses`. */
  constructor(maxEntries: number, streamCount: number = channelClasses.length) {
    this.#maxEntries = maxEntries
    this.#streamCount = streamCount
  }

  get size(): number {
    return this.#entries.size
  }

  /** Finds or begins the streams with one incarnation of a peer, and makes them the most recent. */
  of(peer: { readonly name: string; readonly incarnation: string }): Streams {
    const key = JSON.stringify([peer.name, peer.incarnation])
    const ones = (): number[] => Array.from({ length: this.#streamCount }, () => 1)
    const streams = this.#entries.get(key) ?? { epoch: 0, next: ones(), expected: ones() }
    this.#entries.delete(key)
    this.#entries.set(key, streams)
    for (const [oldest] of this.#entries) {
      if (this.#entries.size <= this.#maxEntries) break
      this.#entries.delete(oldest)
    }
    return streams
  }
}

/**
 * Applies what the peer says it will send next on a fresh connection.
 *
 * @param at index of the stream.
 * @returns how many payloads were lost before it, counted from the first one: the peer may have
 *   sent some on a link that never came up here. A stream that begins anew (the peer forgot it)
 *   lost nothing that can be counted.
 */
export function resume(streams: Streams, at: number, told: number): number {
  const expected = streams.expected[at] ?? 1
  streams.expected[at] = told
  return Math.max(0, told - expected)
}

/**
 * Payloads missing between the one expected and `sequence`.
 *
 * @returns -1 when `sequence` was there already: the peer breaks the protocol.
 */
export function missingBefore(expected: number, sequence: number): number {
  return sequence >= expected ? sequence - expected : -1
}

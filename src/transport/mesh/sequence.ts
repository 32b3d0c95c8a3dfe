/**
 * Where the streams between this node and each peer incarnation stand. Kept over links, so that
 * what was lost between two links is a gap and not a silence.
 */
import { channelClasses } from '../port.ts'

/** Counters of one peer incarnation; arrays are in the order of `channelClasses`. */
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

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries
  }

  get size(): number {
    return this.#entries.size
  }

  /** Finds or begins the streams with one incarnation of a peer, and makes them the most recent. */
  of(peer: { readonly name: string; readonly incarnation: string }): Streams {
    const key = JSON.stringify([peer.name, peer.incarnation])
    const streams = this.#entries.get(key) ?? {
      epoch: 0,
      next: channelClasses.map(() => 1),
      expected: channelClasses.map(() => 1),
    }
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
 * @returns how many payloads were lost before it, counted from the first one: the peer may have
 *   sent some on a link that never came up here. A stream that begins anew (the peer forgot it)
 *   lost nothing that can be counted.
 */
export function resume(streams: Streams, classIndex: number, told: number): number {
  const expected = streams.expected[classIndex] ?? 1
  streams.expected[classIndex] = told
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

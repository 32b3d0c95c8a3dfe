/**
 * What this node has heard of each life of each peer by subject. Kept over links: what was lost with
 * one link, or said before there was another, is a gap and not a silence.
 */
import { HeardStreams } from './streams.ts'

interface Entry {
  /** The life of the peer; another one has streams of its own. */
  readonly sender: string
  readonly heard: HeardStreams
}

/** One a transport; the peers that were linked longest ago are forgotten first. */
export class HeardBook {
  readonly #entries = new Map<string, Entry>()
  readonly #peersMax: number
  readonly #streamsMax: number

  constructor(peersMax: number, streamsMax: number) {
    this.#peersMax = peersMax
    this.#streamsMax = streamsMax
  }

  /** A link with a life of a peer begins: what was heard of it so far. */
  of(name: string, sender: string): HeardStreams {
    const known = this.#entries.get(name)
    const entry =
      known?.sender === sender ? known : { sender, heard: new HeardStreams(this.#streamsMax) }
    this.#entries.delete(name)
    this.#entries.set(name, entry)
    for (const [oldest] of this.#entries) {
      if (this.#entries.size <= this.#peersMax) break
      this.#entries.delete(oldest)
    }
    return entry.heard
  }

  /** That life has ended. */
  forget(sender: string): void {
    for (const [name, entry] of this.#entries) {
      if (entry.sender === sender) this.#entries.delete(name)
    }
  }

  /** This node no longer listens: what it misses from now on is no loss, linked or not. */
  unsettle(pattern: string): void {
    for (const { heard } of this.#entries.values()) heard.unsettle(pattern)
  }
}

/**
 * Refusals that may be over in a moment: while a secret is changed, a node dials with one key, is
 * turned away, and gets in with its next. That is no trouble, so nobody is told of it.
 */
import type { Host, Timer } from '../../kernel/index.ts'

/** A dialer tries its next key at once: two round trips and a TLS handshake. */
const holdMs = 1_000
const heldMax = 256

/** One a gate. */
export class Doubts {
  readonly #host: Pick<Host, 'after'>
  readonly #held = new Map<string, Timer>()

  constructor(host: Pick<Host, 'after'>) {
    this.#host = host
  }

  /** Calls `tell` in a moment unless the client gets in before; at once when too many are held. */
  hold(client: string, tell: () => void): void {
    if (this.#held.has(client)) return
    if (this.#held.size >= heldMax) {
      tell()
      return
    }
    const timer = this.#host.after(holdMs, () => {
      this.#held.delete(client)
      tell()
    })
    this.#held.set(client, timer)
  }

  /** The client got in. */
  clear(client: string): void {
    this.#held.get(client)?.cancel()
    this.#held.delete(client)
  }

  /** Tells nothing any more. */
  end(): void {
    for (const client of [...this.#held.keys()]) this.clear(client)
  }
}

/** Those who were welcomed and have not confirmed yet, and what came of them meanwhile. */
import type { Host, Timer } from '../../kernel/index.ts'
import type { ChannelClass, LinkInfo } from '../port/port.ts'
import type { Frame } from './frames.ts'
import type { Source } from './link.ts'

/** A message of one who has not confirmed yet: the classes are not in order among themselves. */
export interface Early {
  readonly channelClass: ChannelClass
  readonly frame: Frame
  readonly source: Source
}

/** Somebody who was welcomed. */
export interface Guest extends Pick<LinkInfo, 'peer' | 'protocol'> {
  /** In the order they came; what came after the first `earlyMax` is lost, and so a gap. */
  readonly early: readonly Early[]
}

interface Welcomed extends Guest {
  readonly early: Early[]
  readonly timer: Timer
}

const earlyMax = 256
const guestsMax = 256

/** One a running transport. By sender: one life of a node. */
export class Guests {
  readonly #host: Pick<Host, 'after'>
  readonly #stayMs: number
  readonly #guests = new Map<string, Welcomed>()

  /** @param stayMs how long somebody may take to confirm. */
  constructor(host: Pick<Host, 'after'>, stayMs: number) {
    this.#host = host
    this.#stayMs = stayMs
  }

  /** Somebody may come in. When there are too many, the one who has waited longest no longer may. */
  welcome(sender: string, guest: Pick<LinkInfo, 'peer' | 'protocol'>): void {
    this.take(sender)
    const [oldest] = this.#guests.keys()
    if (this.#guests.size >= guestsMax && oldest !== undefined) this.take(oldest)
    const timer = this.#host.after(this.#stayMs, () => {
      this.#guests.delete(sender)
    })
    this.#guests.set(sender, { ...guest, early: [], timer })
  }

  /** Keeps a message of a guest; false when the sender is none. */
  keep(sender: string, early: Early): boolean {
    const guest = this.#guests.get(sender)
    if (!guest) return false
    if (guest.early.length < earlyMax) guest.early.push(early)
    return true
  }

  /** The guest, who is none any more: it has confirmed, or thought better of it. */
  take(sender: string): Guest | undefined {
    const guest = this.#guests.get(sender)
    guest?.timer.cancel()
    this.#guests.delete(sender)
    return guest
  }

  clear(): void {
    for (const sender of [...this.#guests.keys()]) this.take(sender)
  }
}

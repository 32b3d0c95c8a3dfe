/**
 * What outlives a link: how far each side has counted, by peer incarnation. This is what makes a
 * tail that was lost with a link visible as a gap on the next one.
 */
import { channelClasses, type ChannelClass, type NodeIdentity } from '../port/port.ts'

/** Counts of one class. */
export interface ClassCount {
  /** Sequence of the last payload that was given to a link. */
  sent: number
  /** Sequence of the last payload that came, or was reported as a gap. */
  received: number
}

/** What is known of one peer incarnation. */
export interface PeerRecord {
  readonly incarnation: string
  /** Of the latest link. */
  epoch: number
  readonly counts: Readonly<Record<ChannelClass, ClassCount>>
}

const peersMax = 4096

/** One a transport. Holds the latest incarnation of each name; beyond a bound, the oldest is forgotten. */
export class PeerLedger {
  readonly #records = new Map<string, PeerRecord>()

  /** The record of this incarnation; a fresh one replaces that of another incarnation. */
  record(peer: Pick<NodeIdentity, 'name' | 'incarnation'>): PeerRecord {
    const known = this.#records.get(peer.name)
    if (known?.incarnation === peer.incarnation) return known
    const fresh: PeerRecord = { incarnation: peer.incarnation, epoch: 0, counts: freshCounts() }
    this.#records.delete(peer.name)
    this.#records.set(peer.name, fresh)
    if (this.#records.size > peersMax) this.#forgetOldest()
    return fresh
  }

  /** Epoch of the latest link with this incarnation, 0 when there was none. Makes no record. */
  epoch(peer: Pick<NodeIdentity, 'name' | 'incarnation'>): number {
    const known = this.#records.get(peer.name)
    return known?.incarnation === peer.incarnation ? known.epoch : 0
  }

  #forgetOldest(): void {
    for (const name of this.#records.keys()) {
      this.#records.delete(name)
      return
    }
  }
}

function freshCounts(): PeerRecord['counts'] {
  const entries = channelClasses.map((name): [ChannelClass, ClassCount] => [
    name,
    { sent: 0, received: 0 },
  ])
  return Object.fromEntries(entries) as Record<ChannelClass, ClassCount>
}

/**
 * Virtual time for very many cheap events: a list of what is due for each millisecond. Unlike the clock
 * of the simulator it keeps no trace, and settles promises once a millisecond only.
 */
import type { Host, Timer } from '../../src/kernel/index.ts'
import { seededChance } from '../../src/testing/chance.ts'

type Run = () => void

/** One a simulation. */
export class SlotClock {
  readonly #slots = new Map<number, Run[]>()
  #now = 0
  #events = 0

  get nowMs(): number {
    return this.#now
  }

  /** Events run so far. */
  get events(): number {
    return this.#events
  }

  at(ms: number, run: Run): void {
    const slot = this.#slots.get(ms)
    if (slot) slot.push(run)
    else this.#slots.set(ms, [run])
  }

  /** Time and chance of one node; nothing of it runs once `isAwake` says no. */
  host(seed: string, isAwake: () => boolean): Host {
    const chance = seededChance(1, seed)
    const after = (delayMs: number, run: Run): Timer => {
      let state: 'waiting' | 'cancelled' = 'waiting'
      this.at(this.#now + Math.ceil(delayMs), () => {
        if (state === 'waiting' && isAwake()) run()
      })
      return { cancel: () => (state = 'cancelled') }
    }
    return {
      nowMs: () => this.#now,
      wallClockMs: () => 1_700_000_000_000 + this.#now,
      random: chance,
      randomBytes: (count) => Uint8Array.from({ length: count }, () => chance() * 256),
      after,
      defer: (run) => void after(0, run),
    }
  }

  /** Runs the next millisecond. What an event makes due at once runs in it too. */
  async step(): Promise<void> {
    this.#now += 1
    const slot = this.#slots.get(this.#now) ?? []
    this.#slots.set(this.#now, slot)
    for (let at = 0; at < slot.length; at++) {
      slot[at]?.()
      if (at === slot.length - 1) await settled()
    }
    this.#events += slot.length
    this.#slots.delete(this.#now)
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await undefined
}

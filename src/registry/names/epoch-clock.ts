/**
 * Epochs: numbers that only grow on one side of a partition, and say when a name was claimed. A
 * hybrid logical clock in one number, so that nobody has to remember the epochs of names gone by.
 * @source hybrid logical clocks, packed: Kulkarni, Demirbas and others, 2014.
 */
import type { Host } from '../../kernel/index.ts'

/** Epochs within one millisecond; the product with the wall clock stays a safe integer until 2248. */
const perMs = 1_024

/** When the claim with this epoch was granted, milliseconds since 1970, by the grantor's clock. */
export function sinceOf(epoch: number): number {
  return Math.floor(epoch / perMs)
}

/** One a node. */
export class EpochClock {
  readonly #host: Pick<Host, 'wallClockMs'>
  #last = 0

  constructor(host: Pick<Host, 'wallClockMs'>) {
    this.#host = host
  }

  /** The last epoch given or seen. */
  get last(): number {
    return this.#last
  }

  /** An epoch later than every one this node has given or seen. */
  next(): number {
    const wall = Math.floor(this.#host.wallClockMs()) * perMs
    this.#last = Math.max(this.#last + 1, wall)
    return this.#last
  }

  /** Another node has given this epoch. */
  observe(epoch: number): void {
    if (epoch > this.#last) this.#last = epoch
  }
}

/**
 * Effects one after the other, never one inside another. One that fails is told and harms none of the
 * others: what hangs on them is the promises of callers, and the locks of this and other nodes.
 */
import { toError } from '../../kernel/index.ts'
import type { Effect } from './effects.ts'

/** One a protocol. */
export class EffectQueue {
  readonly #carryOut: (effect: Effect) => void
  readonly #failed: (error: Error, effect: Effect) => void
  readonly #effects: Effect[] = []
  #isBusy = false

  constructor(carryOut: (effect: Effect) => void, failed: (error: Error, effect: Effect) => void) {
    this.#carryOut = carryOut
    this.#failed = failed
  }

  get isBusy(): boolean {
    return this.#isBusy
  }

  /** Behind all others; for who is inside {@link run}. */
  add(effects: readonly Effect[]): void {
    this.#effects.push(...effects)
  }

  /** @returns true when all are done; false inside another run, which does them. */
  run(effects: readonly Effect[]): boolean {
    this.add(effects)
    if (this.#isBusy) return false
    this.#isBusy = true
    for (let next = this.#effects.shift(); next; next = this.#effects.shift()) this.#one(next)
    this.#isBusy = false
    return true
  }

  #one(effect: Effect): void {
    try {
      this.#carryOut(effect)
    } catch (thrown) {
      this.#failed(toError(thrown), effect)
    }
  }
}

/** When to dial again: capped exponential backoff with jitter, and no wait after a link that held. Pure. */
import { jitter } from '../../kernel/index.ts'

/** Options the schedule needs. */
export interface RedialOptions {
  readonly redialMinMs: number
  readonly redialMaxMs: number
}

// Enough to keep apart the dials of nodes that lost the same switch in the same instant.
const jitterRatio = 0.25

/** The wait after `failures` (1 or more) failed dials in a row. `chance`: 0 up to 1. */
export function redialDelayMs(failures: number, options: RedialOptions, chance: number): number {
  const doubled = options.redialMinMs * 2 ** Math.min(30, Math.max(0, failures - 1))
  return jitter(Math.min(doubled, options.redialMaxMs), jitterRatio, chance)
}

/**
 * The wait after a link was lost: none at first, because a refused dial is the quickest proof of a
 * crash; with backoff when the links to this peer keep ending soon after they were made.
 *
 * @param shortLinks links in a row, this one included, that lived less than `redialMinMs`.
 */
export function relinkDelayMs(shortLinks: number, options: RedialOptions, chance: number): number {
  return shortLinks <= 1 ? 0 : redialDelayMs(shortLinks - 1, options, chance)
}

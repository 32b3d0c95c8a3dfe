/** How long to wait before the next attempt. Pure: `chance` is 0 up to 1. */
import { jitter } from '../../kernel/index.ts'

/** A delay that doubles with each failure in a row. */
export interface Backoff {
  readonly minMs: number
  readonly maxMs: number
}

/** `minMs`, doubled for each failure in a row, never above `maxMs`, moved by up to 20 %. */
export function backoffMs(failures: number, { minMs, maxMs }: Backoff, chance: number): number {
  const doubled = minMs * 2 ** Math.min(failures, 30)
  return jitter(Math.min(doubled, Math.max(minMs, maxMs)), 0.2, chance)
}

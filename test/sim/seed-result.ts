/** What came of one seed, put together the same way for every suite. */
import type { World } from './world.ts'

/** What came of one seed. */
export interface SeedResult {
  readonly seed: number
  readonly violations: readonly string[]
  readonly traceHash: string
  /** Virtual milliseconds from the heal to convergence. */
  readonly convergedInMs: number
  readonly events: number
  /** How often each kind of fault struck and each kind of news came. */
  readonly counts: ReadonlyMap<string, number>
  readonly history: readonly string[]
}

/** How often something happened, by its name. */
export type Counts = Iterable<readonly [string, number]>

/** The result of a world whose seed has run. */
export function resultOf(
  { seed, records, clock }: World,
  { convergedInMs, counts }: { convergedInMs: number; counts: readonly Counts[] },
): SeedResult {
  return {
    seed,
    violations: records.violations,
    traceHash: clock.traceHash,
    convergedInMs,
    events: clock.events,
    counts: new Map([...counts.flatMap((some) => [...some]), ...records.counts]),
    history: records.history,
  }
}

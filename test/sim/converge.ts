/** Waits for a world to come to rest. */
import type { World } from './world.ts'

const stepMs = 100

/** What is waited for. */
export interface Rest {
  /** What the world rests from, for people: `the heal`. */
  readonly after: string
  /** Why it has not come to rest; undefined when it has. */
  readonly notYet: () => string | undefined
  readonly maxMs: number
  /** So often in a row it must be at rest. */
  readonly calmLooks?: number
  /** Lets time pass, and looks at what happens. */
  readonly pass?: (ms: number) => Promise<void>
}

/** @returns how long it took, in virtual milliseconds; -1 and a violation when it took too long. */
export async function converge(world: World, rest: Rest): Promise<number> {
  const { after, notYet, maxMs, calmLooks = 1 } = rest
  const pass = rest.pass ?? ((ms: number) => world.clock.advance(ms))
  const sinceMs = world.nowMs
  for (let calm = 0; ;) {
    const reason = notYet()
    const tookMs = world.nowMs - sinceMs
    calm = reason === undefined ? calm + 1 : 0
    if (calm >= calmLooks) return tookMs
    if (tookMs > maxMs) {
      const why = reason ?? 'never for long'
      world.records.violation(`not at rest ${String(maxMs)} ms after ${after}: ${why}`)
      return -1
    }
    await pass(stepMs)
  }
}

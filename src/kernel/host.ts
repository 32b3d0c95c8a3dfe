/**
 * Time and chance: the only file that touches clocks, timers and randomness.
 * Every part gets a {@link Host}, so the simulator can put virtual time and seeded chance under
 * the production code.
 */
import { randomBytes } from 'node:crypto'

/** A timer that was set; `cancel` may be called any number of times, also after it fired. */
export interface Timer {
  cancel(): void
}

/** Where a part gets time and chance from. */
export interface Host {
  /** Monotonic milliseconds since an arbitrary start, with fractions. For every duration. */
  nowMs(): number
  /** Wall-clock milliseconds since 1970. For showing to people and stamping messages, never for deadlines. */
  wallClockMs(): number
  /** From 0 up to, not including, 1. */
  random(): number
  /** Unpredictable bytes (predictable only in the simulator). */
  randomBytes(count: number): Uint8Array
  /** Runs once after `delayMs` (0 or more; more than 24.8 days counts as that) unless cancelled. */
  after(delayMs: number, run: () => void): Timer
  /** Runs once when the current turn of the event loop ends. */
  defer(run: () => void): void
}

/** Longest delay the platform's timers hold (24.8 days); beyond it they fire at once. */
const delayMaxMs = 2 ** 31 - 1

/** The real clock, timers and randomness of this process. */
export const systemHost: Host = {
  nowMs: () => performance.now(),
  wallClockMs: () => Date.now(),
  random: () => Math.random(),
  randomBytes: (count) => randomBytes(count),
  after: (delayMs, run) => {
    const timer = setTimeout(run, Math.min(delayMs, delayMaxMs))
    return {
      cancel: () => {
        clearTimeout(timer)
      },
    }
  },
  defer: (run) => {
    setImmediate(run)
  },
}

/**
 * Waits `delayMs`; ends early, without an error, when `signal` aborts.
 *
 * @returns true when the time passed, false when aborted.
 */
export function sleep(host: Host, delayMs: number, signal?: AbortSignal): Promise<boolean> {
  if (signal?.aborted) return Promise.resolve(false)
  return new Promise((resolve) => {
    const finish = (slept: boolean): void => {
      timer.cancel()
      signal?.removeEventListener('abort', onAbort)
      resolve(slept)
    }
    const onAbort = (): void => {
      finish(false)
    }
    const timer = host.after(delayMs, () => {
      finish(true)
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** `baseMs` moved by up to `ratio` (0 to 1) in either direction. Pure: `chance` is 0 up to 1. */
export function jitter(baseMs: number, ratio: number, chance: number): number {
  return baseMs * (1 - ratio + 2 * ratio * chance)
}

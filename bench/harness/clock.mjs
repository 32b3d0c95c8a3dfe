/** Clocks and waits. `monotonicMs` reads the same clock in every process of the machine. */
import process from 'node:process'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'

/** Milliseconds of the machine's monotonic clock, with fractions; comparable between processes. */
export function monotonicMs() {
  return Number(process.hrtime.bigint()) / 1e6
}

/**
 * Waits for an instant more exactly than a timer can: sleeps until shortly before, then takes
 * turns of the event loop, which go on serving sockets meanwhile.
 *
 * @param {number} atMs an instant of {@link monotonicMs}
 */
export async function waitUntil(atMs) {
  const early = Math.floor(atMs - monotonicMs() - 1.5)
  if (early > 0) await sleep(early)
  while (monotonicMs() < atMs) await turn()
}

/**
 * Waits until a condition holds.
 *
 * @param {() => unknown} condition
 * @param {{ timeoutMs: number, what: string }} limit
 */
export async function waitFor(condition, { timeoutMs, what }) {
  const deadline = monotonicMs() + timeoutMs
  while (!(await condition())) {
    if (monotonicMs() > deadline) throw new Error(`${what}: not within ${timeoutMs} ms`)
    await sleep(5)
  }
}

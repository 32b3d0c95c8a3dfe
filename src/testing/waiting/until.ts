/** Waiting for a condition with a deadline: what tests do instead of sleeping. */
import { FoundationError, sleep, systemHost } from '../../kernel/index.ts'

const checkEveryMs = 2

/**
 * Resolves when the condition holds.
 *
 * @param what names the condition, for the message of the error.
 * @throws {FoundationError} `FND_TIMED_OUT` when it does not hold within `timeoutMs`.
 */
export async function until(
  what: string,
  condition: () => boolean,
  timeoutMs = 15_000,
): Promise<void> {
  const deadlineMs = systemHost.nowMs() + timeoutMs
  while (!condition()) {
    if (systemHost.nowMs() > deadlineMs) {
      const message = `Waited ${String(timeoutMs)} ms in vain for: ${what}`
      throw new FoundationError('FND_TIMED_OUT', message)
    }
    await sleep(systemHost, checkEveryMs)
  }
}

/** How often a child may fail before it is left alone, and how long to wait in between. Pure. */
import type { ChildSpec } from './child-spec.ts'

/** How long to wait before a restart. */
export interface BackoffOptions {
  /** Before the second restart in a row; the first comes at once. Milliseconds. */
  readonly restartDelayMs: number
  /** The delay doubles up to this. Milliseconds. */
  readonly restartDelayMaxMs: number
}

/** What to do about a failure. */
export type RestartDecision =
  { readonly kind: 'restart'; readonly delayMs: number } | { readonly kind: 'give-up' }

/**
 * The failures of one child. They are forgotten by the time the child was up, not by the clock: one that
 * takes longer to fail than the budget looks back, in a start that hangs or while it waits for its
 * restart, would else be started for ever.
 *
 * Its home keeps it, so a new home begins with a fresh one: a child that fails for ever is retried a
 * few times more when members change, never for ever.
 */
export class RestartBudget {
  /** How long the child had been up at each failure. */
  #failuresUpMs: number[] = []
  /** Up in all its lives but the present one. */
  #upMs = 0
  /** When it came up; undefined while it is not. */
  #sinceMs: number | undefined

  /** It has started, here or where it was handed over to. */
  cameUp(nowMs: number): void {
    this.#sinceMs ??= nowMs
  }

  /** Counts a failure and says what to do. */
  failed(spec: ChildSpec, backoff: BackoffOptions, nowMs: number): RestartDecision {
    this.#upMs += nowMs - (this.#sinceMs ?? nowMs)
    this.#sinceMs = undefined
    this.#failuresUpMs = this.#failuresUpMs.filter((upMs) => upMs > this.#upMs - spec.withinMs)
    this.#failuresUpMs.push(this.#upMs)
    const failures = this.#failuresUpMs.length
    if (failures > spec.maxRestarts) return { kind: 'give-up' }
    if (failures === 1) return { kind: 'restart', delayMs: 0 }
    const delayMs = Math.min(
      backoff.restartDelayMs * 2 ** (failures - 2),
      backoff.restartDelayMaxMs,
    )
    return { kind: 'restart', delayMs }
  }
}

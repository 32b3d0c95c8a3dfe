/** Says so when members are missing: nothing here can start them. */
import type { HealingDecision, HealingFacts, HealingRule } from '../rule.ts'

/** What the rule needs. */
export interface ExpectedOptions {
  readonly expectedMembers: number
  readonly troubleAfterMs: number
}

/** Budget: once, until all are there again. */
export class ExpectedRule implements HealingRule {
  readonly name = 'expected'
  readonly #options: ExpectedOptions
  /** Since when members are missing. */
  #missingSinceMs: number | undefined
  #isTold = false

  constructor(options: ExpectedOptions) {
    this.#options = options
  }

  judge({ memberCount, nowMs }: HealingFacts): HealingDecision[] {
    const { expectedMembers, troubleAfterMs } = this.#options
    if (memberCount >= expectedMembers) {
      this.#missingSinceMs = undefined
      this.#isTold = false
      return []
    }
    this.#missingSinceMs ??= nowMs
    const missingMs = nowMs - this.#missingSinceMs
    if (this.#isTold || missingMs < troubleAfterMs) return []
    this.#isTold = true
    const share = `${String(memberCount)} of ${String(expectedMembers)} expected members`
    return [{ rule: this.name, reason: `${share} for ${String(Math.round(missingMs / 1_000))} s` }]
  }
}

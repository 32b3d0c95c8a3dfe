/**
 * Dials a member that another member reaches and this node does not. Membership dials it anyway,
 * but after a long partition only every half a minute.
 */
import type { HealingDecision, HealingFacts, HealingRule } from '../rule.ts'

const retryMinMs = 5_000
const retryMaxMs = 15_000

interface Attempts {
  readonly count: number
  readonly nextMs: number
}

/** Budget: one dial of a member every 5 s, soon only every 15 s. */
export class RedialRule implements HealingRule {
  readonly name = 'redial'
  #attempts = new Map<string, Attempts>()

  judge({ missingEdges, nowMs }: HealingFacts): HealingDecision[] {
    const before = this.#attempts
    // Only edges that are still missing are remembered, so the table is as bounded as the members.
    this.#attempts = new Map()
    const decisions: HealingDecision[] = []
    for (const { name, by } of missingEdges) {
      const known = before.get(name) ?? { count: 0, nextMs: nowMs }
      const isDue = nowMs >= known.nextMs
      this.#attempts.set(name, isDue ? later(known.count, nowMs) : known)
      if (!isDue) continue
      const reason = `${by.slice(0, 3).join(', ')} reaches ${name}, this node does not`
      decisions.push({ rule: this.name, target: name, reason })
    }
    return decisions
  }
}

function later(count: number, nowMs: number): Attempts {
  return { count: count + 1, nextMs: nowMs + Math.min(retryMinMs * 2 ** count, retryMaxMs) }
}

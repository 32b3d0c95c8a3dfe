/** Looks up at once after a member was lost: its successor may be known already. */
import type { HealingDecision, HealingFacts, HealingRule } from '../rule.ts'

const gapMs = 5_000
const namesMax = 64

/** Budget: one lookup every 5 s, whoever many members were lost. */
export class RediscoverRule implements HealingRule {
  readonly name = 'rediscover'
  #lost: readonly string[] = []
  #nextMs = -Infinity

  judge({ lost, nowMs }: HealingFacts): HealingDecision[] {
    this.#lost = [...this.#lost, ...lost].slice(0, namesMax)
    if (this.#lost.length === 0 || nowMs < this.#nextMs) return []
    const reason = `${this.#lost.join(', ')} was lost`
    this.#lost = []
    this.#nextMs = nowMs + gapMs
    return [{ rule: this.name, reason }]
  }
}

/**
 * Keeps out a member that comes and goes: each time costs every node dials, snapshots and moved
 * children. Longer each time.
 */
import type { Flapping } from '../../member-history.ts'
import type { HealingDecision, HealingFacts, HealingRule } from '../rule.ts'

/** What the rule needs. */
export interface QuarantineOptions {
  readonly quarantineMinMs: number
  readonly quarantineMaxMs: number
}

interface Sentence {
  readonly count: number
  readonly endsAtMs: number
}

const namesMax = 1_024
// Never so many that the rest is not a cluster any more.
const shareMax = 1 / 3

/** Budget: a third of the members at once; nobody while this node itself is the likely cause. */
export class QuarantineRule implements HealingRule {
  readonly name = 'quarantine'
  readonly #options: QuarantineOptions
  readonly #sentences = new Map<string, Sentence>()

  constructor(options: QuarantineOptions) {
    this.#options = options
  }

  judge(facts: HealingFacts): HealingDecision[] {
    const { flapping, nowMs } = facts
    if (flapping.length === 0 || isOurFault(facts)) return []
    let room = Math.max(1, Math.floor(facts.memberCount * shareMax)) - facts.quarantinedCount
    const decisions: HealingDecision[] = []
    for (const member of flapping) {
      const isServing = (this.#sentences.get(member.name)?.endsAtMs ?? -Infinity) > nowMs
      if (isServing || room <= 0) continue
      room -= 1
      decisions.push(this.#decide(member, nowMs))
    }
    return decisions
  }

  #decide({ name, changes }: Flapping, nowMs: number): HealingDecision {
    const { quarantineMinMs, quarantineMaxMs } = this.#options
    const known = this.#sentences.get(name)
    // Who has kept still for as long as the longest quarantine begins anew.
    const isForgiven = known === undefined || nowMs - known.endsAtMs > quarantineMaxMs
    const count = isForgiven ? 0 : known.count + 1
    const forMs = Math.min(quarantineMinMs * 2 ** count, quarantineMaxMs)
    this.#remember(name, { count, endsAtMs: nowMs + forMs })
    const reason = `${name} came or went ${String(changes)} times in a minute`
    return { rule: this.name, target: name, reason, forMs }
  }

  #remember(name: string, sentence: Sentence): void {
    this.#sentences.delete(name)
    const oldest = this.#sentences.keys().next()
    if (this.#sentences.size >= namesMax && oldest.done !== true) {
      this.#sentences.delete(oldest.value)
    }
    this.#sentences.set(name, sentence)
  }
}

/**
 * Most others come and go, or this process was held up: then it is this node that comes and goes. One
 * of them is always the first to have done so often enough: it is no reason to keep that one out.
 */
function isOurFault({ restlessCount, memberCount, isSelfSlow }: HealingFacts): boolean {
  return isSelfSlow || (restlessCount > 1 && restlessCount * 2 > memberCount)
}

/** What a rule of healing is: facts in, decisions out. Rules own no timer and call nobody. */
import type { MissingEdge } from '../missing-edges.ts'
import type { Flapping } from '../member-history.ts'
import type { HealingRuleName } from '../options.ts'

/** What rules judge from, once every `judgeIntervalMs`. */
export interface HealingFacts {
  readonly nowMs: number
  readonly missingEdges: readonly MissingEdge[]
  /** Members given up since the last judgement. */
  readonly lost: readonly string[]
  readonly flapping: readonly Flapping[]
  /** Names that came and went at least once within the last minute, those that flap among them. */
  readonly restlessCount: number
  /** Live members, this node included, lookers-on not. */
  readonly memberCount: number
  readonly quarantinedCount: number
  /** This process was held up of late: what it thinks of others may be its own fault. */
  readonly isSelfSlow: boolean
}

/** One thing to do, and why. */
export interface HealingDecision {
  readonly rule: HealingRuleName
  /** The member it is about, when it is about one. */
  readonly target?: string
  /** A sentence for people. */
  readonly reason: string
  /** How long a quarantine lasts. */
  readonly forMs?: number
}

/** A small state machine. Each rule bounds by itself how often it decides. */
export interface HealingRule {
  readonly name: HealingRuleName
  judge(facts: HealingFacts): readonly HealingDecision[]
}

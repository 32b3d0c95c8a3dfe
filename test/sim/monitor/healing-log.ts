/** What healing does in a world: written down, counted, and held against the budgets of its rules. */
import type { HealingAction, HealingRuleName } from '../../../src/monitor/index.ts'
import type { SimNode } from '../sim-node.ts'
import type { World } from '../world.ts'

/** One action of one life. */
export interface Healed extends HealingAction {
  readonly by: string
  readonly atMs: number
}

/** No rule may look up, or dial one member, more often than this. @source the budgets of the rules */
const gapMs = 5_000
const minuteMs = 60_000
/** A member whose link comes and goes is dialled anew each time it is missing. */
const redialsAMinuteMax: number = minuteMs / gapMs + 1
const shareMax = 1 / 3

/** What a budget is held against. */
interface Spent {
  readonly healed: Healed
  /** What the same life did by the same rule about the same member. */
  readonly former: readonly Healed[]
  /** The process was held up of late. */
  readonly isSlow: boolean
  /** It has told that members are missing, and has not seen all since. */
  readonly isTold: boolean
}

/** What is wrong with an action beside those before it. */
const budgets: Readonly<Record<HealingRuleName, (spent: Spent) => string | undefined>> = {
  redial: ({ healed: { target = '', atMs }, former }) => {
    const lately = former.filter((one) => atMs - one.atMs < minuteMs)
    return lately.length >= redialsAMinuteMax ? `dialled ${target} again and again` : undefined
  },
  rediscover: ({ healed: { atMs }, former }) =>
    former.some((one) => atMs - one.atMs < gapMs)
      ? `looked up twice within ${String(gapMs)} ms`
      : undefined,
  quarantine: ({ healed: { target = '' }, isSlow }) =>
    isSlow ? `keeps ${target} out while it is slow itself` : undefined,
  expected: ({ isTold }) => (isTold ? 'told twice that members are missing' : undefined),
}

/** One a world. */
export class HealingLog {
  readonly actions: Healed[] = []
  readonly counts: Map<string, number> = new Map()
  readonly #world: World
  readonly #known = new Set<SimNode>()
  /** Lives that told of missing members, and have not seen all since. */
  readonly #told = new Set<SimNode>()
  readonly #expected: number

  /** @param expected members every life expects; 0 for none. */
  constructor(world: World, expected: number) {
    this.#world = world
    this.#expected = expected
  }

  /** Actions of a rule, of all lives or of those of a name. */
  of(rule: HealingRuleName, by?: string): readonly Healed[] {
    return this.actions.filter((one) => one.rule === rule && (by === undefined || one.by === by))
  }

  /** Begins to listen to lives that are new, and looks at what must hold at any moment. */
  look(): void {
    for (const life of this.#world.up) {
      if (!this.#known.has(life)) this.#listen(life)
      const { dials, members } = membershipOf(life)
      const allowed = Math.max(1, Math.floor((members + dials.length) * shareMax))
      if (dials.length > allowed) {
        this.#violation(`${life.name} keeps ${dials.join(', ')} out, of ${String(members)}`)
      }
      if (members >= this.#expected) this.#told.delete(life)
    }
  }

  #listen(life: SimNode): void {
    this.#known.add(life)
    life.parts.monitor.on('healing', (action) => {
      this.#note(life, { ...action, by: life.name, atMs: this.#world.nowMs })
    })
  }

  #note(life: SimNode, healed: Healed): void {
    const { rule, target = '', outcome, reason } = healed
    this.#world.records.note(life.name, `healing ${rule} ${target} ${outcome}: ${reason}`)
    const key = `healing ${rule}: ${outcome}`
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1)
    this.#checkBudget(life, healed)
    this.actions.push(healed)
    if (outcome === 'failed') this.#violation(`healing of ${life.name} failed: ${rule} ${target}`)
  }

  #checkBudget(life: SimNode, healed: Healed): void {
    const { rule, target } = healed
    const former = this.of(rule, life.name).filter((one) => one.target === target)
    const isSlow = life.parts.membership.status().localHealth.multiplier > 1
    const isTold = this.#told.has(life)
    const problem = budgets[rule]({ healed, former, isSlow, isTold })
    if (problem !== undefined) this.#violation(`${life.name} ${problem}`)
    if (rule === 'expected') this.#told.add(life)
  }

  #violation(text: string): void {
    this.#world.records.violation(text)
  }
}

/** Whom a life keeps out, and how many live members it sees, itself included. */
function membershipOf({ parts }: SimNode): { dials: readonly string[]; members: number } {
  return { dials: parts.membership.dials.keptOut, members: parts.membership.members().length }
}

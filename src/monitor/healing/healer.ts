/** Has the rules judge and their decisions carried out, and tells of each. Decides nothing itself. */
import { toError, type Host, type Log, type Telemetry } from '../../kernel/index.ts'
import type { HealingRuleName, MonitorOptions } from '../options.ts'
import type { HealingDecision, HealingFacts, HealingRule } from './rule.ts'
import { ExpectedRule } from './rules/expected.ts'
import { QuarantineRule } from './rules/quarantine.ts'
import { RediscoverRule } from './rules/rediscover.ts'
import { RedialRule } from './rules/redial.ts'

/**
 * Carries out a decision. Gives false when there was nothing to do.
 * A rule without a remedy is not in force.
 */
export type Remedy = (decision: HealingDecision) => boolean | Promise<boolean>

/** The remedies a node has. */
export type Remedies = Readonly<Partial<Record<HealingRuleName, Remedy>>>

/** One thing that was done to heal. Plain JSON. */
export interface HealingAction extends HealingDecision {
  /** Wall clock. */
  readonly at: number
  readonly outcome: 'done' | 'nothing-to-do' | 'failed'
}

/** What a healer talks to. */
export interface HealerDeps {
  readonly host: Pick<Host, 'wallClockMs'>
  readonly log: Log
  readonly telemetry: Telemetry
  readonly remedies: Remedies
  readonly news: (action: HealingAction) => void
}

const actionsMax = 64

/** One a node. */
export class Healer {
  readonly #deps: HealerDeps
  readonly #rules: readonly HealingRule[]
  #actions: readonly HealingAction[] = []

  constructor(deps: HealerDeps, options: MonitorOptions) {
    this.#deps = deps
    const isInForce = ({ name }: HealingRule): boolean =>
      options.healing.includes(name) && deps.remedies[name] !== undefined
    this.#rules = [
      new RedialRule(),
      new RediscoverRule(),
      new QuarantineRule(options),
      new ExpectedRule(options),
    ].filter(isInForce)
  }

  /** The rules in force. */
  get rules(): HealingRuleName[] {
    return this.#rules.map(({ name }) => name)
  }

  /** What was done of late, oldest first; at most 64. */
  get actions(): readonly HealingAction[] {
    return this.#actions
  }

  judge(facts: HealingFacts): void {
    for (const rule of this.#rules) {
      for (const decision of rule.judge(facts)) void this.#carryOut(rule, decision)
    }
  }

  async #carryOut(rule: HealingRule, decision: HealingDecision): Promise<void> {
    try {
      const didSomething = (await this.#deps.remedies[rule.name]?.(decision)) ?? false
      this.#tell(decision, didSomething ? 'done' : 'nothing-to-do')
    } catch (thrown) {
      this.#deps.log.warn({ rule: rule.name, error: toError(thrown) }, 'healing failed')
      this.#tell(decision, 'failed')
    }
  }

  #tell(decision: HealingDecision, outcome: HealingAction['outcome']): void {
    const { telemetry, log, host, news } = this.#deps
    const { rule, target, reason } = decision
    telemetry.execute('monitor.healing.done', { count: 1 }, () => ({ ...decision, outcome }))
    if (outcome === 'done') log.info({ rule, ...(target && { target }) }, `healing: ${reason}`)
    const action = { ...decision, outcome, at: host.wallClockMs() }
    this.#actions = [...this.#actions, action].slice(-actionsMax)
    news(action)
  }
}

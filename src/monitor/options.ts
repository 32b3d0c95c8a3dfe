/** What an operator may tune of the monitor and of healing. */
import { defaultsOf, integer, type Check, type Rules } from '../kernel/index.ts'

/** The rules of healing; each is a file of `healing/rules/`. */
export const healingRuleNames = [
  'redial', // dial a member that another member reaches and this node does not
  'rediscover', // look up at once after a member was lost
  'quarantine', // keep out a member that comes and goes; only when asked for
  'expected', // raise trouble when members are missing
] as const
/**
 * In force unless told otherwise. Not `quarantine`: while nodes disagree on who is in, a name may
 * have two owners and a child two instances.
 */
const healingDefault: readonly HealingRuleName[] = ['redial', 'rediscover', 'expected']

/** One of {@link healingRuleNames}. */
export type HealingRuleName = (typeof healingRuleNames)[number]

/** Options of the monitor. */
export interface MonitorOptions {
  /** How often this node tells the others how it is. Milliseconds, 500 to 600 000. */
  readonly vitalsIntervalMs: number
  /** How often health and healing are judged. Milliseconds, 100 to 60 000. */
  readonly judgeIntervalMs: number
  /** Event loop delay (p99 of one interval) that counts as degraded. Milliseconds, 10 to 60 000. */
  readonly loopDelayMaxMs: number
  /** Members the cluster should have, this node included; 0 leaves it open. 0 to 4 096. */
  readonly expectedMembers: number
  /** How long members may be missing before it is trouble. Milliseconds, 0 to 3 600 000. */
  readonly troubleAfterMs: number
  /** Times a member may come or go in a minute; then it is quarantined. 3 to 16. */
  readonly flapsMax: number
  /** The first quarantine of a member; it doubles with each. Milliseconds, 1 000 to 3 600 000. */
  readonly quarantineMinMs: number
  /** The longest quarantine. Milliseconds, 1 000 to 24 hours. */
  readonly quarantineMaxMs: number
  /** Changes remembered of each member; the oldest is forgotten. 32 to 1 000. */
  readonly historyMax: number
  /** The rules of healing in force; `[]` switches healing off. `quarantine` only when it is named. */
  readonly healing: readonly HealingRuleName[]
}

const healingCheck: Check = (value) => {
  const known: readonly unknown[] = healingRuleNames
  const isList = Array.isArray(value) && value.every((item) => known.includes(item))
  return isList ? undefined : `expected a list of ${healingRuleNames.join(', ')}`
}

/** What each option may be. */
export const monitorRules: Rules<MonitorOptions> = {
  vitalsIntervalMs: integer(5_000, { min: 500, max: 600_000 }),
  judgeIntervalMs: integer(1_000, { min: 100, max: 60_000 }),
  loopDelayMaxMs: integer(500, { min: 10, max: 60_000 }),
  expectedMembers: integer(0, { min: 0, max: 4_096 }),
  troubleAfterMs: integer(15_000, { min: 0, max: 3_600_000 }),
  flapsMax: integer(5, { min: 3, max: 16 }),
  quarantineMinMs: integer(30_000, { min: 1_000, max: 3_600_000 }),
  quarantineMaxMs: integer(600_000, { min: 1_000, max: 86_400_000 }),
  historyMax: integer(32, { min: 32, max: 1_000 }),
  healing: { fallback: healingDefault, check: healingCheck },
}

/** The defaults. */
export const monitorDefaults: MonitorOptions = defaultsOf(monitorRules)

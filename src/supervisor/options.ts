/** The options of the supervisor: bounds, timings, and what a node takes on. */
import { defaultsOf, integer, oneOf, type Check, type Rules } from '../kernel/index.ts'
import type { PlacementPolicy } from './placement/placement.ts'

/** What an operator may tune. */
export interface SupervisorOptions {
  /** Children this node takes on; beyond it others are asked. 0 to 1 000 000. */
  readonly maxChildren: number
  /** No child is started before this many members are here, this node included. 1 to 1 000. */
  readonly minMembers: number
  /** No child is started before members have not changed for this long. Milliseconds, 0 to 600 000. */
  readonly bootStableMs: number
  /** A home acts although members disagree about who is here, after this long. Milliseconds. */
  readonly agreeWithinMs: number
  /** How often everything is looked at again, moved by up to a quarter. Milliseconds. */
  readonly reconcileIntervalMs: number
  /** Deadline of `startChild`, `stopChild`, `move` and `rebalance` when none is given. Milliseconds. */
  readonly requestTimeoutMs: number
  /** How long a constructor and `start` may take. Milliseconds. */
  readonly startTimeoutMs: number
  /** How long calls that run may take to end when a child moves. Milliseconds. */
  readonly handoverDrainMs: number
  /** A source that hears nothing more of its hand-over goes on serving after this long. Milliseconds. */
  readonly handoverTimeoutMs: number
  /** Largest state that is handed over, in bytes. */
  readonly stateMaxBytes: number
  /** Hand-overs one home drives at once, and children that give way after a split; more wait. */
  readonly handoversMax: number
  /** How long `stop()` and `drain()` may take to move children away. Milliseconds. */
  readonly drainTimeoutMs: number
  /** Delay before the second restart in a row; doubles with each. Milliseconds. */
  readonly restartDelayMs: number
  /** Longest delay between restarts. Milliseconds. */
  readonly restartDelayMaxMs: number
  /** `active`: children also move when a node joins. `passive`: only when they must. */
  readonly process_redistribution: 'active' | 'passive'
  /** `active` moves begin once members have not changed for this long. Milliseconds. */
  readonly stableAfterMs: number
  /** Children one home moves in a round of rebalancing. */
  readonly rebalanceMovesMax: number
  /** Placement policies of your own, by name; the same on every node. */
  readonly placements: Readonly<Record<string, PlacementPolicy>>
}

const placementsCheck: Check = (value) => {
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value)
  const isTable = isRecord && Object.values(value).every((item) => typeof item === 'function')
  return isTable ? undefined : 'expected functions by name'
}

const dayMs = 86_400_000

/** How each of {@link SupervisorOptions} is checked. */
export const supervisorRules: Rules<SupervisorOptions> = {
  maxChildren: integer(10_000, { min: 0, max: 1_000_000 }),
  minMembers: integer(1, { min: 1, max: 1_000 }),
  bootStableMs: integer(1_000, { min: 0, max: 600_000 }),
  agreeWithinMs: integer(2_000, { min: 0, max: 600_000 }),
  reconcileIntervalMs: integer(1_000, { min: 10, max: 600_000 }),
  requestTimeoutMs: integer(30_000, { min: 1, max: dayMs }),
  startTimeoutMs: integer(10_000, { min: 1, max: dayMs }),
  handoverDrainMs: integer(5_000, { min: 0, max: dayMs }),
  handoverTimeoutMs: integer(30_000, { min: 100, max: dayMs }),
  stateMaxBytes: integer(16 * 1_048_576, { min: 0, max: 268_435_456 }),
  handoversMax: integer(16, { min: 1, max: 1_024 }),
  drainTimeoutMs: integer(15_000, { min: 0, max: dayMs }),
  restartDelayMs: integer(100, { min: 0, max: dayMs }),
  restartDelayMaxMs: integer(10_000, { min: 0, max: dayMs }),
  process_redistribution: oneOf<'active' | 'passive'>('passive', ['active', 'passive']),
  stableAfterMs: integer(5_000, { min: 0, max: dayMs }),
  rebalanceMovesMax: integer(8, { min: 1, max: 10_000 }),
  placements: { fallback: {}, check: placementsCheck },
}

/** Defaults of {@link SupervisorOptions}. */
export const supervisorDefaults: SupervisorOptions = defaultsOf(supervisorRules)

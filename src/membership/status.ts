/** What `status()` shows: plain JSON for people and tools. */
import type { DialPlan } from './dialing/dial-plan.ts'
import type { DialTarget } from './dialing/dial-target.ts'
import type { SuspicionStatus } from './failure-detector.ts'
import type { LocalHealthStatus } from './failure-watch.ts'
import type { Member } from './members/member.ts'

/** One thing this node dials, or would. */
export interface TargetStatus {
  /** The member it belongs to, when that is known. */
  readonly member?: string
  readonly addresses: readonly string[]
  readonly provenance: readonly string[]
  readonly state: DialTarget['state']
  readonly failures: number
  /** Why the last dial failed. */
  readonly lastResult?: string
  /** Time until the next dial; absent when none is planned. */
  readonly nextInMs?: number
}

/** `leaving`: announced; nobody new is let in. `stopped` is final. */
export type MembershipState = 'idle' | 'running' | 'leaving' | 'stopped'

/** What membership knows and does now. */
export interface MembershipStatus {
  readonly state: MembershipState
  readonly self: Member
  readonly members: readonly Member[]
  readonly linked: readonly string[]
  readonly targets: readonly TargetStatus[]
  /** Names that are kept out for a while. */
  readonly quarantined: readonly string[]
  readonly suspicions: readonly SuspicionStatus[]
  readonly localHealth: LocalHealthStatus
}

/** The dial plan as plain JSON. */
export function describeTargets(plan: DialPlan, nowMs: number): TargetStatus[] {
  return plan.list().map((target) => {
    const { name, lastResult, addresses, provenance, state, failures } = target
    const isPlanned = state === 'waiting' && Number.isFinite(target.nextAtMs)
    return {
      ...(name !== undefined && { member: name }),
      ...{ addresses, provenance, state, failures },
      ...(lastResult !== undefined && { lastResult }),
      ...(isPlanned && { nextInMs: Math.max(0, Math.round(target.nextAtMs - nowMs)) }),
    }
  })
}

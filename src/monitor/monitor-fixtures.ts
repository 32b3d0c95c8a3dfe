/** What tests of the monitor are made of. */
import type { Member } from '../membership/index.ts'
import type { HealingFacts } from './healing/rule.ts'
import type { HealthFacts, HealthLimits } from './health.ts'
import { monitorDefaults } from './options.ts'
import type { VitalSigns } from './vitals/vital-signs.ts'
import type { HeardVitals } from './vitals/vitals-table.ts'

/** A live member. */
export function member(name: string, given: Partial<Member> = {}): Member {
  const plain = { incarnation: '1', addresses: [], roles: [], meta: {}, provenance: [] }
  return { name, status: 'alive', isSelf: false, ...plain, ...given }
}

/** The vital signs of a node that is well. */
export function signs(given: Partial<VitalSigns> = {}): VitalSigns {
  return {
    incarnation: '1',
    uptimeMs: 1_000,
    eventLoop: { meanMs: 0, p99Ms: 1, maxMs: 2 },
    memory: { rssBytes: 1, heapUsedBytes: 1 },
    linked: [],
    health: 'healthy',
    reasons: [],
    names: 0,
    children: 0,
    ...given,
  }
}

/** Heard a moment ago. */
export function heard(given: Partial<VitalSigns> = {}, atMs = 0): HeardVitals {
  return { signs: signs(given), heardAtMs: atMs, differsSinceMs: undefined }
}

/** A node of two members that is well. */
export function healthFacts(given: Partial<HealthFacts> = {}): HealthFacts {
  return {
    self: 'a',
    nowMs: 0,
    isRunning: true,
    members: [member('a', { isSelf: true }), member('b')],
    quarantined: [],
    topologies: [],
    links: [],
    refusal: undefined,
    outage: undefined,
    missingEdges: [],
    ownLoopDelayMs: 0,
    vitals: [],
    failedChildren: [],
    ...given,
  }
}

/** The default limits. */
export const limits: HealthLimits = monitorDefaults

/** A cluster of four in which nothing happened. */
export function healingFacts(given: Partial<HealingFacts> = {}): HealingFacts {
  return {
    nowMs: 0,
    missingEdges: [],
    lost: [],
    flapping: [],
    memberCount: 4,
    quarantinedCount: 0,
    isSelfSlow: false,
    restlessCount: given.flapping?.length ?? 0,
    ...given,
  }
}

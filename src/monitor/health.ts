/** How well this node is, with reasons. Pure: from what the parts say to one word and a few sentences. */
import type { TopologyStatus } from '../discovery/index.ts'
import { observerRole, type Member } from '../membership/index.ts'
import type { ChannelClass, LinkStats } from '../transport/index.ts'
import {
  reasonMaxBytes,
  reasonsMax,
  type Health,
  type HealthStatus,
} from './vitals/health-status.ts'
import type { MissingEdge } from './missing-edges.ts'
import type { HeardVitals } from './vitals/vitals-table.ts'

/** What health is judged from. */
export interface HealthFacts {
  readonly self: string
  readonly nowMs: number
  readonly isRunning: boolean
  /** Live members, this node included. */
  readonly members: readonly Member[]
  readonly quarantined: readonly string[]
  readonly topologies: readonly Pick<TopologyStatus, 'topology' | 'state' | 'health'>[]
  readonly links: readonly Pick<LinkStats, 'peer' | 'classes'>[]
  /** Why the cluster does not let this node in, if it does not. */
  readonly refusal: string | undefined
  /** What this node itself is cut off from, where its transport knows. */
  readonly outage: string | undefined
  readonly missingEdges: readonly MissingEdge[]
  /** Event loop delay of this process (p99 of the last interval). */
  readonly ownLoopDelayMs: number
  readonly vitals: Iterable<readonly [string, HeardVitals]>
  /** Children of this cluster that are not running and will not be restarted. */
  readonly failedChildren: readonly string[]
}

/** From where on something is worth a word. */
export interface HealthLimits {
  readonly loopDelayMaxMs: number
  readonly expectedMembers: number
  readonly vitalsIntervalMs: number
}

interface Finding {
  readonly status: Exclude<HealthStatus, 'healthy'>
  readonly reason: string
}

type Examine = (facts: HealthFacts, limits: HealthLimits) => readonly Finding[]

/** Judges. */
export function judgeHealth(facts: HealthFacts, limits: HealthLimits): Health {
  const found = examinations.flatMap((examine) => examine(facts, limits))
  const worst = found.toSorted((a, b) => Number(a.status < b.status) - Number(a.status > b.status))
  return {
    status: worst[0]?.status ?? 'healthy',
    reasons: worst.slice(0, reasonsMax).map(({ reason }) => cut(reason)),
  }
}

// An event loop this many times over its limit serves nobody in time.
const loopDelayUnhealthyTimes = 10
// A node that misses one report is late; one that misses several says nothing any more.
const lateReports = 4
const settleReports = 2

const examinations: readonly Examine[] = [
  ({ isRunning }) => (isRunning ? [] : [unhealthy('this node is not running')]),
  expectedMembers,
  isolation,
  ({ self, refusal }) =>
    refusal === undefined ? [] : [unhealthy(`not let in as "${self}": ${refusal}`)],
  ({ outage }) => (outage === undefined ? [] : [unhealthy(`cut off: ${outage}`)]),
  suspects,
  ({ quarantined }) => quarantined.map((name) => degraded(`${name} is in quarantine`)),
  topologies,
  lostClasses,
  ({ missingEdges }) =>
    missingEdges.map(({ name, by }) => degraded(`no link to ${name}, which ${by.join(', ')} has`)),
  ownLoop,
  otherNodes,
  ({ failedChildren }) => failedChildren.map((id) => degraded(`child ${id} failed`)),
]

function expectedMembers({ members }: HealthFacts, limits: HealthLimits): Finding[] {
  const count = members.filter(isCounted).length
  const { expectedMembers: expected } = limits
  if (count >= expected) return []
  const reason = `${String(count)} of ${String(expected)} expected members`
  return [count * 2 < expected ? unhealthy(reason) : degraded(reason)]
}

/** Nobody there, and no way left to find anybody. */
function isolation({ members, topologies: all }: HealthFacts): Finding[] {
  const running = all.filter(({ state }) => state === 'running')
  const isBlind = running.length > 0 && running.every(({ health }) => health.state !== 'ok')
  return members.length <= 1 && isBlind ? [unhealthy('alone, and no topology works')] : []
}

function suspects({ members }: HealthFacts): Finding[] {
  const silent = members.filter(({ status }) => status === 'suspect').map(({ name }) => name)
  if (silent.length === 0) return []
  const share = `${String(silent.length)} of ${String(members.length)} members suspect`
  return [degraded(`${share}: ${silent.join(', ')}`)]
}

function topologies({ topologies: all }: HealthFacts): Finding[] {
  return all
    .filter(({ state, health }) => state === 'running' && health.state !== 'ok')
    .map(({ topology, health }) => degraded(`topology ${topology}: ${health.detail}`))
}

function lostClasses({ links }: HealthFacts): Finding[] {
  return links.flatMap(({ peer, classes }) =>
    (Object.keys(classes) as ChannelClass[])
      .filter((name) => classes[name]?.state === 'degraded')
      .map((name) => degraded(`the ${name} connection to ${peer} is lost`)),
  )
}

function ownLoop(facts: HealthFacts, { loopDelayMaxMs }: HealthLimits): Finding[] {
  const p99Ms = facts.ownLoopDelayMs
  if (p99Ms <= loopDelayMaxMs) return []
  const reason = loopReason(p99Ms, facts.self)
  return [p99Ms > loopDelayMaxMs * loopDelayUnhealthyTimes ? unhealthy(reason) : degraded(reason)]
}

function otherNodes(facts: HealthFacts, limits: HealthLimits): Finding[] {
  return [...facts.vitals].flatMap(([name, heard]) => otherNode(name, heard, [facts, limits]))
}

function otherNode(
  name: string,
  { signs, heardAtMs, differsSinceMs }: HeardVitals,
  [{ nowMs }, { loopDelayMaxMs, vitalsIntervalMs }]: readonly [HealthFacts, HealthLimits],
): Finding[] {
  const { p99Ms } = signs.eventLoop
  const silentMs = nowMs - heardAtMs
  const settleMs = settleReports * vitalsIntervalMs
  const isDiverged = differsSinceMs !== undefined && nowMs - differsSinceMs >= settleMs
  return [
    ...(p99Ms > loopDelayMaxMs ? [degraded(loopReason(p99Ms, name))] : []),
    ...(silentMs > lateReports * vitalsIntervalMs
      ? [degraded(`no vital signs of ${name} for ${String(Math.round(silentMs / 1_000))} s`)]
      : []),
    ...(isDiverged ? [degraded(`config diverged on ${name}`)] : []),
  ]
}

function loopReason(p99Ms: number, name: string): string {
  return `event loop delay p99 ${String(Math.round(p99Ms))} ms on ${name}`
}

/** Lookers-on are nobody a cluster counts on. */
function isCounted({ roles }: Member): boolean {
  return !roles.includes(observerRole)
}

function degraded(reason: string): Finding {
  return { status: 'degraded', reason }
}

function unhealthy(reason: string): Finding {
  return { status: 'unhealthy', reason }
}

function cut(reason: string): string {
  const bytes = Buffer.from(reason, 'utf8')
  if (bytes.length <= reasonMaxBytes) return reason
  // A character cut in two decodes to U+FFFD, which takes three bytes itself.
  return bytes.toString('utf8', 0, reasonMaxBytes - 8).replace(/\uFFFD+$/u, '') + '...'
}

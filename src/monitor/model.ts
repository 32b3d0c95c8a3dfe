/** The model: puts together what the parts say, for health, for healing and for people. Read-only. */
import type { Host } from '../kernel/index.ts'
import { observerRole, type Member } from '../membership/index.ts'
import type { NodeIdentity } from '../transport/index.ts'
import type { Healer } from './healing/healer.ts'
import type { HealingFacts } from './healing/rule.ts'
import { judgeHealth } from './health.ts'
import type { Health } from './vitals/health-status.ts'
import type { MemberWatch } from './member-watch.ts'
import { missingEdges, type MissingEdge } from './missing-edges.ts'
import type { MonitorOptions } from './options.ts'
import type { ChildView, ClusterView } from './port.ts'
import type { ClusterSnapshot, NodeVitals } from './snapshot.ts'
import type { OwnVitals } from './vitals/vitals-exchange.ts'
import type { VitalsTable } from './vitals/vitals-table.ts'

/** What the model is made of. */
export interface ModelDeps {
  readonly host: Pick<Host, 'nowMs' | 'wallClockMs'>
  readonly self: NodeIdentity
  readonly view: ClusterView
  readonly watch: MemberWatch
  readonly vitals: VitalsTable
  readonly ownVitals: () => OwnVitals | undefined
}

/** Once there and once gone. */
const restlessChanges = 2
// A node that missed one report may have lost a link since.
const reportMaxAge = 2

/** One a node. */
export class Model {
  readonly #deps: ModelDeps
  readonly #options: MonitorOptions
  #lastChildren: { readonly atMs: number; readonly list: readonly ChildView[] } | undefined

  constructor(deps: ModelDeps, options: MonitorOptions) {
    this.#deps = deps
    this.#options = options
  }

  /** How well this node is, and why. */
  health(isRunning: boolean): Health {
    const { self, host, view, vitals, ownVitals } = this.#deps
    const members = view.members()
    return judgeHealth(
      {
        self: self.name,
        nowMs: host.nowMs(),
        isRunning,
        members: members.filter(isLive),
        quarantined: view.quarantined(),
        topologies: view.topologies(),
        links: view.links(),
        refusal: view.refusal(),
        outage: view.outage(),
        missingEdges: this.#missingEdges(members),
        ownLoopDelayMs: ownVitals()?.signs.eventLoop.p99Ms ?? 0,
        vitals,
        failedChildren: this.#children().flatMap(({ id, isFailed }) => (isFailed ? [id] : [])),
      },
      this.#options,
    )
  }

  /** Children on this node. */
  get ownChildren(): number {
    return this.#children().filter(({ node }) => node === this.#deps.self.name).length
  }

  /** What the rules of healing judge from; each change of membership is in one of them only. */
  healingFacts(): HealingFacts {
    const { host, view, watch } = this.#deps
    const nowMs = host.nowMs()
    const members = view.members()
    return {
      nowMs,
      lost: watch.takeLost(),
      missingEdges: this.#missingEdges(members),
      flapping: watch.history
        .flapping(this.#options.flapsMax, nowMs)
        .filter(({ name }) => members.some((member) => member.name === name && isLive(member))),
      restlessCount: watch.history.flapping(restlessChanges, nowMs).length,
      memberCount: members.filter((member) => isLive(member) && isCounted(member)).length,
      quarantinedCount: view.quarantined().length,
      isSelfSlow: view.isSelfSlow(),
    }
  }

  /** Everything this node knows of the cluster. Plain JSON. */
  snapshot(health: Health, healer: Healer): ClusterSnapshot {
    const { self, host, view, watch } = this.#deps
    const members = view.members()
    const { rules, actions } = healer
    const digest = view.configDigest()
    return {
      node: self.name,
      incarnation: self.incarnation,
      at: host.wallClockMs(),
      health,
      members: members.map((member) => ({ ...member, history: watch.history.of(member.name) })),
      links: view.links(),
      missingEdges: this.#missingEdges(members),
      topologies: view.topologies(),
      topics: view.pubsub(),
      nodes: this.#nodes(),
      names: Object.fromEntries(
        members.filter(isLive).map(({ name }) => [name, view.namesOn(name)]),
      ),
      children: childrenByNode(view.children()),
      config: { ...(digest !== undefined && { digest }), diverged: this.#diverged() },
      healing: { rules, actions, quarantined: view.quarantined() },
    }
  }

  #missingEdges(members: readonly Member[]): MissingEdge[] {
    const { host, view, watch, vitals } = this.#deps
    return missingEdges({
      members,
      linked: new Set(view.links().map(({ peer }) => peer)),
      vitals,
      nowMs: host.nowMs(),
      reportMaxAgeMs: reportMaxAge * this.#options.vitalsIntervalMs,
      changedAtMs: (name) => watch.history.changedAtMs(name),
    })
  }

  /** There may be very many: they are asked for once a round of vital signs only. */
  #children(): readonly ChildView[] {
    const nowMs = this.#deps.host.nowMs()
    const { vitalsIntervalMs } = this.#options
    if (!this.#lastChildren || nowMs - this.#lastChildren.atMs >= vitalsIntervalMs) {
      this.#lastChildren = { atMs: nowMs, list: this.#deps.view.children() }
    }
    return this.#lastChildren.list
  }

  #nodes(): Record<string, NodeVitals> {
    const { self, host, vitals, ownVitals } = this.#deps
    const nowMs = host.nowMs()
    const own = ownVitals()
    return {
      ...(own && { [self.name]: { ...own.signs, ageMs: Math.round(nowMs - own.atMs) } }),
      ...Object.fromEntries(
        [...vitals].map(([name, { signs, heardAtMs }]) => [
          name,
          { ...signs, ageMs: Math.round(nowMs - heardAtMs) },
        ]),
      ),
    }
  }

  #diverged(): string[] {
    const all = [...this.#deps.vitals]
    return all.flatMap(([name, { differsSinceMs }]) => (differsSinceMs === undefined ? [] : [name]))
  }
}

/** Alive or suspect. */
export function isLive({ status }: Pick<Member, 'status'>): boolean {
  return status === 'alive' || status === 'suspect'
}

function isCounted({ roles }: Member): boolean {
  return !roles.includes(observerRole)
}

function childrenByNode(children: readonly ChildView[]): Record<string, string[]> {
  const byNode: Record<string, string[]> = {}
  for (const { id, node } of children) {
    if (node !== undefined) (byNode[node] ??= []).push(id)
  }
  return byNode
}

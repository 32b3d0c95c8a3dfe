/**
 * ClusterMonitor: what the cluster looks like from here, how well this node is, and what heals by
 * itself. Fed by the news of membership; asks the other parts once a second and when it is asked.
 */
import type { Lifecycle, Timer } from '../kernel/index.ts'
import { Healer } from './healing/healer.ts'
import type { Health } from './vitals/health-status.ts'
import { Listeners, type MonitorEvents, type MonitorEventType } from './listeners.ts'
import type { MemberNews } from './member-history.ts'
import { MemberWatch } from './member-watch.ts'
import { isLive, Model } from './model.ts'
import type { MonitorOptions } from './options.ts'
import type { MonitorDeps } from './port.ts'
import type { ClusterSnapshot } from './snapshot.ts'
import { linkedMax, type VitalSigns } from './vitals/vital-signs.ts'
import { VitalsExchange } from './vitals/vitals-exchange.ts'

/** One a node. */
export class Monitor implements Lifecycle {
  readonly #deps: MonitorDeps
  readonly #options: MonitorOptions
  readonly #listeners: Listeners
  readonly #watch: MemberWatch
  readonly #exchange: VitalsExchange
  readonly #model: Model
  readonly #healer: Healer
  #state: 'idle' | 'running' | 'stopped' = 'idle'
  #timer: Timer | undefined
  #startedMs = 0
  /** The health told last. */
  #health: Health = { status: 'healthy', reasons: [] }

  constructor(deps: MonitorDeps, options: MonitorOptions) {
    const { host, log, telemetry, router, self, view, remedies } = deps
    this.#deps = deps
    this.#options = options
    this.#listeners = new Listeners(log)
    this.#watch = new MemberWatch(options.historyMax)
    const measure = (): VitalSigns => this.#measure()
    const exchange = new VitalsExchange(
      { host, router, measure, peers: () => this.#linked() },
      options.vitalsIntervalMs,
    )
    this.#exchange = exchange
    const { table: vitals } = exchange
    this.#model = new Model(
      { host, self, view, watch: this.#watch, vitals, ownVitals: () => exchange.own },
      options,
    )
    this.#healer = new Healer(
      {
        ...{ host, log, telemetry, remedies },
        news: (action) => {
          this.#listeners.tell({ type: 'healing', ...action })
        },
      },
      options,
    )
  }

  start(): void {
    if (this.#state !== 'idle') return
    this.#state = 'running'
    this.#startedMs = this.#deps.host.nowMs()
    this.#deps.vitals.start()
    this.#exchange.start()
    this.#schedule()
  }

  stop(): void {
    if (this.#state === 'stopped') return
    this.#state = 'stopped'
    this.#timer?.cancel()
    this.#exchange.stop()
    this.#deps.vitals.stop()
    this.#listeners.clear()
  }

  /** Calls `listener` for each event of a type; returns the way to stop that. */
  on<T extends MonitorEventType>(
    type: T,
    listener: (event: MonitorEvents[T]) => unknown,
  ): () => void {
    return this.#listeners.on(type, listener)
  }

  /** How well this node is, and why. */
  health(): Health {
    return this.#model.health(this.#state === 'running')
  }

  /** Everything this node knows of the cluster. Plain JSON. */
  snapshot(): ClusterSnapshot {
    return this.#model.snapshot(this.health(), this.#healer)
  }

  /** The node calls this with what membership tells of a member. */
  memberChanged(news: MemberNews): void {
    if (this.#state === 'stopped') return
    const { host, view } = this.#deps
    const { type: change, member } = news
    this.#watch.note(news, { nowMs: host.nowMs(), wallMs: host.wallClockMs() })
    if (change === 'member-up') this.#exchange.soon()
    if (change === 'member-down' || change === 'member-left') {
      this.#exchange.table.forget(member.name)
    }
    const live = view.members().filter(isLive)
    const members = live.map(({ name }) => name)
    this.#listeners.tell({ type: 'topology-changed', change, member: member.name, members })
  }

  #schedule(): void {
    this.#timer = this.#deps.host.after(this.#options.judgeIntervalMs, () => {
      this.#schedule()
      this.#judge()
    })
  }

  #judge(): void {
    const { telemetry } = this.#deps
    this.#healer.judge(this.#model.healingFacts())
    const health = this.health()
    const { status: previous } = this.#health
    this.#health = health
    if (health.status === previous) return
    const ok = health.status === 'healthy' ? 1 : 0
    telemetry.execute('monitor.health.changed', { ok }, () => ({ ...health, previous }))
    this.#listeners.tell({ type: 'health-changed', ...health, previous })
  }

  #linked(): string[] {
    return this.#deps.view.links().map(({ peer }) => peer)
  }

  #measure(): VitalSigns {
    const { host, self, view, vitals } = this.#deps
    const { status, reasons } = this.health()
    const config = view.configDigest()
    return {
      ...vitals.read(),
      incarnation: self.incarnation,
      uptimeMs: Math.round(host.nowMs() - this.#startedMs),
      linked: this.#linked().slice(0, linkedMax),
      health: status,
      reasons,
      names: view.namesOn(self.name),
      children: this.#model.ownChildren,
      ...(config !== undefined && { config }),
    }
  }
}

/** The parts of a supervisor, and who hears what from whom. Holds no rule of its own. */
import {
  jitter,
  type FoundationError,
  type Host,
  type Log,
  type Telemetry,
  type Timer,
} from '../kernel/index.ts'
import type { Member } from '../membership/index.ts'
import type { Registry, ServiceCalls, ServiceHost } from '../registry/index.ts'
import type { HybridClock, OwnerLog, VersionedMap } from '../replication/index.ts'
import type { Rpc } from '../rpc/index.ts'
import type { Router } from '../transport/index.ts'
import { Children } from './children.ts'
import { Commander, serveCommands } from './commander.ts'
import { Home } from './home/home.ts'
import { Placer } from './home/placer.ts'
import type { FetchPiece } from './local/child-state.ts'
import { ordersTo } from './local/orders.ts'
import { Runner } from './local/runner.ts'
import { NewsOfChildren, tellMoves, type SupervisorNews } from './news.ts'
import type { SupervisorOptions } from './options.ts'
import { versionOf, type ServiceClasses } from './core/service-class.ts'
import { Specs } from './specs.ts'
import { ChildTable } from './table.ts'
import { Views } from './views.ts'

/** What a supervisor talks to. */
export interface SupervisorDeps {
  readonly host: Host
  readonly log: Log
  readonly telemetry: Telemetry
  readonly router: Pick<Router, 'handle' | 'send'>
  readonly rpc: Pick<Rpc, 'call' | 'handle'>
  readonly ownerLog: OwnerLog
  readonly versionedMap: VersionedMap
  readonly clock: HybridClock
  readonly services: ServiceHost
  readonly registry: Pick<Registry, 'adopt' | 'claimantOf' | 'deferTo'>
  readonly calls: ServiceCalls
  readonly self: { readonly name: string; readonly isObserver: boolean }
  /** Members that are in: alive or suspected, this node too. */
  readonly members: () => readonly Member[]
  /** Why the cluster does not let this node in, if it does not. */
  readonly refusal: () => FoundationError | undefined
  /** The `services` option. */
  readonly classes: ServiceClasses
  readonly news: (news: SupervisorNews) => void
}

const tickJitter = 0.25
const seenWithinMs = 500

/** One a node. */
export class SupervisorParts {
  readonly specs: Specs
  readonly table: ChildTable
  readonly views: Views
  readonly commander: Commander
  readonly placer: Placer
  readonly runner: Runner
  readonly home: Home
  readonly children: Children
  readonly #deps: SupervisorDeps
  readonly #options: SupervisorOptions
  readonly #news: NewsOfChildren
  #tick: Timer | undefined
  #release: readonly (() => void)[] = []

  constructor(deps: SupervisorDeps, options: SupervisorOptions) {
    this.#deps = deps
    this.#options = options
    const { host, log, telemetry, members, classes, services, clock } = deps
    const self = deps.self.name
    this.#news = new NewsOfChildren((news) => {
      tellMoves(telemetry, news)
      deps.news(news)
    })
    this.commander = new Commander(deps.rpc)
    this.specs = new Specs(deps.versionedMap, log, self)
    this.table = this.#tableOf()
    this.views = this.#viewsOf()
    const failed = (error: FoundationError): void => {
      deps.news({ type: 'trouble', error })
    }
    this.placer = new Placer({ host, members, table: this.table, failed }, options)
    this.children = new Children(this.specs, this.table, host)
    deps.registry.deferTo(this.children)
    const { specs, table, views, placer, commander } = this
    const fetch: FetchPiece = (from, ask) => commander.ask(from, { name: 'state', ask })
    const { registry: names } = deps
    const near = { host, log, telemetry, self, clock, table, services, classes, fetch, names }
    this.runner = new Runner(near, options)
    const seen = this.#seen.bind(this)
    this.home = new Home(
      { host, log, telemetry, self, specs, table, views, placer, commander, seen, names, failed },
      options,
    )
  }

  start(): void {
    const { rpc, ownerLog, self } = this.#deps
    const { runner, views, home, table, specs } = this
    table.start()
    const orders = ordersTo({ runner, views, self: self.name, sequence: () => ownerLog.sequence })
    const requests = {
      startChild: home.requests.startChild.bind(home.requests),
      stopChild: home.requests.stopChild.bind(home.requests),
      moveChild: home.requests.moveChild.bind(home.requests),
      rebalance: () => home.rebalance(),
    }
    this.#release = [
      serveCommands(rpc, { ...orders, ...requests }),
      specs.watch(({ id, record, previous }) => {
        this.#news.changed(id, record, previous)
        this.#changed(id)
      }),
    ]
    this.publishFacts(false)
    views.look()
    if (!self.isObserver) home.start()
    this.#tickLater()
  }

  stop(): void {
    for (const release of this.#release) release()
    this.#release = []
    this.#tick?.cancel()
    this.home.stop()
    this.table.stop()
  }

  /** Says what this node may run. */
  publishFacts(isDraining: boolean): void {
    const { classes, self } = this.#deps
    if (self.isObserver) return
    const services = Object.entries(classes).map(([name, service]) => ({
      name,
      version: versionOf(service),
      movable: service.movable ?? true,
    }))
    this.table.publishFacts({ services, isDraining, maxChildren: this.#options.maxChildren })
  }

  /** Members came or went. */
  membersChanged(): void {
    this.views.look()
  }

  linkUp(name: string): void {
    this.views.report(name)
  }

  linkDown(name: string): void {
    this.views.lost(name)
  }

  #tableOf(): ChildTable {
    return new ChildTable({
      ...this.#deps,
      self: this.#deps.self.name,
      changed: (id) => {
        this.#news.placed(id, this.table.placementsOf(id))
        this.#changed(id)
      },
      factsChanged: () => {
        this.home.lookAtAll()
      },
    })
  }

  #viewsOf(): Views {
    return new Views(
      {
        ...this.#deps,
        changed: () => {
          this.home.viewChanged()
          // Whoever has the name runs the children of it.
          if (this.#deps.refusal()) void this.runner.stopAll('conflict')
        },
        heard: () => {
          this.home.wake()
        },
      },
      this.#options,
    )
  }

  /** An answer may come before the change it speaks of. A node that is gone is not waited for long. */
  async #seen(owner: string, sequence: number): Promise<void> {
    const { members, ownerLog } = this.#deps
    const incarnation = members().find(({ name }) => name === owner)?.incarnation
    if (incarnation === undefined) return
    const position = { owner, incarnation, sequence }
    await ownerLog.reached(position, { timeoutMs: seenWithinMs }).catch(() => undefined)
  }

  #changed(id: string): void {
    this.home.lookAt(id)
    this.children.changed(id)
  }

  #tickLater(): void {
    const { host } = this.#deps
    const { reconcileIntervalMs, process_redistribution, stableAfterMs } = this.#options
    this.#tick = host.after(jitter(reconcileIntervalMs, tickJitter, host.random()), () => {
      this.views.look()
      this.views.report()
      this.home.lookAtAll()
      const isStable = host.nowMs() - this.views.changedAtMs >= stableAfterMs
      if (process_redistribution === 'active' && isStable) void this.home.rebalance()
      this.#tickLater()
    })
  }
}

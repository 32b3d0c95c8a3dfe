/** Everything this node does as home of children, put together. */
import type { FoundationError, Host, Log, Telemetry } from '../../kernel/index.ts'
import type { Commander } from '../commander.ts'
import { planMoves } from '../core/rebalance.ts'
import type { ChildRecord } from '../core/records.ts'
import type { SupervisorOptions } from '../options.ts'
import type { Registry } from '../../registry/index.ts'
import type { Specs } from '../specs.ts'
import type { ChildTable } from '../table.ts'
import type { Views } from '../views.ts'
import { HomeActions } from './actions.ts'
import { Handovers } from './handovers.ts'
import { Homes } from './homes.ts'
import { Performer } from './performer.ts'
import type { Placer } from './placer.ts'
import { HomeRequests } from './requests.ts'

/** What a {@link Home} talks to. */
export interface HomeDeps {
  readonly host: Host
  readonly log: Log
  readonly telemetry: Telemetry
  readonly self: string
  readonly specs: Specs
  readonly table: ChildTable
  readonly views: Views
  readonly placer: Placer
  readonly commander: Commander
  /** Resolves when this node sees what another did up to a change, or after a while. */
  readonly seen: (node: string, sequence: number) => Promise<void>
  readonly names: Pick<Registry, 'claimantOf'>
  /** Something failed that follows nobody's call. */
  readonly failed: (error: FoundationError) => void
}

/** Why a node must give up a child it has. */
const leaveReasons: ReadonlySet<string | undefined> = new Set([
  'draining',
  'service missing',
  'roles missing',
])

/** How long homes plan moves of children in one and the same order. */
const turnMs = 10_000

/** One a node. */
export class Home {
  readonly requests: HomeRequests
  readonly #deps: HomeDeps
  readonly #options: SupervisorOptions
  readonly #homes: Homes
  readonly #performer: Performer

  constructor(deps: HomeDeps, options: SupervisorOptions) {
    this.#deps = deps
    this.#options = options
    const pause = (id: string, ms: number): void => {
      this.#homes.pause(id, ms)
    }
    const actions = new HomeActions(
      {
        ...{ ...deps, pause },
        started: (id, outcome) => {
          this.requests.started(id, outcome)
        },
      },
      options,
    )
    const handovers = new Handovers({ ...deps, actions }, options)
    this.#performer = new Performer({ ...deps, actions, handovers, pause }, options)
    this.#homes = new Homes({
      ...deps,
      perform: (id, record, action) => this.#performer.perform(id, record, action),
      mustLeave: (record, node) => this.#mustLeave(record, node),
    })
    this.requests = this.#requestsOf()
  }

  /** Things under way. */
  get busy(): number {
    return this.#homes.busy
  }

  start(): void {
    this.#homes.start()
  }

  stop(): void {
    this.#homes.stop()
  }

  lookAt(id: string): void {
    this.#homes.lookAt(id)
  }

  /** Members came or went. */
  viewChanged(): void {
    this.requests.viewChanged()
    this.#homes.lookAtAll()
  }

  lookAtAll(): void {
    this.#homes.lookAtAll()
  }

  /** This node may be able to act now. */
  wake(): void {
    this.#homes.wake()
  }

  /**
   * Moves some of the children it is home to, so that nodes carry alike: its part of the plan that
   * all homes make.
   *
   * @returns the ids of those that moved.
   */
  async rebalance(): Promise<string[]> {
    const { host, views, placer } = this.#deps
    if (!views.mayAct) return []
    const { rebalanceMovesMax } = this.#options
    const plan = planMoves(this.#movable(), placer.nodes(), {
      movesMax: rebalanceMovesMax * views.homes.length,
      turn: Math.floor(host.wallClockMs() / turnMs),
    })
    const own = plan.filter(({ id }) => views.isHome(id)).slice(0, rebalanceMovesMax)
    const done = own.map(async ({ id, from, to }) => {
      const result = await this.#homes.exclusively(id, () => this.#move(id, from, to))
      return result ? [id] : []
    })
    return (await Promise.all(done)).flat()
  }

  async #move(...[id, from, to]: [string, string, string]): Promise<boolean> {
    const record = this.#deps.specs.get(id)
    const placed = this.#deps.table.placementsOf(id).find(({ node }) => node === from)
    if (!record || placed?.state !== 'running') return false
    return (await this.#performer.handOver(record, placed, to)).end === 'moved'
  }

  #movable(): { spec: ChildRecord['spec']; node: string }[] {
    const { specs, table } = this.#deps
    return [...specs.ids()].flatMap((id) => {
      const record = specs.get(id)
      const [placed, second] = table.placementsOf(id)
      if (!record || second || placed?.state !== 'running') return []
      const services = table.factsOf(placed.node)?.services ?? []
      const facts = services.find(({ name }) => name === record.spec.service)
      return facts?.movable === false ? [] : [{ spec: record.spec, node: placed.node }]
    })
  }

  #mustLeave(record: ChildRecord, node: string): boolean {
    const candidate = this.#deps.placer.candidates(record).find(({ name }) => name === node)
    return leaveReasons.has(candidate?.ineligible ?? 'stays')
  }

  #requestsOf(): HomeRequests {
    return new HomeRequests({
      ...this.#deps,
      lookAt: (id) => {
        this.#homes.lookAt(id)
      },
      exclusively: (id, work) => this.#homes.exclusively(id, work),
      handOver: (record, from, to) => this.#performer.handOver(record, from, to),
    })
  }
}

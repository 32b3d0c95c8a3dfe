/**
 * The children this node is home to: looks at each of them on every change and every second, and
 * has done what {@link reconcile} says, one thing at a time for each child.
 */
import { toError, type Host, type Log, type Timer } from '../../kernel/index.ts'
import type { ChildAction } from '../core/reconcile.ts'
import { reconcile } from '../core/reconcile.ts'
import type { ChildRecord } from '../core/records.ts'
import type { Specs } from '../specs.ts'
import type { ChildTable } from '../table.ts'
import type { Views } from '../views.ts'

/** What {@link Homes} talks to. */
export interface HomesDeps {
  readonly host: Pick<Host, 'nowMs' | 'after'>
  readonly log: Log
  readonly specs: Specs
  readonly table: ChildTable
  readonly views: Views
  /** Does what was decided; resolves when the table shows it. */
  readonly perform: (
    id: string,
    record: ChildRecord | undefined,
    action: ChildAction,
  ) => Promise<void>
  /** True when the child must leave the node it is on. */
  readonly mustLeave: (record: ChildRecord, node: string) => boolean
}

/** Children looked at in one turn of the event loop. */
const sliceMax = 250
/** How often a node that may not act yet looks whether it may. */
const blockedLookMs = 20
/** How long something that failed is left alone. */
const pauseMs = 250
/** How long a child nobody seems to want is left alone: what is wanted may be on its way. */
const orphanPatienceMs = 5_000

/** One a node. */
export class Homes {
  readonly #deps: HomesDeps
  readonly #dirty = new Set<string>()
  readonly #busy = new Map<string, Promise<unknown>>()
  readonly #pauses = new Map<string, Timer>()
  readonly #orphansSinceMs = new Map<string, number>()
  #state: 'idle' | 'running' | 'stopped' = 'idle'
  #isScheduled = false

  constructor(deps: HomesDeps) {
    this.#deps = deps
  }

  /** Things under way. */
  get busy(): number {
    return this.#busy.size
  }

  start(): void {
    this.#state = 'running'
    this.lookAtAll()
  }

  stop(): void {
    this.#state = 'stopped'
    for (const timer of this.#pauses.values()) timer.cancel()
    this.#pauses.clear()
    this.#dirty.clear()
  }

  /** Something about the child may have changed. */
  lookAt(id: string): void {
    this.#dirty.add(id)
    this.#schedule()
  }

  lookAtAll(): void {
    const { specs, table } = this.#deps
    for (const id of specs.ids()) this.#dirty.add(id)
    for (const id of table.ids()) this.#dirty.add(id)
    this.#schedule()
  }

  /** This node may be able to act now. */
  wake(): void {
    if (this.#dirty.size > 0) this.#schedule()
  }

  /**
   * Does something about a child for which this node is home, after what is under way for it and
   * before anything else.
   */
  async exclusively<T>(id: string, work: () => Promise<T>): Promise<T> {
    while (this.#busy.has(id)) await this.#busy.get(id)
    const result = work()
    const done = result
      .catch(() => undefined)
      .then(() => {
        this.#busy.delete(id)
        this.lookAt(id)
      })
    this.#busy.set(id, done)
    return result
  }

  /** Leaves the child alone for a while. */
  pause(id: string, ms: number): void {
    this.#pauses.get(id)?.cancel()
    const timer = this.#deps.host.after(ms, () => {
      this.#pauses.delete(id)
      this.lookAt(id)
    })
    this.#pauses.set(id, timer)
  }

  #schedule(delayMs = 0): void {
    if (this.#isScheduled || this.#state !== 'running') return
    this.#isScheduled = true
    this.#deps.host.after(delayMs, () => {
      this.#isScheduled = false
      this.#run()
    })
  }

  #run(): void {
    if (this.#state !== 'running') return
    if (!this.#deps.views.mayAct || !this.#deps.specs.isSynced) {
      this.#schedule(blockedLookMs)
      return
    }
    let left = sliceMax
    for (const id of this.#dirty) {
      if (left-- <= 0) {
        this.#schedule()
        return
      }
      this.#dirty.delete(id)
      this.#decide(id)
    }
  }

  #decide(id: string): void {
    if (this.#busy.has(id) || this.#pauses.has(id) || !this.#deps.views.isHome(id)) return
    const { specs, table, mustLeave } = this.#deps
    const record = specs.get(id)
    if (!this.#isKnownFor(id, record)) return
    const action = reconcile({
      record,
      placements: table.placementsOf(id),
      lastEpoch: Math.max(table.lastEpoch(id), specs.assignmentOf(id)?.epoch ?? 0),
      mustLeave: (node) => record !== undefined && mustLeave(record, node),
    })
    if (action.kind !== 'nothing') this.#perform(id, record, action)
  }

  #perform(...[id, record, action]: [string, ChildRecord | undefined, ChildAction]): void {
    const work = (): Promise<void> => this.#deps.perform(id, record, action)
    this.exclusively(id, work).catch((thrown: unknown) => {
      const error = toError(thrown)
      this.#deps.log.debug(
        { child: id, action: action.kind, error },
        'could not be done; again soon',
      )
      this.pause(id, pauseMs)
    })
  }

  /** A child without a record: taken back, or the record is not here yet. */
  #isKnownFor(id: string, record: ChildRecord | undefined): boolean {
    if (record || this.#deps.specs.isDeleted(id)) {
      this.#orphansSinceMs.delete(id)
      return true
    }
    const nowMs = this.#deps.host.nowMs()
    const sinceMs = this.#orphansSinceMs.get(id) ?? nowMs
    if (this.#deps.table.placementsOf(id).length === 0) {
      this.#orphansSinceMs.delete(id)
      return false
    }
    this.#orphansSinceMs.set(id, sinceMs)
    return nowMs - sinceMs >= orphanPatienceMs
  }
}

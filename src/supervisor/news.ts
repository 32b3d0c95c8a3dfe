/** What the supervisor tells: derived on every node from what all nodes see, so that all can tell it. */
import type { FoundationError, Telemetry } from '../kernel/index.ts'
import { servingPlace, type ChildRecord, type Placed } from './core/records.ts'
import type { StartReason } from './core/service-class.ts'

/** News of children. */
export type ChildNews =
  | {
      readonly type: 'child-moved'
      readonly id: string
      /** Where it was; absent when this node did not know. */
      readonly from: string | undefined
      readonly to: string
      readonly epoch: number
      readonly reason: StartReason
      /** `carried`: it goes on with the state of its former life. `fresh`: it does not. */
      readonly state: 'carried' | 'fresh'
    }
  /** Its restart budget is used up, or it could not be started. */
  | { readonly type: 'child-failed'; readonly id: string; readonly error: string }

/** News of children, and what failed on the node that decides on them. */
export type SupervisorNews =
  ChildNews | { readonly type: 'trouble'; readonly error: FoundationError }

/** Children whose last place is remembered; the oldest is forgotten for a new one. */
const placesMax = 65_536

/** Starts that are moves also for a node that did not know where the child was. */
const moves: ReadonlySet<StartReason> = new Set(['failover', 'move'])

/** Turns changes of the table and of records into news. */
export class NewsOfChildren {
  readonly #tell: (news: ChildNews) => void
  readonly #places = new Map<string, string>()

  constructor(tell: (news: ChildNews) => void) {
    this.#tell = tell
  }

  /** Something changed about where the child is. After a split it may be in several places at once. */
  placed(id: string, placements: readonly Placed[]): void {
    const place = servingPlace(placements)
    if (place?.state !== 'running') return
    const { node: to, epoch, reason = 'start' } = place
    const from = this.#places.get(id)
    if (from === to) return
    this.#remember(id, to)
    if (from === undefined && !moves.has(reason)) return
    const state = place.isCarried === true ? 'carried' : 'fresh'
    this.#tell({ type: 'child-moved', id, from, to, epoch, reason, state })
  }

  #remember(id: string, place: string): void {
    this.#places.delete(id)
    this.#places.set(id, place)
    const oldest = this.#places.keys().next()
    if (this.#places.size > placesMax && oldest.done !== true) this.#places.delete(oldest.value)
  }

  /** What is wanted of a child changed. */
  changed(id: string, record: ChildRecord | undefined, previous: ChildRecord | undefined): void {
    if (!record) this.#places.delete(id)
    if (record?.outcome?.kind !== 'failed' || previous?.outcome?.kind === 'failed') return
    this.#tell({ type: 'child-failed', id, error: record.outcome.message })
  }
}

/** Programs hear of moves, too. */
export function tellMoves(telemetry: Telemetry, news: ChildNews): void {
  if (news.type !== 'child-moved') return
  const { id: child, from, to, reason, state } = news
  telemetry.execute('supervisor.child.moved', { count: 1 }, () => ({
    ...{ child, from, to, reason, state },
  }))
}

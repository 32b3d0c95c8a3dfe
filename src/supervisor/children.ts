/** What this node knows of all children, for people and for calls. */
import { checkGiven, stringCheck, wordCheck, type GivenChecks, type Host } from '../kernel/index.ts'
import type { Locator, Whereabouts } from '../registry/index.ts'
import {
  byIncumbency,
  placementStates,
  servingPlace,
  type ChildRecord,
  type Placed,
} from './core/records.ts'
import type { Specs } from './specs.ts'
import type { ChildTable } from './table.ts'

/** What a child is doing, over all nodes. */
export type ChildState =
  | Placed['state']
  | 'pending' // wanted, and nowhere yet
  | 'completed'
  | 'failed'

/** One child as this node sees it. */
export interface ChildInfo {
  readonly id: string
  readonly service: string
  readonly state: ChildState
  /** Where it is; absent when it is nowhere. */
  readonly node?: string
  /** Of its last start; 0 while it is nowhere. */
  readonly epoch: number
  /** Why it has failed, or ended last. */
  readonly error?: string
}

/** Which children. */
export interface ChildFilter {
  readonly prefix?: string
  readonly service?: string
  readonly node?: string
  readonly state?: ChildState
}

const filterChecks: GivenChecks<ChildFilter> = {
  prefix: stringCheck,
  service: stringCheck,
  node: stringCheck,
  state: wordCheck([...placementStates, 'pending', 'completed', 'failed']),
}

/** How many children there are. */
export interface ChildCounts {
  readonly total: number
  readonly running: number
  readonly failed: number
  readonly completed: number
  /** Neither of these: starting, moving, ending, or without a node. */
  readonly pending: number
  /** Running children by node. */
  readonly byNode: Readonly<Record<string, number>>
}

/** How long what was decided elsewhere may take to be seen here. */
const seesWithinMs = 1_000

/** One a node. */
export class Children implements Locator {
  readonly #host: Pick<Host, 'after'>
  readonly #specs: Specs
  readonly #table: ChildTable
  readonly #listeners = new Map<string, Set<() => void>>()

  constructor(specs: Specs, table: ChildTable, host: Pick<Host, 'after'>) {
    this.#host = host
    this.#specs = specs
    this.#table = table
  }

  /** Where calls of a child go. One that is wanted and not there yet is waited for. */
  locate(id: string): Whereabouts {
    const place = servingPlace(this.#table.placementsOf(id))
    if (place) return { node: place.node }
    const record = this.#specs.get(id)
    return record && !record.outcome ? 'pending' : undefined
  }

  onMoved(id: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(id) ?? new Set()
    this.#listeners.set(id, listeners)
    listeners.add(listener)
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0) this.#listeners.delete(id)
    }
  }

  /** Something about the child changed. */
  changed(id: string): void {
    for (const listener of [...(this.#listeners.get(id) ?? [])]) listener()
  }

  /**
   * Resolves when this node sees that of the child, or after a while: what was decided elsewhere is
   * on its way here.
   */
  async sees(id: string, holds: () => boolean): Promise<void> {
    if (holds()) return
    await new Promise<void>((resolve) => {
      const end = (): void => {
        timer.cancel()
        forget()
        resolve()
      }
      const forget = this.onMoved(id, () => {
        if (holds()) end()
      })
      const timer = this.#host.after(seesWithinMs, end)
    })
  }

  place(id: string): Placed | undefined {
    return servingPlace(this.#table.placementsOf(id))
  }

  /** @throws {FoundationError} `FND_OPTION_INVALID` */
  which(given: ChildFilter = {}): ChildInfo[] {
    checkGiven(filterChecks, given, 'which')
    const { prefix = '', ...filter } = given
    const found: ChildInfo[] = []
    for (const id of this.#specs.ids()) {
      const record = id.startsWith(prefix) ? this.#specs.get(id) : undefined
      const info = record && this.#infoOf(record)
      if (info && matches(info, filter)) found.push(info)
    }
    return found
  }

  count(): ChildCounts {
    const counts = { total: 0, running: 0, failed: 0, completed: 0, pending: 0 }
    const byNode: Record<string, number> = {}
    for (const { state, node } of this.which()) {
      counts.total += 1
      const kind =
        state === 'running' || state === 'failed' || state === 'completed' ? state : 'pending'
      counts[kind] += 1
      if (state === 'running' && node !== undefined) byNode[node] = (byNode[node] ?? 0) + 1
    }
    return { ...counts, byNode }
  }

  #infoOf({ spec, outcome }: ChildRecord): ChildInfo {
    const { id, service } = spec
    const placements = this.#table.placementsOf(id)
    const place = servingPlace(placements) ?? placements.toSorted(byIncumbency)[0]
    const epoch = place?.epoch ?? 0
    if (outcome) {
      const error = outcome.kind === 'failed' ? { error: outcome.message } : {}
      return { id, service, state: outcome.kind, epoch, ...error }
    }
    if (!place) return { id, service, state: 'pending', epoch }
    const { state, node, error } = place
    return { id, service, state, node, epoch, ...(error === undefined ? {} : { error }) }
  }
}

function matches(info: ChildInfo, filter: Omit<ChildFilter, 'prefix'>): boolean {
  const { service, node, state } = filter
  return (
    (service === undefined || info.service === service) &&
    (node === undefined || info.node === node) &&
    (state === undefined || info.state === state)
  )
}

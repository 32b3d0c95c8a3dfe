/** What the cluster wants of children, and the epochs it has given out: two spaces of the versioned map. */
import { toError, type Log, type WaitOptions } from '../kernel/index.ts'
import type { MapSpace, VersionedMap } from '../replication/index.ts'
import type { Shape } from '../wire/index.ts'
import { assignmentShape, recordShape, type Assignment, type ChildRecord } from './core/records.ts'

/** A change of what is wanted of a child. */
export interface SpecChange {
  readonly id: string
  readonly record: ChildRecord | undefined
  readonly previous: ChildRecord | undefined
}

/** One a node. */
export class Specs {
  readonly #records: MapSpace
  readonly #assignments: MapSpace
  readonly #log: Log

  constructor(map: Pick<VersionedMap, 'space'>, log: Log) {
    this.#records = map.space('children')
    this.#assignments = map.space('child-epochs')
    this.#log = log
  }

  /** True when this node holds all that its peers held when they met. */
  get isSynced(): boolean {
    return this.#records.isSynced
  }

  get(id: string): ChildRecord | undefined {
    return this.#checked(recordShape, id, this.#records.get(id)?.value)
  }

  /** True when somebody took the child back; false also when nobody ever wanted it. */
  isDeleted(id: string): boolean {
    return this.#records.get(id) === undefined && this.#records.versionOf(id) !== undefined
  }

  *ids(): Generator<string, void> {
    for (const [id] of this.#records.entries()) yield id
  }

  put(id: string, record: ChildRecord): void {
    this.#records.put(id, record)
  }

  delete(id: string): void {
    this.#records.delete(id)
    this.#assignments.delete(id)
  }

  /** Resolves when that many other members hold the present word on the child. */
  acknowledged(id: string, peers: number, options: WaitOptions): Promise<void> {
    return this.#records.acknowledged(id, { peers, ...options })
  }

  assignmentOf(id: string): Assignment | undefined {
    return this.#checked(assignmentShape, id, this.#assignments.get(id)?.value)
  }

  assign(id: string, assignment: Assignment): void {
    this.#assignments.put(id, assignment)
  }

  watch(listener: (change: SpecChange) => void): () => void {
    return this.#records.watch(({ key: id, value, previous }) => {
      listener({
        id,
        record: this.#checked(recordShape, id, value),
        previous: this.#checked(recordShape, id, previous),
      })
    })
  }

  /** What cannot be understood counts as absent: a newer version of this package may have written it. */
  #checked<T>(...[shape, id, value]: [Shape<T>, string, unknown]): T | undefined {
    if (value === undefined) return undefined
    try {
      return shape.check(value, 'record')
    } catch (thrown) {
      this.#log.warn(
        { child: id, error: toError(thrown) },
        'the record of a child is not understood',
      )
      return undefined
    }
  }
}

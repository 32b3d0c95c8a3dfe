/** What the cluster wants of children, and the epochs it has given out: two spaces of the versioned map. */
import { toError, type Log, type WaitOptions } from '../kernel/index.ts'
import {
  compareStamps,
  nextStamp,
  type MapSpace,
  type Stamp,
  type VersionBase,
  type VersionedMap,
} from '../replication/index.ts'
import type { Shape } from '../wire/index.ts'
import { assignmentShape, recordShape, type Assignment, type ChildRecord } from './core/records.ts'

/** A change of what is wanted of a child. */
export interface SpecChange {
  readonly id: string
  readonly record: ChildRecord | undefined
  readonly previous: ChildRecord | undefined
}

/** A child that is wanted until its first start has failed, or somebody was told that it is accepted. */
export interface Proposal {
  readonly record: ChildRecord
  readonly version: VersionBase
}

const beginning: Stamp = { wallMs: 0, counter: 0 }

/** One a node. */
export class Specs {
  readonly #records: MapSpace
  readonly #assignments: MapSpace
  readonly #log: Log
  readonly #self: string

  constructor(map: Pick<VersionedMap, 'space'>, log: Log, self: string) {
    this.#records = map.space('children')
    this.#assignments = map.space('child-epochs')
    this.#log = log
    this.#self = self
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

  /** Wants a child, or says how it ended. */
  put(id: string, { spec, hash, origin, outcome }: ChildRecord): void {
    this.#records.put(id, { spec, hash, origin, ...(outcome && { outcome }) })
  }

  /**
   * Wants a child of which nothing is known here, until `settle` or `retract`. Stamped just after what
   * is known, not with the present time: a home that has missed something (it was cut off, or paused)
   * takes back its own proposal only, never a child that another home has accepted meanwhile.
   */
  propose(id: string, record: ChildRecord): Proposal {
    const version = this.#after(this.#records.versionOf(id) ?? beginning)
    this.#records.adopt(id, { ...record, isTentative: true }, version)
    return { record, version }
  }

  /** The child as it was proposed; undefined when it is wanted for good, or not at all. */
  proposalOf(id: string): Proposal | undefined {
    const [record, version] = [this.get(id), this.#records.versionOf(id)]
    return record?.isTentative === true && version ? { record, version } : undefined
  }

  /** Wants the child for good, unless somebody has decided about it since. */
  settle({ record, version }: Proposal): void {
    const { id } = record.spec
    const present = this.#records.versionOf(id)
    if (present?.wallMs !== version.wallMs) return
    // A proposal of another home may have been retracted: that was no decision about this one.
    const isRetracted = this.isDeleted(id) && present.writer !== this.#self
    if (isRetracted || this.proposalOf(id)) this.put(id, record)
  }

  /** Takes the proposal back, and nothing that is newer. */
  retract({ record, version }: Proposal): void {
    const { id } = record.spec
    const present = this.#records.versionOf(id)
    if (!present || compareStamps(present, version) !== 0 || present.writer !== version.writer)
      return
    this.#records.adopt(id, undefined, this.#after(version))
    this.#assignments.delete(id)
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

  #after(stamp: Stamp): VersionBase {
    return { ...nextStamp(stamp, 0), writer: this.#self }
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

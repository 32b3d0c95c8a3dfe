/**
 * Who owns which name, over all owners that are up. Pure. Mostly a name has one owner; after a
 * partition it may have several for a moment, of which one is the winner. Names stand in
 * rows, not in an object each: there may be a million of them.
 */
import { integerColumn, TextRows, ValueColumn } from '../../kernel/index.ts'
import type { HeldEntry } from '../../replication/index.ts'
import { LogNumbers } from './log-numbers.ts'
import { compareRecords, recordOf } from './record.ts'

/** What became of one name. */
export interface NameChange {
  readonly name: string
  /** The winner before; undefined when nobody had the name. */
  readonly before: HeldEntry | undefined
  /** The winner now. */
  readonly after: HeldEntry | undefined
  /** The name has several owners now, or had before. */
  readonly isContested: boolean
  /** One more owner has come. */
  readonly isNewcomer: boolean
}

/** One a node. */
export class NameTable {
  readonly #rows = new TextRows()
  /** Whose the name of a row is, and what the winner says of it. */
  readonly #logs = integerColumn()
  readonly #values = new ValueColumn()
  readonly #numbers = new LogNumbers()
  /** All entries of names with several owners, the winner first. */
  readonly #contested = new Map<string, readonly HeldEntry[]>()

  /** Names somebody owns. */
  get size(): number {
    return this.#rows.size
  }

  /** Names of that owner; those it lost are not counted. Looks at no name. */
  sizeOf(node: string): number {
    return this.#numbers.usesBy(node)
  }

  /** Who owns the name. */
  get(name: string): HeldEntry | undefined {
    const row = this.#rows.find(name)
    return row < 0 ? undefined : this.#at(row, name)
  }

  /** The winners of all names. */
  *winners(): Generator<HeldEntry, void> {
    for (const row of this.#rows) yield this.#at(row, this.#rows.textOf(row))
  }

  /** Names with more than one owner now. */
  contested(): Iterable<string> {
    return this.#contested.keys()
  }

  /** Every owner of the name, the winner first. */
  owners(name: string): readonly HeldEntry[] {
    const contested = this.#contested.get(name)
    if (contested) return contested
    const winner = this.get(name)
    return winner ? [winner] : []
  }

  /** An owner says something new of a name. */
  put(held: HeldEntry): NameChange {
    const { key: name, log } = held
    const before = this.get(name)
    const isSole = !before || (before.log.owner === log.owner && !this.#isContested(name))
    if (isSole) {
      this.#write(name, held)
      return { name, before, after: held, isContested: false, isNewcomer: !before }
    }
    const former = this.owners(name)
    const others = former.filter((other) => other.log.owner !== log.owner)
    const isNewcomer = others.length === former.length
    return { ...this.#set(name, former, [...others, held]), isNewcomer }
  }

  /** An owner no longer has the name, or is no longer up. */
  remove(name: string, node: string): NameChange {
    const former = this.owners(name)
    const others = former.filter(({ log }) => log.owner !== node)
    return { ...this.#set(name, former, others), isNewcomer: false }
  }

  #isContested(name: string): boolean {
    return this.#contested.size > 0 && this.#contested.has(name)
  }

  #set(
    name: string,
    former: readonly HeldEntry[],
    owners: readonly HeldEntry[],
  ): Omit<NameChange, 'isNewcomer'> {
    const ordered = owners.length > 1 ? owners.toSorted(compareHeld) : owners
    const [before] = former
    const [after] = ordered
    if (before !== after) this.#write(name, after)
    if (ordered.length > 1) this.#contested.set(name, ordered)
    else if (former.length > 1) this.#contested.delete(name)
    return { name, before, after, isContested: former.length > 1 || ordered.length > 1 }
  }

  #write(name: string, winner: HeldEntry | undefined): void {
    const found = this.#rows.find(name)
    if (found >= 0) this.#numbers.release(this.#logs.get(found) ?? 0)
    if (winner) {
      const row = found < 0 ? this.#rows.add(name) : found
      this.#logs.set(row, this.#numbers.take(winner.log))
      this.#values.set(row, winner.value)
    } else if (found >= 0) {
      this.#values.clear(found)
      this.#rows.remove(found)
    }
  }

  #at(row: number, key: string): HeldEntry {
    const log = this.#numbers.logOf(this.#logs.get(row) ?? 0)
    return { log, key, value: this.#values.get(row) }
  }
}

function compareHeld(a: HeldEntry, b: HeldEntry): number {
  return compareRecords(recordOf(a), recordOf(b))
}

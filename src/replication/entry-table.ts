/** The entries of one log in one space, in rows: there may be a million of them. */
import { integerColumn, TextRows, ValueColumn } from '../kernel/index.ts'
import type { EntryHash } from './core/fingerprint.ts'

/** Keys with their values and hashes. A row stays the same as long as its key is here. */
export class EntryTable {
  readonly #rows = new TextRows()
  readonly #values = new ValueColumn()
  readonly #highs = integerColumn()
  readonly #lows = integerColumn()

  get size(): number {
    return this.#rows.size
  }

  /** See `TextRows`. */
  rows(): Iterable<number> {
    return this.#rows
  }

  /** The row of a key, or -1. */
  find(key: string): number {
    return this.#rows.find(key)
  }

  keyOf(row: number): string {
    return this.#rows.textOf(row)
  }

  valueOf(row: number): unknown {
    return this.#values.get(row)
  }

  hashOf(row: number): EntryHash {
    return { high: this.#highs.get(row) ?? 0, low: this.#lows.get(row) ?? 0 }
  }

  hasHash(row: number, { high, low }: EntryHash): boolean {
    return this.#highs.get(row) === high && this.#lows.get(row) === low
  }

  /** Gives a row to a key that has none. */
  add(key: string): number {
    return this.#rows.add(key)
  }

  write(row: number, value: unknown, { high, low }: EntryHash): void {
    this.#values.set(row, value)
    this.#highs.set(row, high)
    this.#lows.set(row, low)
  }

  remove(row: number): void {
    this.#values.clear(row)
    this.#rows.remove(row)
  }
}

/**
 * Columns of a large table: a value for each of its rows. A column takes its room in blocks, so that
 * growing never takes long; numbers stand side by side, where the garbage collector does not look.
 */

/** A power of two. */
const rowsPerBlock = 4_096
const firstRows = 16

interface Block<T> {
  readonly length: number
  [row: number]: T
}

/** One value a row. */
export class Column<T> {
  readonly #blockOf: (rows: number) => Block<T>
  readonly #blocks: Block<T>[] = []

  /** @param blockOf makes a block of so many rows that have no value yet. */
  constructor(blockOf: (rows: number) => Block<T>) {
    this.#blockOf = blockOf
  }

  /** Undefined, or what its block was made with, for a row that was never set. */
  get(row: number): T | undefined {
    return this.#blocks[Math.floor(row / rowsPerBlock)]?.[row % rowsPerBlock]
  }

  set(row: number, value: T): void {
    const at = row % rowsPerBlock
    const index = Math.floor(row / rowsPerBlock)
    const block = this.#blocks[index]
    if (block && at < block.length) block[at] = value
    else this.#grow(index, at)[at] = value
  }

  /** All but the first block have their full size at once. */
  #grow(index: number, at: number): Block<T> {
    const former = this.#blocks[index]
    let rows = former?.length ?? (index > 0 ? rowsPerBlock : firstRows)
    while (rows <= at) rows *= 2
    const block = this.#blockOf(rows)
    for (let row = 0; row < (former?.length ?? 0); row++) block[row] = former?.[row] as T
    this.#blocks[index] = block
    return block
  }
}

/** Whole numbers of 32 bits. */
export function integerColumn(): Column<number> {
  return new Column((rows) => new Int32Array(rows))
}

/** Any numbers. */
export function numberColumn(): Column<number> {
  return new Column((rows) => new Float64Array(rows))
}

/** Anything. */
export function anyColumn<T>(): Column<T | undefined> {
  return new Column((rows) => new Array<T | undefined>(rows).fill(undefined))
}

/** Anything, most of it numbers: those take eight bytes and no object. */
export class ValueColumn {
  /** Not a number where the value is among the others. */
  readonly #numbers = numberColumn()
  readonly #others = anyColumn<unknown>()

  get(row: number): unknown {
    const number = this.#numbers.get(row)
    return Number.isNaN(number) ? this.#others.get(row) : number
  }

  set(row: number, value: unknown): void {
    const isNumber = typeof value === 'number' && !Number.isNaN(value)
    if (Number.isNaN(this.#numbers.get(row))) this.#others.set(row, undefined)
    this.#numbers.set(row, isNumber ? value : Number.NaN)
    if (!isNumber) this.#others.set(row, value)
  }

  /** Lets go of the value of a row. */
  clear(row: number): void {
    this.set(row, 0)
  }
}

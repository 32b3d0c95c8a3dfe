/**
 * Texts of many rows, kept as bytes: a million short texts, each an object, are what the garbage
 * collector would spend its time with.
 */
import { Buffer } from 'node:buffer'
import { integerColumn } from './columns.ts'

/** A power of two. Rows share the bytes of their block, so that making room never takes long. */
const rowsPerBlock = 4_096

/** The bytes of one block: texts one after the other, in no order. */
interface Block {
  bytes: Buffer
  end: number
  /** Bytes of texts that are no more. */
  dead: number
  /** Rows of it that were ever used. */
  rows: number
}

/** At most one text a row. */
export class TextColumn {
  readonly #blocks: Block[] = []
  /** Where a text begins in the bytes of its block. */
  readonly #starts = integerColumn()
  /** Bytes of a text + 1, 0 for none; negative when its characters take two bytes each. */
  readonly #lengths = integerColumn()

  has(row: number): boolean {
    return this.#length(row) !== 0
  }

  /** The text of a row that has one. */
  get(row: number): string {
    const start = this.#start(row)
    const length = this.#length(row)
    const encoding = length < 0 ? 'utf16le' : 'latin1'
    return this.#block(row).bytes.toString(encoding, start, start + Math.abs(length) - 1)
  }

  /** Whether this is the text of the row. */
  is(row: number, text: string): boolean {
    const length = this.#length(row)
    if (length < 0) return this.get(row) === text
    if (length - 1 !== text.length) return false
    const start = this.#start(row)
    const { bytes } = this.#block(row)
    for (let at = 0; at < text.length; at++) {
      if (bytes[start + at] !== text.charCodeAt(at)) return false
    }
    return true
  }

  /** Gives a text to a row that has none. */
  set(row: number, text: string): void {
    const isWide = hasWide(text)
    const length = isWide ? text.length * 2 : text.length
    const block = this.#block(row)
    if (block.end + length > block.bytes.length) this.#makeRoom(row, length)
    block.bytes.write(text, block.end, isWide ? 'utf16le' : 'latin1')
    this.#starts.set(row, block.end)
    this.#lengths.set(row, isWide ? -length - 1 : length + 1)
    block.end += length
    block.rows = Math.max(block.rows, (row % rowsPerBlock) + 1)
  }

  clear(row: number): void {
    this.#block(row).dead += Math.abs(this.#length(row)) - 1
    this.#lengths.set(row, 0)
  }

  /** Half as much again as is needed, without the dead. */
  #makeRoom(row: number, needed: number): void {
    const block = this.#block(row)
    const former = block.bytes
    block.bytes = Buffer.allocUnsafeSlow(Math.ceil((block.end - block.dead + needed) * 1.5))
    block.end = 0
    block.dead = 0
    const first = row - (row % rowsPerBlock)
    for (let each = first; each < first + block.rows; each++) {
      const length = Math.abs(this.#length(each)) - 1
      if (length < 0) continue
      const start = this.#start(each)
      former.copy(block.bytes, block.end, start, start + length)
      this.#starts.set(each, block.end)
      block.end += length
    }
  }

  #block(row: number): Block {
    const index = Math.floor(row / rowsPerBlock)
    return (this.#blocks[index] ??= { bytes: Buffer.alloc(0), end: 0, dead: 0, rows: 0 })
  }

  #start(row: number): number {
    return this.#starts.get(row) ?? 0
  }

  #length(row: number): number {
    return this.#lengths.get(row) ?? 0
  }
}

function hasWide(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0xff) return true
  return false
}

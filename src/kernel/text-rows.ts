/**
 * Gives each of a million texts a row: a small number that stays the same until the text is removed, and
 * by which columns hold what belongs to it. No object a text, and no step that takes long: the garbage
 * collector has nothing to look at, and what grows, grows in small parts.
 * @source linear probing with deletion by moving back: Knuth, The Art of Computer Programming 6.4, R.
 */
import { TextColumn } from './text-column.ts'

/** Up to this size one part does. */
const narrowMax = 16_384
/** Powers of two. */
const partCount = 256
const firstSlots = 8

/**
 * Which rows the texts stand in whose hashes lead here. A slot is two numbers: row + 1, or 0 while it is
 * free, and the hash, so that hardly ever a text is looked at that is not the one.
 */
interface Part {
  slots: Int32Array
  used: number
}

/** As a Set of texts; its rows are for columns. */
export class TextRows {
  #parts: readonly Part[] = [newPart()]
  #texts = new TextColumn()
  /** Rows that were removed, to be given again. */
  #free: number[] = []
  /** Rows ever given. */
  #end = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The row of a text, or -1. */
  find(text: string): number {
    const hash = hashOf(text)
    const { slots } = this.#partOf(hash)
    for (let slot = firstSlot(slots, hash); ; slot = slotAfter(slots, slot)) {
      const row = (slots[slot] ?? 0) - 1
      if (row < 0 || (slots[slot + 1] === hash && this.#texts.is(row, text))) return row
    }
  }

  /** Gives a row to a text that has none. */
  add(text: string): number {
    const row = this.#free.pop() ?? this.#end++
    this.#texts.set(row, text)
    this.#size += 1
    if (this.#parts.length === 1 && this.#size > narrowMax) this.#widen()
    else this.#enter(row, hashOf(text))
    return row
  }

  /** Takes the row from its text; another text may get it. */
  remove(row: number): void {
    const hash = hashOf(this.textOf(row))
    const part = this.#partOf(hash)
    vacate(part.slots, slotOf(part.slots, row + 1, hash))
    part.used -= 1
    this.#size -= 1
    this.#texts.clear(row)
    this.#free.push(row)
    if (this.#size === 0) this.#clear()
  }

  /** The text of a row that has one. */
  textOf(row: number): string {
    return this.#texts.get(row)
  }

  /**
   * The rows. May be read while texts come and go: what was there at the beginning and still is will be
   * read; what is added meanwhile may be, but never keeps the reading from its end.
   */
  *[Symbol.iterator](): Generator<number, void> {
    const end = this.#end
    for (let row = 0; row < end; row++) {
      if (this.#texts.has(row)) yield row
    }
  }

  #partOf(hash: number): Part {
    const parts = this.#parts
    // There always is one.
    return parts[parts.length === 1 ? 0 : hash & (partCount - 1)] as Part
  }

  #enter(row: number, hash: number): void {
    const part = this.#partOf(hash)
    part.used += 1
    if (part.used * 8 > part.slots.length * 3) part.slots = doubled(part.slots)
    occupy(part.slots, row + 1, hash)
  }

  #widen(): void {
    this.#parts = Array.from({ length: partCount }, newPart)
    for (const row of this) this.#enter(row, hashOf(this.textOf(row)))
  }

  #clear(): void {
    this.#parts = [newPart()]
    this.#texts = new TextColumn()
    this.#free = []
    this.#end = 0
  }
}

function newPart(): Part {
  return { slots: new Int32Array(firstSlots * 2), used: 0 }
}

/** The low bits of the hash have chosen the part. */
function firstSlot(slots: Int32Array, hash: number): number {
  return ((hash >>> 8) * 2) & (slots.length - 1)
}

function slotAfter(slots: Int32Array, slot: number): number {
  return (slot + 2) & (slots.length - 1)
}

/** The slot that holds `taken`, or with 0 the one to put something with this hash in. */
function slotOf(slots: Int32Array, taken: number, hash: number): number {
  let slot = firstSlot(slots, hash)
  while (slots[slot] !== taken) slot = slotAfter(slots, slot)
  return slot
}

function occupy(slots: Int32Array, taken: number, hash: number): void {
  const slot = slotOf(slots, 0, hash)
  slots[slot] = taken
  slots[slot + 1] = hash
}

function doubled(former: Int32Array): Int32Array {
  const slots = new Int32Array(former.length * 2)
  for (let slot = 0; slot < former.length; slot += 2) {
    const taken = former[slot] ?? 0
    if (taken !== 0) occupy(slots, taken, former[slot + 1] ?? 0)
  }
  return slots
}

/** Frees a slot. Those behind it that could have been nearer to their first one move up. */
function vacate(slots: Int32Array, freed: number): void {
  const mask = slots.length - 1
  let gap = freed
  for (let slot = slotAfter(slots, gap); slots[slot] !== 0; slot = slotAfter(slots, slot)) {
    const first = firstSlot(slots, slots[slot + 1] ?? 0)
    if (((slot - first) & mask) < ((slot - gap) & mask)) continue
    slots.copyWithin(gap, slot, slot + 2)
    gap = slot
  }
  slots[gap] = 0
}

/** FNV-1a, mixed: alone, its low bits are those of the last characters. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b)
  return hash ^ (hash >>> 13)
}

/**
 * What objects of one kind look like: the keys they have, in their order, and the short texts that
 * stand under them again and again. The next object most often looks like one before it: then its
 * keys need only be recognised, and the object is made in one piece.
 */
import { KnownText, knownTextMaxBytes, TextWatch } from './known-text.ts'

/** The most keys of an object whose shape is kept. */
export const shapeKeysMax = 15

/** One kind of objects. */
export class RecordShape {
  /** What was seen of an object before this shape was chosen for it. */
  readonly beginning: number
  readonly keys: readonly KnownText[]
  /** Has the keys and no values. */
  readonly blank: Readonly<Record<string, unknown>>
  /** Of the texts under each key. */
  readonly #texts: readonly TextWatch[]
  /** Objects in a row that began like this one and then were different. */
  misses = 0

  constructor(beginning: number, keys: readonly string[]) {
    this.beginning = beginning
    this.keys = keys.map((key) => new KnownText(key))
    const blank: Record<string, unknown> = {}
    for (const key of keys) blank[key] = undefined
    this.blank = blank
    this.#texts = keys.map(() => new TextWatch())
  }

  /** The text to expect under a key. */
  textAt(index: number): KnownText | undefined {
    return this.#texts[index]?.known
  }

  /** What was read instead under that key. */
  saw(index: number, text: string): void {
    if (text.length <= knownTextMaxBytes) this.#texts[index]?.saw(text)
  }
}

/** Shapes kept; a power of two. */
const shapesMax = 256
/** So often in a row a shape may be wrong before another one takes its place. */
const missesMax = 4

/** The shapes last seen, at most one for each beginning. */
export class RecordShapes {
  readonly #shapes = new Array<RecordShape | undefined>(shapesMax).fill(undefined)

  /** @param beginning anything that objects of one shape have in common. */
  at(beginning: number): RecordShape | undefined {
    const shape = this.#shapes[placeOf(beginning)]
    return shape?.beginning === beginning ? shape : undefined
  }

  /** An object that began like this had these keys. All short ASCII. */
  saw(beginning: number, keys: readonly string[]): void {
    const place = placeOf(beginning)
    const shape = this.#shapes[place]
    if (shape && shape.misses++ < missesMax) return
    this.#shapes[place] = new RecordShape(beginning, keys)
  }
}

function placeOf(beginning: number): number {
  return (Math.imul(beginning, 0x9e3779b1) >>> 24) & (shapesMax - 1)
}

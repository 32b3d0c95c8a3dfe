/**
 * Keys of objects as the packer knows them: each remembers which one came after it and which short
 * text stood under it, so that objects of one kind are written without looking anything up.
 */
import { valueDepthMax } from './codes.ts'
import { KnownText, knownTextMaxBytes, TextWatch } from './known-text.ts'

/** A short ASCII key. */
export class PackedKey extends KnownText {
  /** The key that came after it last time. */
  next: PackedKey | undefined
  readonly #values = new TextWatch()

  /** The bytes of a text, if it is the one that stands under this key again and again. */
  known(value: string): KnownText | undefined {
    const { known } = this.#values
    return known?.text === value ? known : undefined
  }

  /** Another short ASCII text was written under this key. */
  saw(value: string): void {
    this.#values.saw(value)
  }
}

/** Keys kept; beyond it all are forgotten. */
const keysMax = 1_024

const keys = new Map<string, PackedKey>()
/** Stands before the first key of an object, one for each depth. */
const beforeFirst = Array.from({ length: valueDepthMax }, () => new PackedKey(''))

/** Where the keys of an object at a depth begin. */
export function keysAt(depth: number): PackedKey | undefined {
  return beforeFirst[depth]
}

/** A key by the one before it; undefined when it is not short ASCII, or may not be carried. */
export function keyAfter(previous: PackedKey, text: string): PackedKey | undefined {
  const foretold = previous.next
  if (foretold?.text === text) return foretold
  const key = keys.get(text) ?? newKey(text)
  previous.next = key
  return key
}

function newKey(text: string): PackedKey | undefined {
  if (text.length > knownTextMaxBytes || !isAscii(text) || !isPlainKey(text)) return undefined
  if (keys.size >= keysMax) keys.clear()
  const key = new PackedKey(text)
  keys.set(text, key)
  return key
}

/** False for keys this packer leaves to the others. */
export function isPlainKey(text: string): boolean {
  return text !== '__proto__' && text !== 'constructor'
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) >= 0x80) return false
  return true
}

/**
 * Reads what most programs send, plain JSON parts and bytes, in one pass that checks and builds at
 * once. Whatever else the bytes hold, right or wrong, it gives up: the validator and the unpacker
 * read everything, and say what is wrong. What it accepts, the validator accepts as well.
 */
import { valueDepthMax } from './codes.ts'
import { knownTextMaxBytes } from './known-text.ts'
import { memoryViewOf } from './memory-view.ts'
import { RecordShapes, shapeKeysMax, type RecordShape } from './record-shape.ts'

/** Stands for a value this reader leaves to the others; no value of a message. */
export const notPlain: unique symbol = Symbol('not plain')

/** Text up to this length is put together here; a native call costs more. Longer text would cost garbage. */
const shortTextMax = 8
/** Keys kept at hand, by a hash of their bytes; a power of two. */
const keysMax = 1_024
/** Bytes from this length on may be a view of the message. */
const largeBytesMin = 4_096
/** More bytes than any value has, still a small integer to the engine. */
const beyond = 0x3fffffff

/** The memory the value lies in; it ends at `end`, and `at` is where the reader is. */
let view: DataView = new DataView(new ArrayBuffer(0))
/** The same memory, for texts; made when the first one is met. */
let memory: Buffer = Buffer.alloc(0)
let at = 0
let end = 0
const keys = new Array<string>(keysMax).fill('')
const shapes = new RecordShapes()

/** The one value from an offset to the end of the bytes, or {@link notPlain}. */
export function plainValueOf(bytes: Uint8Array, from = 0): unknown {
  view = memoryViewOf(bytes)
  at = bytes.byteOffset + from
  end = bytes.byteOffset + bytes.length
  const value = read(0)
  return at === end ? value : notPlain
}

/** Nothing ends at this offset, so the whole value is given up. */
function giveUp(): typeof notPlain {
  at = beyond
  return notPlain
}

function read(depth: number): unknown {
  if (at >= end) return giveUp()
  const token = view.getUint8(at)
  at += 1
  if (token < 0x80) return token
  if (token < 0x90) return readRecord(token - 0x80, depth)
  if (token < 0xa0) return readArray(token - 0x90, depth)
  if (token < 0xc0) return readText(token - 0xa0)
  return token < 0xe0 ? readLonger(token, depth) : token - 0x100
}

function readLonger(token: number, depth: number): unknown {
  if (token <= 0xc3) return readWord(token)
  if (token <= 0xc6) return readBytes(readSize(1 << (token - 0xc4)))
  if (token <= 0xd2) return readNumber(token)
  if (token === 0xd9 || token === 0xda) return readText(readSize(token - 0xd8))
  if (token === 0xdc) return readArray(readSize(2), depth)
  if (token === 0xd4) return readUndefined()
  return token === 0xde ? readRecord(readSize(2), depth) : giveUp()
}

function readNumber(token: number): unknown {
  if (token === 0xcb) return readDouble()
  if (token >= 0xcc && token <= 0xce) return readUnsigned(1 << (token - 0xcc))
  return token >= 0xd0 ? readSigned(1 << (token - 0xd0)) : giveUp()
}

function readWord(token: number): unknown {
  if (token === 0xc0) return null
  return token === 0xc1 ? giveUp() : token === 0xc3
}

/** The one extension that is plain: two zeroes behind the token. */
function readUndefined(): unknown {
  return isWithin(2) && readSize(2) === 0 ? undefined : giveUp()
}

function isWithin(bytes: number): boolean {
  return at + bytes <= end
}

/** A size of 1, 2 or 4 bytes; one that no bytes hold where they end early. */
function readSize(bytes: number): number {
  if (!isWithin(bytes)) return beyond
  const start = at
  at += bytes
  if (bytes === 1) return view.getUint8(start)
  return bytes === 2 ? view.getUint16(start) : view.getUint32(start)
}

function readUnsigned(bytes: number): unknown {
  return isWithin(bytes) ? readSize(bytes) : giveUp()
}

function readSigned(bytes: number): unknown {
  if (!isWithin(bytes)) return giveUp()
  const start = at
  at += bytes
  if (bytes === 1) return view.getInt8(start)
  return bytes === 2 ? view.getInt16(start) : view.getInt32(start)
}

function readDouble(): unknown {
  if (!isWithin(8)) return giveUp()
  at += 8
  return view.getFloat64(at - 8)
}

function readBytes(length: number): unknown {
  if (!isWithin(length)) return giveUp()
  const start = at
  at += length
  // What is most of its memory keeps little else alive, and a large copy would cost.
  const isMostOfIt = length >= largeBytesMin && length * 2 > view.byteLength
  if (isMostOfIt) return Buffer.from(view.buffer, start, length)
  return Buffer.from(new Uint8Array(view.buffer, start, length))
}

function readArray(count: number, depth: number): unknown {
  if (depth >= valueDepthMax || !isWithin(count)) return giveUp()
  const array: unknown[] = []
  for (let index = 0; index < count; index++) {
    const value = read(depth + 1)
    if (value === notPlain) return notPlain
    array.push(value)
  }
  return array
}

function readRecord(count: number, depth: number): unknown {
  if (depth >= valueDepthMax || !isWithin(count * 2)) return giveUp()
  if (count === 0 || count > shapeKeysMax) return readRest({}, [], { beginning: 0, count, depth })
  const beginning = (view.getUint16(at) << 8) | count
  const shape = shapes.at(beginning)
  if (shape === undefined) return readRest({}, [], { beginning, count, depth })
  return readAsShaped(shape, depth)
}

/** Key by key as foretold; from the first other key on, as it comes. */
function readAsShaped(shape: RecordShape, depth: number): unknown {
  const record: Record<string, unknown> = { ...shape.blank }
  const { keys } = shape
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index]
    if (!key?.isAt(view, at)) return readOtherwise(shape, record, { index, depth })
    at += key.wireBytes
    const value = readForetold(shape, index, depth + 1)
    if (value === notPlain) return notPlain
    record[key.text] = value
  }
  shape.misses = 0
  return record
}

/** The value under a key: the text that was foretold, or any other. */
function readForetold(shape: RecordShape, index: number, depth: number): unknown {
  const text = shape.textAt(index)
  if (text?.isAt(view, at)) {
    at += text.wireBytes
    return text.text
  }
  const value = read(depth)
  if (typeof value === 'string') shape.saw(index, value)
  return value
}

/** The first `index` keys were as foretold and are kept. */
function readOtherwise(
  { beginning, keys }: RecordShape,
  begun: Readonly<Record<string, unknown>>,
  { index, depth }: { index: number; depth: number },
): unknown {
  const names = keys.slice(0, index).map(({ text }) => text)
  const record: Record<string, unknown> = {}
  for (const name of names) record[name] = begun[name]
  return readRest(record, names, { beginning, count: keys.length, depth })
}

interface Rest {
  readonly beginning: number
  /** Keys of the whole object. */
  readonly count: number
  readonly depth: number
}

/** What an object has beside the keys read already, as it comes. */
function readRest(
  record: Record<string, unknown>,
  names: string[],
  { beginning, count, depth }: Rest,
): unknown {
  while (names.length < count) {
    const key = readKey()
    if (key === undefined) return giveUp()
    const value = read(depth + 1)
    if (value === notPlain) return notPlain
    record[key] = value
    names.push(key)
  }
  if (count > 0 && count <= shapeKeysMax) shapes.saw(beginning, names)
  return record
}

/** The same keys come again and again: most are found instead of made. */
function readKey(): string | undefined {
  if (!isWithin(1)) return undefined
  const length = view.getUint8(at) - 0xa0
  if (length < 0 || length > knownTextMaxBytes || !isWithin(1 + length)) return undefined
  const start = at + 1
  at = start + length
  const slot = slotOf(start)
  const known = keys[slot]
  if (known !== undefined && isAt(known, start)) return known
  const key = readAscii(start)
  if (key === undefined || key === '__proto__') return undefined
  keys[slot] = key
  return key
}

function slotOf(start: number): number {
  let hash = 0
  for (let index = start; index < at; index++) hash = (hash * 31 + view.getUint8(index)) | 0
  return hash & (keysMax - 1)
}

function isAt(text: string, start: number): boolean {
  const { length } = text
  if (length !== at - start) return false
  for (let index = 0; index < length; index++) {
    if (text.charCodeAt(index) !== view.getUint8(start + index)) return false
  }
  return true
}

function readText(length: number): unknown {
  if (!isWithin(length)) return giveUp()
  at += length
  return readAscii(at - length) ?? giveUp()
}

/** The text from `start` up to here; undefined when it is not ASCII. */
function readAscii(start: number): string | undefined {
  if (!isAscii(start, at)) return undefined
  if (at - start > shortTextMax) return memoryText(start, at)
  let text = ''
  let index = start
  for (; index + 4 <= at; index += 4) text += fourCharacters(index)
  for (; index < at; index++) text += String.fromCharCode(view.getUint8(index))
  return text
}

function memoryText(start: number, stop: number): string {
  if (memory.buffer !== view.buffer) memory = Buffer.from(view.buffer)
  return memory.toString('latin1', start, stop)
}

function isAscii(start: number, stop: number): boolean {
  let index = start
  for (; index + 4 <= stop; index += 4) {
    if ((view.getInt32(index) & 0x80808080) !== 0) return false
  }
  for (; index < stop; index++) if (view.getUint8(index) >= 0x80) return false
  return true
}

function fourCharacters(from: number): string {
  return String.fromCharCode(
    view.getUint8(from),
    view.getUint8(from + 1),
    view.getUint8(from + 2),
    view.getUint8(from + 3),
  )
}

/**
 * Reads what most programs send, plain JSON parts and bytes, in one pass that checks and builds at
 * once. Whatever else the bytes hold, right or wrong, it gives up: the validator and the unpacker
 * read everything, and say what is wrong. What it accepts, the validator accepts as well.
 */
import { valueDepthMax } from './codes.ts'

/** Stands for a value this reader leaves to the others; no value of a message. */
export const notPlain: unique symbol = Symbol('not plain')

/** Text up to this length is put together here; a native call costs more. */
const shortTextMax = 24
/** Keys kept at hand, by a hash of their bytes; a power of two. */
const keysMax = 1_024
/** More bytes than any value has, still a small integer to the engine. */
const beyond = 0x3fffffff

let source: Buffer = Buffer.alloc(0)
let at = 0
/** One view for all messages; to make one for each costs as much as to read it. */
const swap = new Uint8Array(8)
const swapView = new DataView(swap.buffer)
const keys = new Array<string>(keysMax).fill('')

/** The one value from an offset to the end of the bytes, or {@link notPlain}. */
export function plainValueOf(bytes: Buffer, from = 0): unknown {
  source = bytes
  at = from
  const value = read(0)
  return at === source.length ? value : notPlain
}

/** Nothing ends at this offset, so the whole value is given up. */
function giveUp(): typeof notPlain {
  at = beyond
  return notPlain
}

function read(depth: number): unknown {
  const token = source[at] ?? 0xc1
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

function isWithin(bytes: number): boolean {
  return at + bytes <= source.length
}

/** A size, big-endian; one that no bytes hold where they end early. */
function readSize(bytes: number): number {
  if (!isWithin(bytes)) return beyond
  let size = 0
  for (const end = at + bytes; at < end; at++) size = size * 256 + (source[at] ?? 0)
  return size
}

function readUnsigned(bytes: number): unknown {
  return isWithin(bytes) ? readSize(bytes) : giveUp()
}

function readSigned(bytes: number): unknown {
  if (!isWithin(bytes)) return giveUp()
  at += bytes
  return source.readIntBE(at - bytes, bytes)
}

function readDouble(): unknown {
  if (!isWithin(8)) return giveUp()
  for (let index = 0; index < 8; index++) swap[index] = source[at + index] ?? 0
  at += 8
  return swapView.getFloat64(0)
}

function readBytes(length: number): unknown {
  if (!isWithin(length)) return giveUp()
  at += length
  return Buffer.from(source.subarray(at - length, at))
}

function readRecord(count: number, depth: number): unknown {
  if (depth >= valueDepthMax || !isWithin(count * 2)) return giveUp()
  const record: Record<string, unknown> = {}
  for (let index = 0; index < count; index++) {
    const key = readKey()
    if (key === undefined) return giveUp()
    const value = read(depth + 1)
    if (value === notPlain) return notPlain
    record[key] = value
  }
  return record
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

/** The same keys come again and again: most are found instead of made. */
function readKey(): string | undefined {
  const length = (source[at] ?? 0) - 0xa0
  if (length < 0 || length > 0x1f || !isWithin(1 + length)) return undefined
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
  const bytes = source
  const end = at
  let hash = 0
  for (let index = start; index < end; index++) hash = (hash * 31 + (bytes[index] ?? 0)) | 0
  return hash & (keysMax - 1)
}

function isAt(text: string, start: number): boolean {
  const bytes = source
  const { length } = text
  if (length !== at - start) return false
  for (let index = 0; index < length; index++) {
    if (text.charCodeAt(index) !== bytes[start + index]) return false
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
  const bytes = source
  const end = at
  for (let index = start; index < end; index++) {
    if ((bytes[index] ?? 0) >= 0x80) return undefined
  }
  if (end - start > shortTextMax) return bytes.toString('latin1', start, end)
  let text = ''
  let index = start
  for (; index + 4 <= end; index += 4) text += fourCharacters(bytes, index)
  for (; index < end; index++) text += String.fromCharCode(bytes[index] ?? 0)
  return text
}

function fourCharacters(bytes: Uint8Array, from: number): string {
  return String.fromCharCode(
    bytes[from] ?? 0,
    bytes[from + 1] ?? 0,
    bytes[from + 2] ?? 0,
    bytes[from + 3] ?? 0,
  )
}

/**
 * Packs what most programs send, plain JSON parts and bytes, in one pass that checks and writes at
 * once. Whatever else a value holds, it gives up: `carried` and `packed` take any value, say what
 * is wrong with it, and write the same bytes for what both can pack.
 */
import { isPlainText } from './carry.ts'
import { valueDepthMax, valueKeyMaxBytes } from './codes.ts'
import { knownTextMaxBytes } from './known-text.ts'
import { allocateMemory } from './message-memory.ts'
import { isPlainKey, keyAfter, keysAt, type PackedKey } from './packed-key.ts'

/** Small values share an allocation, as those of `Buffer.allocUnsafe` do. */
const slabBytes = 32_768
/** The largest room tried; a larger value goes to the packer that grows its room. */
const roomMaxBytes = 131_072
/** Room for a number, or for the header of anything. */
const headerMaxBytes = 9
/** Up to this length a loop over ASCII beats a native call. */
const shortTextMax = 64

const notPlain = -1
const noRoom = -2

let slab: DataView = new DataView(new ArrayBuffer(slabBytes))
let slabUsed = 0
/** Where the value at hand is written. */
let target: DataView = slab
/** A getter inside a value may come back here while it is being packed. */
let isPacking = false

/**
 * The value as msgpack behind `reserveBytes` uninitialised bytes, in bytes that are never written
 * again; undefined when it is not plain, or too large.
 */
export function packedPlain(value: unknown, reserveBytes: number): Uint8Array | undefined {
  if (value instanceof Uint8Array) return packedBytes(value, reserveBytes)
  if (isPacking) return undefined
  isPacking = true
  try {
    return packedInSlab(value, reserveBytes)
  } finally {
    isPacking = false
  }
}

/** Bytes alone need no guess at the room, and are copied once. */
function packedBytes(bytes: Uint8Array, reserveBytes: number): Uint8Array | undefined {
  if (!areBytes(Object.getPrototypeOf(bytes))) return undefined
  const sizeBytes = sizeBytesOf(bytes.length)
  const packed = allocateMemory(reserveBytes + 1 + sizeBytes + bytes.length)
  const room = new DataView(packed.buffer, packed.byteOffset)
  packed.set(bytes, putSize(room, reserveBytes, { token: 0xc4, sizeBytes, size: bytes.length }))
  return packed
}

function packedInSlab(value: unknown, reserveBytes: number): Uint8Array | undefined {
  target = slab
  const end = put(value, slabUsed + reserveBytes, 0)
  if (end === notPlain) return undefined
  if (end === noRoom) return packedInRoom(value, reserveBytes)
  // A third of the price of `subarray` of a Buffer.
  const packed = new Uint8Array(slab.buffer, slabUsed, end - slabUsed)
  slabUsed = end
  return packed
}

/** In ever more room; small enough, what is left of it is the next slab. */
function packedInRoom(value: unknown, reserveBytes: number): Uint8Array | undefined {
  for (let bytes = slabBytes; bytes <= roomMaxBytes; bytes *= 4) {
    target = new DataView(allocateMemory(bytes).buffer)
    const end = put(value, reserveBytes, 0)
    if (end === notPlain) return undefined
    if (end === noRoom) continue
    const packed = new Uint8Array(target.buffer, 0, end)
    if (end > slabBytes / 2) return end > bytes / 2 ? packed : Uint8Array.from(packed)
    slab = target
    slabUsed = end
    return packed
  }
  return undefined
}

/** Writes one part at an offset; returns where it ends, {@link notPlain} or {@link noRoom}. */
function put(value: unknown, at: number, depth: number): number {
  if (at + headerMaxBytes > target.byteLength) return noRoom
  if (typeof value === 'string') return putText(value, at)
  if (typeof value === 'number') return putNumber(value, at)
  if (typeof value === 'object' && value !== null) return putObject(value, at, depth)
  return putWord(value, at)
}

function putWord(value: unknown, at: number): number {
  if (value === true) return putToken(0xc3, at)
  if (value === false) return putToken(0xc2, at)
  if (value === null) return putToken(0xc0, at)
  return value === undefined ? putToken(0, putToken(0, putToken(0xd4, at))) : notPlain
}

function putToken(token: number, at: number): number {
  target.setUint8(at, token)
  return at + 1
}

function putObject(value: object, at: number, depth: number): number {
  if (depth >= valueDepthMax) return notPlain
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype) return putRecord(value as Record<string, unknown>, at, depth)
  if (prototype === Array.prototype) return putArray(value as unknown[], at, depth)
  return areBytes(prototype) ? putBytes(value as Uint8Array, at) : notPlain
}

function areBytes(prototype: unknown): boolean {
  return prototype === Buffer.prototype || prototype === Uint8Array.prototype
}

/** Counts while it writes: the header of up to 15 keys is one byte, whatever their number. */
function putRecord(record: Record<string, unknown>, start: number, depth: number): number {
  let at = start + 1
  let count = 0
  let previous = keysAt(depth)
  for (const text in record) {
    if (count === 15) return putWideRecord(record, start, depth)
    const key = previous && keyAfter(previous, text)
    at = key ? putKnownKey(key, at) : putKey(text, at)
    if (at < 0) return at
    at = putUnder(key, record[text], { at, depth: depth + 1 })
    if (at < 0) return at
    count += 1
    previous = key
  }
  target.setUint8(start, 0x80 | count)
  return at
}

function putKnownKey(key: PackedKey, at: number): number {
  if (at + key.reachBytes > target.byteLength) return noRoom
  key.writeTo(target, at)
  return at + key.wireBytes
}

/** Writes what stands under a key. */
function putUnder(
  key: PackedKey | undefined,
  value: unknown,
  { at, depth }: { at: number; depth: number },
): number {
  if (key === undefined || typeof value !== 'string') return put(value, at, depth)
  const known = key.known(value)
  if (known && at + known.reachBytes <= target.byteLength) {
    known.writeTo(target, at)
    return at + known.wireBytes
  }
  const end = put(value, at, depth)
  const isShortAscii = value.length <= knownTextMaxBytes && end - at === 1 + value.length
  if (isShortAscii) key.saw(value)
  return end
}

function putWideRecord(record: Record<string, unknown>, start: number, depth: number): number {
  const keys = Object.keys(record)
  if (keys.length > 0xffff) return notPlain
  // Maps have no form with a size of one byte; 0xdd stands where it would be.
  let at = putSize(target, start, { token: 0xdd, sizeBytes: 2, size: keys.length })
  for (const key of keys) {
    at = putKey(key, at)
    if (at < 0) return at
    at = put(record[key], at, depth + 1)
    if (at < 0) return at
  }
  return at
}

function putKey(key: string, at: number): number {
  const isPlain = key.length * 3 <= valueKeyMaxBytes && isPlainKey(key)
  return isPlain ? putText(key, at) : notPlain
}

function putArray(array: readonly unknown[], start: number, depth: number): number {
  const { length } = array
  if (length > 0xffff) return notPlain
  // Arrays have no form with a size of one byte; 0xdb stands where it would be.
  let at =
    length < 16
      ? putToken(0x90 | length, start)
      : putSize(target, start, { token: 0xdb, sizeBytes: 2, size: length })
  for (let index = 0; index < length; index++) {
    at = put(array[index], at, depth + 1)
    if (at < 0) return at
  }
  return at
}

function putBytes(bytes: Uint8Array, start: number): number {
  const { length } = bytes
  const sizeBytes = sizeBytesOf(length)
  if (start + 1 + sizeBytes + length > target.byteLength) return noRoom
  const at = putSize(target, start, { token: 0xc4, sizeBytes, size: length })
  new Uint8Array(target.buffer, at, length).set(bytes)
  return at + length
}

function putText(text: string, start: number): number {
  const { length } = text
  if (length >= shortTextMax) return putLongText(text, start)
  if (start + 2 + length > target.byteLength) return noRoom
  let at = start
  if (length >= 0x20) target.setUint8(at++, 0xd9)
  target.setUint8(at++, length < 0x20 ? 0xa0 | length : length)
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index)
    if (code >= 0x80) return putLongText(text, start)
    target.setUint8(at++, code)
  }
  return at
}

function putLongText(text: string, start: number): number {
  if (!isPlainText(text)) return notPlain
  const size = Buffer.byteLength(text)
  if (start + 5 + size > target.byteLength) return noRoom
  const at =
    size < 0x20
      ? putToken(0xa0 | size, start)
      : putSize(target, start, { token: 0xd9, sizeBytes: sizeBytesOf(size), size })
  return at + Buffer.from(target.buffer, at, size).write(text)
}

function sizeBytesOf(size: number): 1 | 2 | 4 {
  if (size < 0x100) return 1
  return size < 0x10000 ? 2 : 4
}

interface Size {
  /** The token of the form with one byte; those with two and four follow it. */
  readonly token: number
  readonly sizeBytes: 1 | 2 | 4
  readonly size: number
}

/** Writes a token and the size behind it, big-endian; returns where the content begins. */
function putSize(room: DataView, at: number, { token, sizeBytes, size }: Size): number {
  room.setUint8(at, token + (sizeBytes >> 1))
  if (sizeBytes === 1) room.setUint8(at + 1, size)
  else if (sizeBytes === 2) room.setUint16(at + 1, size)
  else room.setUint32(at + 1, size)
  return at + 1 + sizeBytes
}

function putNumber(value: number, at: number): number {
  if (value >>> 0 === value) return putUnsigned(value, at)
  if (value >> 0 === value) return putNegative(value, at)
  target.setUint8(at, 0xcb)
  target.setFloat64(at + 1, value)
  return at + 9
}

function putUnsigned(value: number, at: number): number {
  if (value < 0x80) return putToken(value, at)
  if (value < 0x100) return putToken(value, putToken(0xcc, at))
  const isShort = value < 0x10000
  target.setUint8(at, isShort ? 0xcd : 0xce)
  if (isShort) target.setUint16(at + 1, value)
  else target.setUint32(at + 1, value)
  return at + (isShort ? 3 : 5)
}

function putNegative(value: number, at: number): number {
  if (value >= -0x20) return putToken(value & 0xff, at)
  if (value >= -0x80) return putToken(value & 0xff, putToken(0xd0, at))
  const isShort = value >= -0x8000
  target.setUint8(at, isShort ? 0xd1 : 0xd2)
  if (isShort) target.setInt16(at + 1, value)
  else target.setInt32(at + 1, value)
  return at + (isShort ? 3 : 5)
}

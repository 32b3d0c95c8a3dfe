/**
 * Packs what most programs send, plain JSON parts and bytes, in one pass that checks and writes at
 * once. Whatever else a value holds, it gives up: `carried` and `packed` take any value, say what
 * is wrong with it, and write the same bytes for what both can pack.
 */
import { isPlainText } from './carry.ts'
import { valueDepthMax, valueKeyMaxBytes } from './codes.ts'

/** Small values share an allocation, as those of `Buffer.allocUnsafe` do. */
const slabBytes = 8_192
/** The largest room tried; a larger value goes to the packer that grows its room. */
const roomMaxBytes = 131_072
/** Room for a number, or for the header of anything. */
const headerMaxBytes = 9
/** Up to this length a loop over ASCII beats a native call. */
const shortTextMax = 64

const notPlain = -1
const noRoom = -2

let slab: Buffer = Buffer.allocUnsafeSlow(slabBytes)
let slabUsed = 0
/** Where the value at hand is written. */
let target: Buffer = slab
/** A getter inside a value may come back here while it is being packed. */
let isPacking = false

/**
 * The value as msgpack behind `reserveBytes` uninitialised bytes, in bytes that are never written
 * again; undefined when it is not plain, or too large.
 */
export function packedPlain(value: unknown, reserveBytes: number): Buffer | undefined {
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
function packedBytes(bytes: Uint8Array, reserveBytes: number): Buffer | undefined {
  if (!areBytes(Object.getPrototypeOf(bytes))) return undefined
  const sizeBytes = sizeBytesOf(bytes.length)
  const packed = Buffer.allocUnsafe(reserveBytes + 1 + sizeBytes + bytes.length)
  packed.set(bytes, putSize(packed, reserveBytes, { token: 0xc4, sizeBytes, size: bytes.length }))
  return packed
}

function packedInSlab(value: unknown, reserveBytes: number): Buffer | undefined {
  target = slab
  const end = put(value, slabUsed + reserveBytes, 0)
  if (end === notPlain) return undefined
  if (end === noRoom) return packedInRoom(value, reserveBytes)
  const packed = slab.subarray(slabUsed, end)
  slabUsed = end
  return packed
}

/** In ever more room; small enough, what is left of it is the next slab. */
function packedInRoom(value: unknown, reserveBytes: number): Buffer | undefined {
  for (let bytes = slabBytes; bytes <= roomMaxBytes; bytes *= 4) {
    target = Buffer.allocUnsafeSlow(bytes)
    const end = put(value, reserveBytes, 0)
    if (end === notPlain) return undefined
    if (end === noRoom) continue
    const packed = target.subarray(0, end)
    if (end > slabBytes / 2) return end > bytes / 2 ? packed : Buffer.from(packed)
    slab = target
    slabUsed = end
    return packed
  }
  return undefined
}

/** Writes one part at an offset; returns where it ends, {@link notPlain} or {@link noRoom}. */
function put(value: unknown, at: number, depth: number): number {
  if (at + headerMaxBytes > target.length) return noRoom
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
  target[at] = token
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
  for (const key in record) {
    if (count === 15) return putWideRecord(record, start, depth)
    at = putKey(key, at)
    if (at < 0) return at
    at = put(record[key], at, depth + 1)
    if (at < 0) return at
    count += 1
  }
  target[start] = 0x80 | count
  return at
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
  const isPlain = key.length * 3 <= valueKeyMaxBytes && key !== '__proto__' && key !== 'constructor'
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
  if (start + 1 + sizeBytes + length > target.length) return noRoom
  const at = putSize(target, start, { token: 0xc4, sizeBytes, size: length })
  target.set(bytes, at)
  return at + length
}

function putText(text: string, start: number): number {
  const { length } = text
  if (length >= shortTextMax) return putLongText(text, start)
  if (start + 2 + length > target.length) return noRoom
  let at = start
  if (length >= 0x20) target[at++] = 0xd9
  target[at++] = length < 0x20 ? 0xa0 | length : length
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index)
    if (code >= 0x80) return putLongText(text, start)
    target[at++] = code
  }
  return at
}

function putLongText(text: string, start: number): number {
  if (!isPlainText(text)) return notPlain
  const size = Buffer.byteLength(text)
  if (start + 5 + size > target.length) return noRoom
  if (size < 0x20) return putToken(0xa0 | size, start) + target.write(text, start + 1)
  const at = putSize(target, start, { token: 0xd9, sizeBytes: sizeBytesOf(size), size })
  return at + target.write(text, at)
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
function putSize(room: Buffer, at: number, { token, sizeBytes, size }: Size): number {
  room[at] = token + (sizeBytes >> 1)
  room.writeUIntBE(size, at + 1, sizeBytes)
  return at + 1 + sizeBytes
}

function putNumber(value: number, at: number): number {
  if (value >>> 0 === value) return putUnsigned(value, at)
  if (value >> 0 === value) return putNegative(value, at)
  target[at] = 0xcb
  return target.writeDoubleBE(value, at + 1)
}

function putUnsigned(value: number, at: number): number {
  if (value < 0x80) return putToken(value, at)
  return putSize(target, at, { token: 0xcc, sizeBytes: sizeBytesOf(value), size: value })
}

function putNegative(value: number, at: number): number {
  if (value >= -0x20) return putToken(value & 0xff, at)
  if (value >= -0x80) return putToken(value & 0xff, putToken(0xd0, at))
  target[at] = value >= -0x8000 ? 0xd1 : 0xd2
  return value >= -0x8000 ? target.writeInt16BE(value, at + 1) : target.writeInt32BE(value, at + 1)
}

/**
 * What may cross to another process: one walk over a value before it is packed. It refuses what
 * would be mangled and turns what msgpack has no form for into extensions; a value of plain JSON
 * parts is returned as it is, uncopied.
 */
import { FoundationError } from '../kernel/index.ts'
import { extensionTypes, valueDepthMax, valueKeyMaxBytes } from './codes.ts'
import { Extension, packed } from './packer.ts'
import { typedArrayKinds } from './typed-arrays.ts'

const byteOrderMark = 0xfeff
const pathPartsMax = 8

/** `String.prototype.isWellFormed` is in Node 20 but not yet in the ES2023 types. */
interface WellFormed {
  isWellFormed(): boolean
}

/** Keys from the root to the part at hand; one walk at a time, so one array serves all. */
const trail: (string | number)[] = []

/**
 * The value as the packer takes it.
 *
 * @throws {FoundationError} `FND_MESSAGE_INVALID`, naming the part that can't be carried.
 */
export function carried(value: unknown): unknown {
  return carry(value, 0)
}

function carry(value: unknown, depth: number): unknown {
  switch (typeof value) {
    case 'string':
      return carryText(value)
    case 'object':
      return value === null ? null : carryObject(value, depth)
    case 'bigint':
      return carryBigInt(value)
    case 'function':
    case 'symbol':
      throw refused(depth, `is a ${typeof value}`)
    case 'number':
    case 'boolean':
    case 'undefined':
      return value
  }
}

/** Text UTF-8 has no form for (a lone surrogate), or that a decoder may trim, goes as UTF-16. */
function carryText(text: string): unknown {
  if (isPlainText(text)) return text
  return new Extension(extensionTypes.text, Buffer.from(text, 'utf16le'))
}

/** Whether UTF-8 has a form for the text, and a decoder takes nothing off its front. */
export function isPlainText(text: string): boolean {
  return (text as unknown as WellFormed).isWellFormed() && text.charCodeAt(0) !== byteOrderMark
}

function carryObject(value: object, depth: number): unknown {
  if (depth >= valueDepthMax) {
    throw refused(depth, `is nested deeper than ${String(valueDepthMax)} levels or contains itself`)
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) {
    return carryRecord(value as Record<string, unknown>, depth)
  }
  if (prototype === Array.prototype) return carryArray(value as unknown[], depth)
  return carrySpecial(value, prototype, depth)
}

function carryRecord(record: Record<string, unknown>, depth: number): unknown {
  let copy: Record<string, unknown> | undefined
  for (const key in record) {
    trail[depth] = key
    checkKey(key, depth)
    const part = record[key]
    const safe = carry(part, depth + 1)
    if (safe === part || Number.isNaN(part)) continue
    copy ??= { ...record }
    copy[key] = safe
  }
  return copy ?? record
}

function carryArray(array: readonly unknown[], depth: number): unknown {
  let copy: unknown[] | undefined
  for (let index = 0; index < array.length; index++) {
    trail[depth] = index
    const part = array[index]
    const safe = carry(part, depth + 1)
    if (safe === part || Number.isNaN(part)) continue
    copy ??= [...array]
    copy[index] = safe
  }
  return copy ?? array
}

function checkKey(key: string, depth: number): void {
  if (key === '__proto__' || !isPlainText(key)) {
    throw refused(depth, `has a key that can't be carried: ${JSON.stringify(key)}`)
  }
  if (key.length * 3 > valueKeyMaxBytes && Buffer.byteLength(key) > valueKeyMaxBytes) {
    throw refused(depth, `has a key of more than ${String(valueKeyMaxBytes)} bytes`)
  }
}

function carrySpecial(value: object, prototype: unknown, depth: number): unknown {
  if (prototype === Buffer.prototype || prototype === Uint8Array.prototype) return value
  if (value instanceof Error) return nested(extensionTypes.error, partsOfError(value), depth)
  if (prototype === Map.prototype) {
    return nested(extensionTypes.map, [...(value as Map<unknown, unknown>)].flat(), depth)
  }
  if (prototype === Set.prototype) {
    return nested(extensionTypes.set, [...(value as Set<unknown>)], depth)
  }
  if (prototype === Date.prototype) return carryDate(value as Date)
  const kind = typedArrayKinds.findIndex((type) => type.prototype === prototype)
  if (kind >= 0) return carryTypedArray(value as ArrayBuffer | ArrayBufferView, kind)
  throw refused(depth, `is ${describeInstance(value)}`)
}

function nested(type: number, parts: unknown[], depth: number): Extension {
  return new Extension(type, packed(carryArray(parts, depth), 0))
}

function partsOfError(error: Error): unknown[] {
  const code = 'code' in error ? error.code : undefined
  const plainCode = typeof code === 'string' || typeof code === 'number' ? code : undefined
  // A class may make these anything at all.
  const { name, message }: { name: unknown; message: unknown } = error
  const parts = [String(name), String(message), plainCode]
  return Object.hasOwn(error, 'cause') ? [...parts, error.cause] : parts
}

function carryDate(date: Date): Extension {
  const payload = Buffer.allocUnsafe(8)
  payload.writeDoubleBE(date.getTime())
  return new Extension(extensionTypes.date, payload)
}

/** 64 bits have a form of their own; beyond that a sign byte and the magnitude, big-endian. */
function carryBigInt(value: bigint): unknown {
  if (BigInt.asIntN(64, value) === value) return value
  const negative = value < 0n
  const hex = (negative ? -value : value).toString(16)
  const magnitude = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
  return new Extension(
    extensionTypes.bigint,
    Buffer.concat([Buffer.of(Number(negative)), magnitude]),
  )
}

function carryTypedArray(value: ArrayBuffer | ArrayBufferView, kind: number): Extension {
  const raw = ArrayBuffer.isView(value)
    ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    : new Uint8Array(value)
  return new Extension(extensionTypes.typedArray, Buffer.concat([Buffer.of(kind), raw]))
}

function describeInstance(value: object): string {
  const { constructor } = value as { constructor?: unknown }
  const name = typeof constructor === 'function' ? constructor.name : ''
  return `an instance of ${name === '' ? 'a class' : name}`
}

function refused(depth: number, problem: string): FoundationError {
  const parts = trail.slice(0, Math.min(depth, pathPartsMax)).map(pathPart)
  const rest = depth > pathPartsMax ? '…' : ''
  const path = `message${parts.join('')}${rest}`
  return new FoundationError('FND_MESSAGE_INVALID', `${path} ${problem}; send plain data instead`, {
    details: { path },
  })
}

function pathPart(key: string | number): string {
  if (typeof key === 'number') return `[${String(key)}]`
  return /^[\w$]{1,64}$/.test(key) ? `.${key}` : `[${JSON.stringify(key.slice(0, 64))}]`
}

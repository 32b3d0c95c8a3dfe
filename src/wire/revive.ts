/** Extensions back to values, while msgpackr unpacks; the bytes were validated before. */
import { FoundationError } from '../kernel/index.ts'
import { extensionTypes } from './codes.ts'
import { reviveExtension, unpacked, type ReadNested } from './packer.ts'
import { typedArrayOf } from './typed-arrays.ts'

/** The bytes being unpacked; one value at a time. */
let source: Buffer | undefined

/** Unpacks validated bytes; extensions find their place in them. */
export function revived(bytes: Buffer): unknown {
  source = bytes
  try {
    return unpacked(bytes)
  } finally {
    source = undefined
  }
}

reviveExtension(extensionTypes.map, (payload, read) => {
  const parts = partsIn(payload, read)
  const map = new Map<unknown, unknown>()
  for (let index = 0; index < parts.length; index += 2) map.set(parts[index], parts[index + 1])
  return map
})
reviveExtension(extensionTypes.set, (payload, read) => new Set(partsIn(payload, read)))
reviveExtension(extensionTypes.error, (payload, read) => errorOf(partsIn(payload, read)))
reviveExtension(extensionTypes.date, (payload) => {
  if (payload.length !== 8) throw badPayload('date')
  return new Date(payload.readDoubleBE(0))
})
reviveExtension(extensionTypes.bigint, (payload) => {
  if (payload.length < 2) throw badPayload('bigint')
  const magnitude = BigInt(`0x${payload.toString('hex', 1)}`)
  return payload[0] === 1 ? -magnitude : magnitude
})
reviveExtension(extensionTypes.typedArray, (payload) => {
  const array = typedArrayOf(payload[0] ?? 255, payload.subarray(1))
  if (!array) throw badPayload('typed array')
  return array
})
reviveExtension(extensionTypes.text, (payload) => payload.toString('utf16le'))

/** The validator saw to it that the payload is one array. */
function partsIn(payload: Buffer, read: ReadNested): unknown[] {
  return read(payload.byteOffset - (source?.byteOffset ?? 0)) as unknown[]
}

function errorOf(parts: readonly unknown[]): Error {
  const [name, message, code] = parts
  if (typeof name !== 'string' || typeof message !== 'string') throw badPayload('error')
  const error = stacklessError(message, parts.length > 3 ? { cause: parts[3] } : undefined)
  const own = { enumerable: false, configurable: true, writable: true }
  if (name !== 'Error') Object.defineProperty(error, 'name', { ...own, value: name })
  // The stack of this process says nothing about where the error was made.
  Object.defineProperty(error, 'stack', { ...own, value: `${name}: ${message}` })
  return code === undefined ? error : Object.assign(error, { code })
}

/** Taking a stack costs fifty times the rest: a frame full of errors would hold the loop a second. */
function stacklessError(message: string, options: ErrorOptions | undefined): Error {
  const limit = Error.stackTraceLimit
  // Does nothing, instead of throwing, where the property is frozen.
  Reflect.set(Error, 'stackTraceLimit', 0)
  const error = new Error(message, options)
  Reflect.set(Error, 'stackTraceLimit', limit)
  return error
}

function badPayload(what: string): FoundationError {
  return new FoundationError('FND_FRAME_INVALID', `Value holds a malformed ${what}`)
}

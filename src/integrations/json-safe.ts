/**
 * What a browser would get of a value, for the parts that only live in one process: Socket.IO lets
 * people emit class instances, which JSON makes plain on the way out.
 */
import { types } from 'node:util'

/** Deeper than the codec carries; it then says so. */
const depthMax = 64

/**
 * A copy in which functions and symbols are left out and instances of classes are as `JSON.stringify`
 * shows them. Bytes, dates, maps, sets and errors stay what they are. Pure.
 */
export function jsonSafe(value: unknown, depth = 0): unknown {
  if (typeof value === 'function' || typeof value === 'symbol') return undefined
  if (typeof value !== 'object' || value === null || isCarried(value)) return value
  return depth > depthMax ? value : plainForm(value, depth + 1)
}

function plainForm(value: object, depth: number): unknown {
  if (Array.isArray(value)) return value.map((part) => jsonSafe(part, depth))
  const { toJSON } = value as { toJSON?: unknown }
  if (typeof toJSON === 'function') return jsonSafe(Reflect.apply(toJSON, value, []), depth)
  const entries = Object.entries(value).map(([key, part]) => [key, jsonSafe(part, depth)])
  return Object.fromEntries(entries)
}

/** Bytes and what else the codec has a form for. */
function isCarried(value: object): boolean {
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return true
  return types.isDate(value) || types.isMap(value) || types.isSet(value) || value instanceof Error
}

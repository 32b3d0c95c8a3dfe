/** The few functions of Elixir whose result is known without running it. Pure. */
import type { EnvRead, Value } from './values.ts'

const readCalls = new Set(['System.get_env', 'System.fetch_env!'])
const textCalls = new Set(['String.to_charlist', 'to_charlist', 'String.to_atom', 'to_string'])
const numberCalls = new Set(['String.to_integer'])

/** True for a function {@link callResult} knows. */
export function isKnownCall(name: string): boolean {
  return readCalls.has(name) || textCalls.has(name) || numberCalls.has(name)
}

/** What a call gives; undefined when its arguments hide that. */
export function callResult(name: string, [first, second]: readonly Value[]): Result | undefined {
  if (readCalls.has(name)) return readOf(name, first, second)
  return first && converted(name, first)
}

type Result = Value | ({ readonly kind: 'env' } & EnvRead)

function readOf(name: string, variable?: Value, fallback?: Value): Result | undefined {
  if (variable?.kind !== 'string') return undefined
  if (fallback && fallback.kind !== 'string') return undefined
  return {
    kind: 'env',
    variable: variable.value,
    isRequired: name === 'System.fetch_env!',
    isNumber: false,
    ...(fallback && { fallback: fallback.value }),
  }
}

/** The value after a conversion whose result is known, such as `String.to_integer`. */
export function converted(name: string, value: Value): Value | undefined {
  if (numberCalls.has(name)) {
    if (value.kind === 'env') return { ...value, isNumber: true }
    if (value.kind !== 'string' || !/^-?\d+$/.test(value.value)) return undefined
    return { ...value, kind: 'number', value: Number(value.value) }
  }
  const isText = value.kind === 'env' || value.kind === 'string'
  return textCalls.has(name) && isText ? value : undefined
}

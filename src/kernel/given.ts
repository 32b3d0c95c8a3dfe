/**
 * Options of one call, not of a part: checked at the door, so that a key with a typing error is told
 * at once and not ignored. Nothing is filled in and nothing copied; it is cheap enough for every call.
 */
import { invalid, nearest, unknownKey, type Check } from './options.ts'
import type { WaitOptions } from './waiting.ts'

/** A check for every key that a method takes. */
export type GivenChecks<T> = { readonly [K in keyof T]-?: Check }

/** Anything is fine here; whoever takes it looks at it. */
export const anything: Check = () => undefined

/** A deadline or another span of time. */
export const durationCheck: Check = (value) =>
  typeof value === 'number' && value >= 0 ? undefined : 'expected a number of milliseconds'

/** An `AbortSignal`, of this realm or another. */
export const signalCheck: Check = (value) =>
  typeof (value as AbortSignal | null)?.addEventListener === 'function'
    ? undefined
    : 'expected an AbortSignal'

export const functionCheck: Check = (value) =>
  typeof value === 'function' ? undefined : 'expected a function'

export const stringCheck: Check = (value) =>
  typeof value === 'string' ? undefined : 'expected a string'

/** One of a few words. */
export function wordCheck(words: readonly string[]): Check {
  const listed = words.map((word) => `"${word}"`).join(', ')
  return (value) => (words.includes(value as string) ? undefined : `expected one of ${listed}`)
}

/** What {@link WaitOptions} may hold. */
export const waitChecks: GivenChecks<WaitOptions> = {
  timeoutMs: durationCheck,
  signal: signalCheck,
}

/**
 * `undefined` counts as not given, for the whole and for each key.
 *
 * @param method whose options they are: `drain` gives `"drain.timeoutMs"` in a message.
 * @throws {FoundationError} `FND_OPTION_INVALID`, naming the option, what was expected and, for an
 *   unknown key, the nearest known one.
 */
export function checkGiven<T extends object>(
  checks: GivenChecks<T>,
  given: T | undefined,
  method: string,
): void {
  if (given === undefined) return
  // A caller without types may give anything.
  const options: unknown = given
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalid(`${method} options`, 'expected an object', options)
  }
  for (const key of Object.keys(options)) {
    const check = Object.hasOwn(checks, key) ? checks[key as keyof T] : undefined
    if (!check) throw unknownKey(`${method}.${key}`, key, Object.keys(checks))
    const value = (options as Readonly<Record<string, unknown>>)[key]
    const problem = value === undefined ? undefined : check(value)
    if (problem !== undefined) throw invalid(`${method}.${key}`, problem, value)
  }
}

/** @throws {FoundationError} `FND_OPTION_INVALID` */
export function checkFunction(what: string, value: unknown): void {
  const problem = functionCheck(value)
  if (problem !== undefined) throw invalid(what, problem, value)
}

/**
 * Checks a word that names a kind of thing, e.g. the type of an event.
 *
 * @throws {FoundationError} `FND_OPTION_INVALID`, with the nearest known word.
 */
export function checkWord(what: string, word: unknown, known: readonly string[]): void {
  if (known.includes(word as string)) return
  const near = typeof word === 'string' ? nearest(word, known) : undefined
  const hint = near === undefined ? '' : `; did you mean "${near}"?`
  const problem = `expected one of ${known.join(', ')}${hint}`
  throw invalid(what, problem, word)
}

/**
 * Options: one record of rules a part, one resolver for all. It runs once, at the door; inner
 * parts trust what they get.
 */
import { FoundationError } from './errors.ts'

/** Checks one value; returns what is wrong with it ("expected …"), or nothing. */
export type Check = (value: unknown) => string | undefined

/** How one option is checked and what it is when absent. */
export interface Rule<T> {
  readonly fallback: T
  readonly check: Check
  /** Must be given: there is no useful fallback. */
  readonly isRequired?: boolean
}

/** A rule for every key of an options record. */
export type Rules<T> = { readonly [K in keyof T]-?: Rule<T[K]> }

/** The defaults a rules record holds. */
export function defaultsOf<T extends object>(rules: Rules<T>): T {
  const entries = Object.entries<Rule<unknown>>(rules).map(([key, rule]) => [key, rule.fallback])
  return Object.freeze(Object.fromEntries(entries)) as T
}

/**
 * The given values over the defaults, checked and frozen. `undefined` counts as not given.
 *
 * @param path where the options stand, for messages: `membership` gives `"membership.suspectAfterMs"`.
 * @throws {FoundationError} `FND_OPTION_INVALID`, naming the option, what was expected and, for an
 *   unknown key, the nearest known one; also when a required option is missing.
 */
export function resolveRules<T extends object>(rules: Rules<T>, given: unknown, path = ''): T {
  const label = (key: string): string => (path === '' ? key : `${path}.${key}`)
  const resolved = new Map<string, unknown>(Object.entries(defaultsOf(rules)))
  for (const [key, value] of Object.entries(asRecord(given ?? {}, path))) {
    const rule = Object.hasOwn(rules, key) ? rules[key as keyof T] : undefined
    if (!rule) throw unknownKey(label(key), key, Object.keys(rules))
    if (value === undefined) continue
    const problem = rule.check(value)
    if (problem !== undefined) throw invalid(label(key), problem, value)
    resolved.set(key, value)
  }
  const absent = Object.entries<Rule<unknown>>(rules).find(
    ([key, rule]) => rule.isRequired && resolved.get(key) === undefined,
  )
  if (absent) throw missing(label(absent[0]), absent[1])
  return Object.freeze(Object.fromEntries(resolved)) as T
}

function asRecord(given: unknown, path: string): object {
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) return given
  throw invalid(path === '' ? 'options' : path, 'expected an object', given)
}

/** An error for one bad option. */
export function invalid(option: string, problem: string, value: unknown): FoundationError {
  const message = `Option "${option}": ${problem}, got ${describe(value)}`
  return new FoundationError('FND_OPTION_INVALID', message, { details: { option } })
}

function missing(option: string, { check }: Rule<unknown>): FoundationError {
  const message = `Option "${option}" is required: ${check(undefined) ?? 'give a value'}`
  return new FoundationError('FND_OPTION_INVALID', message, { details: { option } })
}

/** An error for a key nobody knows, with the nearest known one when it is near. */
export function unknownKey(option: string, key: string, known: readonly string[]): FoundationError {
  const near = nearest(key, known)
  const hint = near === undefined ? `known options: ${known.join(', ')}` : `did you mean "${near}"?`
  const message = `Option "${option}" is not known; ${hint}`
  return new FoundationError('FND_OPTION_INVALID', message, {
    details: { option, suggestion: near },
  })
}

/** The known word with the smallest edit distance, when that is at most a third of its length. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const plain = (text: string): string => text.toLowerCase().replaceAll(/[_-]/g, '')
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(plain(word), plain(candidate)) }))
    .toSorted((a, b) => a.distance - b.distance)
  const best = ranked[0]
  return best && best.distance <= Math.max(2, best.candidate.length / 3)
    ? best.candidate
    : undefined
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, substitution))
    }
    row = next
  }
  return row[b.length] ?? 0
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 80))
  if (typeof value === 'object' && value !== null)
    return Array.isArray(value) ? 'an array' : 'an object'
  return String(value)
}

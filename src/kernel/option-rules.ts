/** The rules an option can have: number, flag, word, text, list. */
import type { Check, Rule } from './options.ts'

/** A whole number between `min` and `max`, both included. */
export function integer(fallback: number, range: { min: number; max: number }): Rule<number> {
  return { fallback, check: integerCheck(range) }
}

/** The check of {@link integer} alone. */
export function integerCheck({ min, max }: { min: number; max: number }): Check {
  return (value) =>
    Number.isInteger(value) && (value as number) >= min && (value as number) <= max
      ? undefined
      : `expected a whole number from ${String(min)} to ${String(max)}`
}

/** A finite number between `min` and `max`, both included. */
export function number(fallback: number, { min, max }: { min: number; max: number }): Rule<number> {
  return {
    fallback,
    check: (value) =>
      typeof value === 'number' && value >= min && value <= max
        ? undefined
        : `expected a number from ${String(min)} to ${String(max)}`,
  }
}

/** True or false. */
export function flag(fallback: boolean): Rule<boolean> {
  return {
    fallback,
    check: (value) => (typeof value === 'boolean' ? undefined : 'expected true or false'),
  }
}

/** One of a few words. */
export function oneOf<const T extends string>(fallback: T, words: readonly T[]): Rule<T> {
  return {
    fallback,
    check: (value) =>
      words.includes(value as T)
        ? undefined
        : `expected one of ${words.map((word) => `"${word}"`).join(', ')}`,
  }
}

/** A string that is not empty. */
export function text(fallback: string): Rule<string> {
  return { fallback, check: textCheck }
}

/** The check of {@link text} alone. */
export const textCheck: Check = (value) =>
  typeof value === 'string' && value !== '' ? undefined : 'expected a string that is not empty'

/** May be left out; checked when given. */
export function optional<T>(check: Check): Rule<T | undefined> {
  return { fallback: undefined, check }
}

/** Must be given, and is checked. */
export function required<T>(check: Check): Rule<T> {
  return { fallback: undefined as T, check, isRequired: true }
}

/** A list whose items all pass `check`. */
export function listOf(check: Check): Check {
  return (value) => {
    if (!Array.isArray(value)) return 'expected a list'
    const problems = value.map(check)
    const at = problems.findIndex((problem) => problem !== undefined)
    return at === -1 ? undefined : `item ${String(at)}: ${problems[at] ?? ''}`
  }
}

/** Paths of settings: tokens, as an array or with dots between. Pure. */
import { invalid } from '../../kernel/index.ts'
import { tokenProblem } from '../../pubsub/index.ts'

/** Where a setting stands: `'features.checkout'` or `['features', 'checkout']`. */
export type ConfigPath = string | readonly string[]

/** Longest path, in bytes of UTF-8. */
export const pathMaxBytes = 256
const tokensMax = 16
/** It would reach the prototype of an object instead of a setting. */
const forbidden = '__proto__'

/**
 * The path as text with dots, which is the key of the setting.
 *
 * @throws {FoundationError} `FND_OPTION_INVALID`
 */
export function pathText(path: ConfigPath): string {
  const tokens = tokensGiven(path)
  for (const token of tokens) {
    const problem = problemOf(token)
    if (problem !== undefined) throw wrong(path, problem)
  }
  return tokens.join('.')
}

/**
 * The tokens of a pattern of paths: `*` stands for one token, a last `>` for one or more.
 *
 * @throws {FoundationError} `FND_OPTION_INVALID`
 */
export function patternTokens(pattern: ConfigPath): readonly string[] {
  const tokens = tokensGiven(pattern)
  for (const [at, token] of tokens.entries()) {
    if (token === '*' || (token === '>' && at === tokens.length - 1)) continue
    const problem = problemOf(token)
    if (problem !== undefined) throw wrong(pattern, problem)
  }
  return tokens
}

/** The tokens of a path that was checked. */
export function tokensOf(path: string): readonly string[] {
  return path.split('.')
}

/** The paths that stand above a path, the nearest first. */
export function pathsAbove(path: string): readonly string[] {
  const above: string[] = []
  for (let dot = path.lastIndexOf('.'); dot !== -1; dot = path.lastIndexOf('.', dot - 1)) {
    above.push(path.slice(0, dot))
  }
  return above
}

/** True when one of the paths is, or stands above, the other: a change of one changes both. */
export function overlap(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b}.`) || b.startsWith(`${a}.`)
}

function tokensGiven(path: ConfigPath): readonly string[] {
  const tokens: unknown = typeof path === 'string' ? path.split('.') : path
  if (!isList(tokens)) throw wrong(path, 'expected a text or a list of texts')
  if (tokens.length === 0 || tokens.length > tokensMax) {
    throw wrong(path, `expected 1 to ${String(tokensMax)} tokens`)
  }
  if (Buffer.byteLength(tokens.join('.')) > pathMaxBytes) {
    throw wrong(path, `expected at most ${String(pathMaxBytes)} bytes`)
  }
  return tokens
}

/** What the tokens are is looked at one by one. */
function isList(tokens: unknown): tokens is readonly string[] {
  return Array.isArray(tokens)
}

function problemOf(token: unknown): string | undefined {
  if (typeof token !== 'string') return 'has a token that is no text'
  if (token === forbidden) return `has the token "${forbidden}"`
  return tokenProblem(token)
}

function wrong(path: unknown, problem: string): Error {
  return invalid('path', problem, Array.isArray(path) ? path.join('.') : path)
}

/** Topics and patterns: what is well formed, and which pattern matches which topic. Pure. */
import { FoundationError } from '../kernel/index.ts'

/** Longest topic or pattern, in bytes of UTF-8. */
export const topicMaxBytes = 256
/** Most tokens in a topic or pattern. */
export const topicTokensMax = 16

const token = /^[^\s.*>]+$/u

/** What is wrong with one token, or nothing. */
export function tokenProblem(text: string): string | undefined {
  if (text === '') return 'has an empty token'
  if (token.test(text)) return undefined
  return `has "${text.slice(0, 40)}": blanks, "*" and ">" are not allowed in a token`
}

/**
 * The tokens of a topic.
 *
 * @throws {FoundationError} `FND_TOPIC_INVALID`, saying what is wrong.
 */
export function parseTopic(topic: string): readonly string[] {
  const tokens = split(topic, 'Topic')
  for (const each of tokens) {
    const problem = tokenProblem(each)
    if (problem === undefined) continue
    const hint = isWildcard(each) ? `; only subscribe takes patterns` : ''
    throw invalid('Topic', topic, problem + hint)
  }
  return tokens
}

/**
 * The tokens of a pattern: a topic in which `*` stands for one token and a last `>` for one or more.
 *
 * @throws {FoundationError} `FND_TOPIC_INVALID`, saying what is wrong.
 */
export function parsePattern(pattern: string): readonly string[] {
  const tokens = split(pattern, 'Pattern')
  for (const [index, each] of tokens.entries()) {
    if (each === '*') continue
    if (each === '>' && index === tokens.length - 1) continue
    if (each === '>') throw invalid('Pattern', pattern, 'has ">" before its end')
    const problem = tokenProblem(each)
    if (problem !== undefined) throw invalid('Pattern', pattern, problem)
  }
  return tokens
}

/** Whether a topic matches a pattern, both as tokens. */
export function matchesPattern(pattern: readonly string[], topic: readonly string[]): boolean {
  const isOpen = pattern.at(-1) === '>'
  const fixed = isOpen ? pattern.length - 1 : pattern.length
  if (isOpen ? topic.length <= fixed : topic.length !== fixed) return false
  for (let at = 0; at < fixed; at++) {
    if (pattern[at] !== '*' && pattern[at] !== topic[at]) return false
  }
  return true
}

/** True when the tokens hold a wildcard. */
export function isPattern(tokens: readonly string[]): boolean {
  return tokens.some(isWildcard)
}

function isWildcard(text: string): boolean {
  return text === '*' || text === '>'
}

function split(text: string, what: string): readonly string[] {
  if (typeof text !== 'string') throw invalid(what, String(text), 'is not a string')
  if (text === '') throw invalid(what, text, 'is empty')
  if (Buffer.byteLength(text) > topicMaxBytes) {
    throw invalid(what, text, `is longer than ${String(topicMaxBytes)} bytes`)
  }
  // A lone surrogate has no form in UTF-8: it would arrive as another topic.
  if (/\p{Surrogate}/u.test(text)) throw invalid(what, text, 'is not well-formed Unicode')
  const tokens = text.split('.')
  if (tokens.length > topicTokensMax) {
    throw invalid(what, text, `has more than ${String(topicTokensMax)} tokens`)
  }
  return tokens
}

function invalid(what: string, text: string, problem: string): FoundationError {
  const message = `${what} "${text.slice(0, 80)}" ${problem}`
  return new FoundationError('FND_TOPIC_INVALID', message, { details: { topic: text } })
}

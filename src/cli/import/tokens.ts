/**
 * Elixir source to tokens: as much of the language as configuration files use. Everything else
 * becomes some token or a coded error with line and column. Pure.
 * @source hexdocs.pm/elixir, Syntax reference
 */
import { FoundationError } from '../../kernel/index.ts'

/** A place in the source, counted from 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** What a token is. `key` is `name:` of a keyword list; `opaque` is text whose value is not known. */
export type TokenKind =
  'word' | 'atom' | 'key' | 'string' | 'words' | 'number' | 'mark' | 'opaque' | 'end'

/** One token. `text` is its value: of a string without quotes, of a number without underscores. */
export interface Token extends Place {
  readonly kind: TokenKind
  readonly text: string
  /** Where it stands in the source. */
  readonly from: number
  readonly to: number
  /** A line begins before it. */
  readonly isFirst: boolean
}

const sourceMaxLength = 1_048_576

/** An error about one place of the source. */
export function importError({ line, column }: Place, problem: string): FoundationError {
  const message = `Line ${String(line)}, column ${String(column)}: ${problem}`
  return new FoundationError('FND_IMPORT_INVALID', message, { details: { line, column } })
}

/**
 * All tokens, the last one `end`.
 *
 * @throws {FoundationError} `FND_IMPORT_INVALID`
 */
export function tokenize(source: string): Token[] {
  if (source.length > sourceMaxLength) {
    throw importError({ line: 1, column: 1 }, 'the file is larger than 1 MiB')
  }
  return new Tokenizer(source).all()
}

/** First match wins. The sticky flag keeps each at the current place. */
const patterns: readonly (readonly [TokenKind, RegExp])[] = [
  ['atom', /:([A-Za-z_][\w@]*[?!]?)/y],
  ['key', /([A-Za-z_][\w@]*[?!]?):(?=\s|$)/y],
  ['word', /([A-Za-z_]\w*[?!]?(?:\.[A-Za-z_]\w*[?!]?)*)/y],
  ['number', /(0[xob][\da-fA-F_]+|\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d+)?)/y],
  ['opaque', /(\?\\?[^\s])/y],
  ['mark', /(%\{|=>|->|\|>|\|\||&&|<>|\+\+|==|[()[\]{}])/y],
  ['mark', /([^\s\w])/y],
]

const closers: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}', '<': '>' }
const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', s: ' ', '0': '\0' }

class Tokenizer {
  readonly #source: string
  readonly #tokens: Token[] = []
  #at = 0
  #line = 1
  #lineStart = 0
  #isFirst = true

  constructor(source: string) {
    this.#source = source
  }

  all(): Token[] {
    this.#skipSpace()
    while (this.#at < this.#source.length) {
      this.#one()
      this.#skipSpace()
    }
    this.#push('end', '', this.#at)
    return this.#tokens
  }

  #one(): void {
    const rest = this.#source.slice(this.#at, this.#at + 4)
    if (/^:?["']/.test(rest)) this.#quoted(rest.startsWith(':'))
    else if (/^~[a-zA-Z]./s.test(rest)) this.#sigil()
    else this.#plain()
  }

  #plain(): void {
    for (const [kind, pattern] of patterns) {
      pattern.lastIndex = this.#at
      const match = pattern.exec(this.#source)
      if (match) {
        const text = match[1] ?? ''
        this.#push(
          kind,
          kind === 'number' ? text.replaceAll('_', '') : text,
          this.#at + match[0].length,
        )
        return
      }
    }
    throw importError(this.#place(), 'a character that begins nothing known')
  }

  /** `"text"`, `'charlist'`, `:"atom"`, `"key":`, and heredocs. */
  #quoted(isAtom: boolean): void {
    const opening = this.#at + (isAtom ? 1 : 0)
    const quote = this.#source.charAt(opening)
    const isHeredoc = this.#source.startsWith(quote.repeat(3), opening)
    const closing = isHeredoc ? quote.repeat(3) : quote
    const { text, to, isKnown } = this.#body(opening + closing.length, closing)
    if (!isKnown) this.#push('opaque', this.#source.slice(this.#at, to), to)
    else if (isAtom) this.#push('atom', text, to)
    else if (/^:(?=\s|$)/.test(this.#source.slice(to, to + 2))) this.#push('key', text, to + 1)
    else this.#push('string', text, to)
  }

  /** `~w(a b)` is a list of words; the value of every other sigil is not known. */
  #sigil(): void {
    const name = this.#source.charAt(this.#at + 1)
    const opening = this.#source.charAt(this.#at + 2)
    if (/[\w\s]/.test(opening)) {
      this.#plain()
      return
    }
    const { text, to } = this.#body(this.#at + 3, closers[opening] ?? opening)
    const modifiers = /^[a-z]*/.exec(this.#source.slice(to, to + 8))?.[0] ?? ''
    const isList = name === 'w' && modifiers === ''
    const end = to + modifiers.length
    this.#push(isList ? 'words' : 'opaque', isList ? text : this.#source.slice(this.#at, end), end)
  }

  /** Up to the closing mark. `isKnown` is false when code inside decides on the text. */
  #body(from: number, closing: string): { text: string; to: number; isKnown: boolean } {
    let text = ''
    let isKnown = true
    let at = from
    while (!this.#source.startsWith(closing, at)) {
      const character = this.#source.charAt(at)
      if (character === '') throw importError(this.#place(), `what begins here has no ${closing}`)
      if (character === '\\') {
        const escaped = this.#source.charAt(at + 1)
        text += escapes[escaped] ?? escaped
        at += 2
      } else if (this.#source.startsWith('#{', at)) {
        isKnown = false
        at = this.#afterInterpolation(at + 2)
      } else {
        text += character
        at += 1
      }
    }
    return { text, to: at + closing.length, isKnown }
  }

  #afterInterpolation(from: number): number {
    let depth = 1
    for (let at = from; at < this.#source.length; at += 1) {
      const character = this.#source.charAt(at)
      if (character === '{') depth += 1
      if (character === '}') depth -= 1
      if (depth === 0) return at + 1
    }
    throw importError(this.#place(), 'the #{ in the text that begins here has no }')
  }

  #skipSpace(): void {
    const space = /(?:\s|#[^\n]*)*/y
    space.lastIndex = this.#at
    const skipped = space.exec(this.#source)?.[0] ?? ''
    this.#move(this.#at + skipped.length)
  }

  #push(kind: TokenKind, text: string, to: number): void {
    this.#tokens.push({ kind, text, from: this.#at, to, isFirst: this.#isFirst, ...this.#place() })
    this.#move(to)
    this.#isFirst = false
  }

  #move(to: number): void {
    for (let at = this.#at; at < to; at += 1) {
      if (this.#source.charAt(at) !== '\n') continue
      this.#line += 1
      this.#lineStart = at + 1
      this.#isFirst = true
    }
    this.#at = to
  }

  #place(): Place {
    return { line: this.#line, column: this.#at - this.#lineStart + 1 }
  }
}

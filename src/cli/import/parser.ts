/**
 * Tokens to values. Terms are read; the environment is kept as a read of the environment; any other
 * expression is skipped as a whole and kept as its text. Pure.
 */
import { callResult, converted, isKnownCall } from './calls.ts'
import { importError, type Token } from './tokens.ts'
import type { Pair, Value } from './values.ts'

const nestingMax = 100
const opening = new Set(['(', '[', '{', '%{', 'fn', 'do'])
const closing = new Set([')', ']', '}', 'end'])

/** Reads values out of tokens, from any place on. */
export class Parser {
  readonly #source: string
  readonly #tokens: readonly Token[]
  #at = 0
  #depth = 0

  constructor(source: string, tokens: readonly Token[]) {
    this.#source = source
    this.#tokens = tokens
  }

  /** The token after `offset` others; the last one, for ever, at the end. */
  peek(offset = 0): Token {
    const last = this.#tokens.length - 1
    return this.#tokens[Math.min(this.#at + offset, last)] as Token
  }

  skip(count = 1): void {
    this.#at += count
  }

  /** True when the next token is this mark or word. */
  isNext(text: string, offset = 0): boolean {
    const { kind, text: found } = this.peek(offset)
    return (kind === 'mark' || kind === 'word') && found === text
  }

  /** The rest of a call's keywords: `a: 1, b: 2`, up to the end of the statement. */
  keywords(): Pair[] {
    const pairs: Pair[] = []
    while (this.peek().kind === 'key') {
      pairs.push(this.#pair())
      if (!this.isNext(',')) break
      this.skip()
    }
    return pairs
  }

  /** @throws {FoundationError} `FND_IMPORT_INVALID` */
  value(): Value {
    this.#depth += 1
    const first = this.peek()
    if (this.#depth > nestingMax) throw importError(first, 'nested too deeply')
    try {
      const from = this.#at
      const read = this.#primary() ?? this.#opaque(from)
      return this.#withOperators(read, from)
    } finally {
      this.#depth -= 1
    }
  }

  #primary(): Value | undefined {
    const token = this.peek()
    const { line, column, text } = token
    const place = { line, column }
    switch (token.kind) {
      case 'string':
        this.skip()
        return { kind: 'string', value: text, ...place }
      case 'atom':
        this.skip()
        return { kind: 'atom', value: text, ...place }
      case 'number':
        this.skip()
        return { kind: 'number', value: Number(text), ...place }
      case 'words':
        this.skip()
        return { kind: 'list', pairs: [], items: wordsOf(token), ...place }
      case 'word':
        return this.#word(token)
      case 'mark':
        return this.#marked(token)
      case 'key':
      case 'opaque':
        return undefined
      case 'end':
        throw importError(token, 'the file ends where a value is expected')
    }
  }

  #word({ text, line, column }: Token): Value | undefined {
    const place = { line, column }
    if (text === 'true' || text === 'false') {
      this.skip()
      return { kind: 'boolean', value: text === 'true', ...place }
    }
    if (text === 'nil') {
      this.skip()
      return { kind: 'nil', ...place }
    }
    if (this.isNext('(', 1)) return this.#call(text)
    if (!/^[A-Z]\w*(\.[A-Z]\w*)*$/.test(text)) return undefined
    this.skip()
    return { kind: 'module', value: text.replace(/^Elixir\./, ''), ...place }
  }

  #marked({ text, line, column }: Token): Value | undefined {
    if (text === '-' && this.peek(1).kind === 'number') {
      this.skip(2)
      return { kind: 'number', value: -Number(this.peek(-1).text), line, column }
    }
    if (text === '[') return this.#collection('list', ']')
    if (text === '{') return this.#collection('tuple', '}')
    return text === '%{' ? this.#collection('map', '}') : undefined
  }

  #collection(kind: 'list' | 'tuple' | 'map', close: string): Value {
    const open = this.peek()
    const items: Value[] = []
    const pairs: Pair[] = []
    this.skip()
    while (!this.isNext(close)) {
      if (this.peek().kind === 'key') pairs.push(this.#pair())
      else this.#item(items, pairs)
      if (this.isNext(',')) this.skip()
      else if (!this.isNext(close)) throw this.#unexpected(`, or ${close}`)
    }
    this.skip()
    return { kind, items, pairs, line: open.line, column: open.column }
  }

  /** One item; `{:key, value}` and `:key => value` are pairs as well. */
  #item(items: Value[], pairs: Pair[]): void {
    const item = this.value()
    if (this.isNext('=>')) {
      this.skip()
      const key = 'value' in item ? String(item.value) : ''
      pairs.push({ key, value: this.value(), line: item.line, column: item.column })
      return
    }
    const pair = pairOf(item)
    if (pair) pairs.push(pair)
    else items.push(item)
  }

  #pair(): Pair {
    const { text, line, column } = this.peek()
    this.skip()
    return { key: text, value: this.value(), line, column }
  }

  /** A call whose result is known; any other stays where it is. */
  #call(name: string): Value | undefined {
    if (!isKnownCall(name)) return undefined
    const from = this.#at
    const { line, column } = this.peek()
    this.skip(2)
    const made = callResult(name, this.#arguments())
    if (made) return { ...made, line, column }
    this.#at = from
    return undefined
  }

  #arguments(): Value[] {
    const given: Value[] = []
    while (!this.isNext(')')) {
      given.push(this.value())
      if (this.isNext(',')) this.skip()
      else if (!this.isNext(')')) throw this.#unexpected(', or )')
    }
    this.skip()
    return given
  }

  /** Pipes and `||` that still say which variable is read; every other operator hides the value. */
  #withOperators(left: Value, from: number): Value {
    let value = left
    for (;;) {
      const next = this.peek()
      if (!this.#isOperator(next)) return value
      const continued = value.kind === 'env' ? this.#continued(value, next.text) : undefined
      if (!continued) return this.#opaque(from)
      value = continued
    }
  }

  #isOperator(token: Token): boolean {
    if (token.kind === 'end' || this.#isStatementEnd(token)) return false
    if (token.kind !== 'mark') return true
    return ![',', ')', ']', '}', '=>'].includes(token.text)
  }

  #continued(value: Value & { readonly kind: 'env' }, operator: string): Value | undefined {
    const { kind, text } = this.peek(1)
    if (operator === '||' && kind === 'string' && value.fallback === undefined) {
      this.skip(2)
      return { ...value, fallback: text }
    }
    if (operator !== '|>' || kind !== 'word') return undefined
    const made = converted(text, value)
    if (!made) return undefined
    this.skip(2)
    if (this.isNext('(') && this.isNext(')', 1)) this.skip(2)
    return { ...made, line: value.line, column: value.column }
  }

  /** Skips one whole expression that began at token `from`. */
  #opaque(from: number): Value {
    const first = this.#tokens[from] as Token
    this.#at = from
    let depth = 0
    for (;;) {
      const token = this.peek()
      const step = nesting(token)
      if (token.kind === 'end' || depth + step < 0) break
      if (depth === 0 && this.#at > from && this.#endsExpression(token)) break
      depth += step
      this.skip()
    }
    if (this.#at === from) throw this.#unexpected('a value')
    const source = this.#source.slice(first.from, this.peek(-1).to)
    return { kind: 'opaque', source, line: first.line, column: first.column }
  }

  #endsExpression(token: Token): boolean {
    return (
      (token.kind === 'mark' && [',', '=>'].includes(token.text)) || this.#isStatementEnd(token)
    )
  }

  /** Outside brackets a new line ends the statement, unless an operator goes on with it. */
  #isStatementEnd({ isFirst, kind, text }: Token): boolean {
    if (!isFirst || this.#depth > 1) return false
    return kind !== 'mark' || !['|>', '||', '<>', '++', '&&'].includes(text)
  }

  #unexpected(expected: string): Error {
    const token = this.peek()
    const found = token.kind === 'end' ? 'the end of the file' : `"${token.text.slice(0, 40)}"`
    return importError(token, `expected ${expected}, found ${found}`)
  }
}

function wordsOf({ text, line, column }: Token): Value[] {
  const words = text.split(/\s+/).filter((word) => word !== '')
  return words.map((value) => ({ kind: 'string', value, line, column }))
}

/** `{:key, value}` in a list is the same as `key: value`. */
function pairOf(value: Value): Pair | undefined {
  if (value.kind !== 'tuple' || value.items.length !== 2) return undefined
  const [key, second] = value.items
  if (key?.kind !== 'atom' || !second) return undefined
  return { key: key.value, value: second, line: value.line, column: value.column }
}

/** +1 where something opens, -1 where it closes. */
function nesting({ kind, text }: Token): number {
  if (kind !== 'mark' && kind !== 'word') return 0
  if (opening.has(text)) return 1
  return closing.has(text) ? -1 : 0
}

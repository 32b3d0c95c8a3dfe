/**
 * Finds the topologies in a configuration file, wherever they stand: under `config :libcluster`, in
 * an `if` of runtime.exs, or in a `topologies = [...]` of application.ex. Pure.
 */
import { Parser } from './parser.ts'
import { importError, tokenize } from './tokens.ts'
import type { Pair } from './values.ts'

/**
 * The topologies of a file, in order; of several with one name the last one counts.
 *
 * @throws {FoundationError} `FND_IMPORT_INVALID`, with line and column.
 */
export function findTopologies(source: string): Pair[] {
  const parser = new Parser(source, tokenize(source))
  const found: Pair[] = []
  while (parser.peek().kind !== 'end') found.push(...topologiesAt(parser))
  if (found.length === 0) {
    throw importError(
      { line: 1, column: 1 },
      'no topologies in this file: expected `config :libcluster, topologies: [...]` or `topologies = [...]`',
    )
  }
  return [...new Map(found.map((pair) => [pair.key, pair])).values()]
}

/** Those that begin at the next token, which is skipped when none do. */
function topologiesAt(parser: Parser): readonly Pair[] {
  const { kind, text } = parser.peek()
  if (kind === 'word' && text === 'config') return configured(parser)
  const isAssignment = kind === 'word' && text === 'topologies' && parser.isNext('=', 1)
  const isKeyword = kind === 'key' && text === 'topologies' && parser.isNext('[', 1)
  if (!isAssignment && !isKeyword) {
    parser.skip()
    return []
  }
  parser.skip(isAssignment ? 2 : 1)
  return pairsOf(parser)
}

/** `config :libcluster, topologies: [...]` or `config :libcluster, :topologies, [...]`. */
function configured(parser: Parser): readonly Pair[] {
  parser.skip(parser.isNext('(', 1) ? 2 : 1)
  if (parser.peek().kind !== 'atom' || parser.peek().text !== 'libcluster') return []
  parser.skip()
  if (parser.isNext(',')) parser.skip()
  if (parser.peek().kind === 'atom' && parser.peek().text === 'topologies') {
    parser.skip(parser.isNext(',', 1) ? 2 : 1)
    return pairsOf(parser)
  }
  const settings = parser.isNext('[') ? pairsOf(parser) : parser.keywords()
  return settings
    .filter(({ key }) => key === 'topologies')
    .flatMap(({ value }) => (value.kind === 'list' ? value.pairs : []))
}

function pairsOf(parser: Parser): readonly Pair[] {
  const value = parser.value()
  return value.kind === 'list' || value.kind === 'map' ? value.pairs : []
}

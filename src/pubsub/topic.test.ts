import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { TopicTable } from './topic-table.ts'
import { matchesPattern, parsePattern, parseTopic } from './topic.ts'

describe('topics', () => {
  it('are tokens with dots between', () => {
    assert.deepEqual(parseTopic('events.orders:new.größe-1_x/y'), [
      'events',
      'orders:new',
      'größe-1_x/y',
    ])
  })

  it('are refused with what is wrong', () => {
    const refusals: [string, RegExp][] = [
      ['', /Topic "" is empty/],
      ['a..b', /empty token/],
      ['.a', /empty token/],
      ['a.', /empty token/],
      ['a b', /blanks/],
      ['a.*', /only subscribe takes patterns/],
      ['a.>', /only subscribe takes patterns/],
      ['a.b*', /not allowed/],
      ['a\ud800', /Unicode/],
      ['a'.repeat(257), /longer than 256 bytes/],
      ['ä'.repeat(129), /longer than 256 bytes/],
      [Array.from({ length: 17 }, () => 'a').join('.'), /more than 16 tokens/],
      [undefined as unknown as string, /not a string/],
    ]
    for (const [topic, message] of refusals) {
      assert.throws(() => parseTopic(topic), { code: 'FND_TOPIC_INVALID', message })
    }
    parseTopic('a'.repeat(256))
    parseTopic(Array.from({ length: 16 }, () => 'a').join('.'))
  })

  it('may be patterns with whole-token wildcards, ">" only at the end', () => {
    assert.deepEqual(parsePattern('*.orders.>'), ['*', 'orders', '>'])
    assert.deepEqual(parsePattern('>'), ['>'])
    for (const pattern of ['>.a', 'a.>.b', 'a*', 'a.>b', 'a.**']) {
      assert.throws(() => parsePattern(pattern), { code: 'FND_TOPIC_INVALID' })
    }
  })
})

const word = fc.constantFrom('a', 'b', 'c')
const topics = fc.array(word, { minLength: 1, maxLength: 4 })
const patterns = fc
  .tuple(fc.array(fc.oneof(word, fc.constant('*')), { maxLength: 4 }), fc.boolean())
  .map(([tokens, isTail]) => (isTail || tokens.length === 0 ? [...tokens, '>'] : tokens))

/** What `*` and `>` mean, written as plainly as possible. */
function matches(pattern: readonly string[], topic: readonly string[]): boolean {
  const source = pattern.map((token) => {
    if (token === '*') return '[^.]+'
    return token === '>' ? '.+' : token
  })
  return new RegExp(`^${source.join('\\.')}$`).test(topic.join('.'))
}

describe('TopicTable', () => {
  it('finds what a plain implementation finds', () => {
    fc.assert(
      fc.property(fc.array(patterns, { maxLength: 12 }), topics, (given, topic) => {
        const table = new TopicTable<number>()
        for (const [index, pattern] of given.entries()) table.add(pattern, index)
        const expected = [...given.keys()].filter((index) => matches(given[index] ?? [], topic))
        assert.deepEqual(
          table.find(topic.join('.')).toSorted((x, y) => x - y),
          expected,
        )
      }),
      { numRuns: 2_000 },
    )
  })

  it('holds what was added and not removed, whatever the order', () => {
    const step = fc.record({ isAdd: fc.boolean(), tokens: patterns, item: fc.nat(3) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), topics, (steps, topic) => {
        const table = new TopicTable<number>()
        const truth = new Map<string, { tokens: string[]; item: number }>()
        for (const { isAdd, tokens, item } of steps) {
          const key = `${tokens.join('.')} ${String(item)}`
          const before = table.version
          if (isAdd) {
            table.add(tokens, item)
            truth.set(key, { tokens, item })
          } else {
            table.remove(tokens, item)
            truth.delete(key)
          }
          assert.notEqual(table.version, before)
        }
        const expected = [...truth.values()].filter(({ tokens }) => matches(tokens, topic))
        assert.deepEqual(
          new Set(table.find(topic.join('.'))),
          new Set(expected.map(({ item }) => item)),
        )
      }),
      { numRuns: 1_000 },
    )
  })

  it('gives an item once, however many of its patterns match', () => {
    const table = new TopicTable<string>()
    for (const pattern of ['a.b', 'a.*', 'a.>', '>', '*.b']) table.add(parsePattern(pattern), 'x')
    assert.deepEqual(table.find('a.b'), ['x'])
  })
})

describe('one pattern and one topic', () => {
  it('match as they do in the table', () => {
    const token = fc.constantFrom('a', 'b', '*')
    const patterns = fc
      .tuple(fc.array(token, { minLength: 1, maxLength: 4 }), fc.boolean())
      .map(([tokens, isOpen]) => (isOpen ? [...tokens, '>'] : tokens))
    const topics = fc.array(fc.constantFrom('a', 'b'), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(patterns, topics, (pattern, topic) => {
        const table = new TopicTable<number>()
        table.add(pattern, 1)
        const isFound = table.find(topic.join('.')).length > 0
        assert.equal(matchesPattern(pattern, topic), isFound)
      }),
    )
  })
})

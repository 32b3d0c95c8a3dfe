import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { libclusterModules } from '../../discovery/index.ts'
import { isFoundationError } from '../../kernel/index.ts'
import { convert, runtimeExs } from './elixir-fixture.test.ts'
import { findTopologies } from './find-topologies.ts'
import { snippetOf } from './snippet.ts'

describe('the reader of Elixir', () => {
  const pieces = fc.constantFrom(
    ...[
      'config',
      ':libcluster',
      ',',
      'topologies:',
      'topologies',
      '=',
      '[',
      ']',
      '{',
      '}',
      '(',
      ')',
    ],
    ...['a:', '"', "'", '#{', '#', '\n', ':"', '~w(', '~r/', 'do', 'end', 'fn', '->', '|>', '||'],
    ...[
      'System.get_env',
      '"X"',
      'strategy:',
      'Cluster.Strategy.Gossip',
      'config:',
      '1_0',
      '-',
      '%{',
    ],
    ...['=>', 'nil', 'true', '?a', '\\', '"""', 'String.to_integer', '&', '0x', ' ', '.', ':', '@'],
  )
  const sources = fc.oneof(
    fc.array(pieces, { maxLength: 60 }).map((all) => all.join(' ')),
    fc.array(pieces, { maxLength: 60 }).map((all) => all.join('')),
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.string({ maxLength: 200 }).map((text) => `topologies = [a: [strategy: ${text}`),
    fc.nat(runtimeExs.length).map((length) => runtimeExs.slice(0, length)),
    fc
      .tuple(fc.nat(runtimeExs.length), fc.nat(30), fc.string({ maxLength: 5 }))
      .map(([at, count, text]) => runtimeExs.slice(0, at) + text + runtimeExs.slice(at + count)),
  )

  it('raises nothing but a coded error with line and column, and ends', () => {
    fc.assert(
      fc.property(sources, (source) => {
        try {
          snippetOf(convert(source))
        } catch (error) {
          assert.ok(isFoundationError(error), String(error))
          assert.equal(error.code, 'FND_IMPORT_INVALID')
          const { line, column } = error.details as { line: number; column: number }
          assert.ok(line >= 1 && column >= 1)
        }
      }),
      { numRuns: 3_000 },
    )
  })

  it('reads back every term that is written', () => {
    const key = fc.constantFrom('port', 'multicast_ttl')
    const text = fc.string().map((value) => ({
      value,
      source: `"${value.replaceAll(/[\\"]/g, '\\$&').replaceAll('#{', '\\#{')}"`,
    }))
    fc.assert(
      fc.property(key, text, (name, { value, source }) => {
        const [pair] = findTopologies(`topologies = [a: [${name}: ${source}]]`)
        assert.ok(pair?.value.kind === 'list')
        const [inner] = pair.value.pairs
        assert.deepEqual([inner?.key, inner?.value.kind], [name, 'string'])
        assert.equal(inner?.value.kind === 'string' && inner.value.value, value)
      }),
    )
  })

  it('knows every module of libcluster', () => {
    for (const { module } of libclusterModules) {
      const { notes } = convert(`topologies = [a: [strategy: ${module}]]`)
      assert.deepEqual(
        notes.filter(({ why }) => why.includes('no part of libcluster')),
        [],
      )
    }
  })
})

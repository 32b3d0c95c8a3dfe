import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { encodeValue } from '../../wire/index.ts'
import { contentHash, MapTable, type MapRecord } from './map-table.ts'

interface Given {
  readonly key: string
  readonly record: MapRecord
}

const given: fc.Arbitrary<Given> = fc
  .record({
    key: fc.constantFrom('x', 'y', 'z'),
    value: fc.option(fc.integer({ min: 0, max: 2 }), { nil: undefined }),
    wallMs: fc.integer({ min: 0, max: 1 }),
    counter: fc.integer({ min: 0, max: 1 }),
    writer: fc.constantFrom('a', 'b'),
  })
  .map(({ key, value, ...base }) => ({ key, record: recordOf(value, base) }))

function recordOf(
  value: number | undefined,
  base: { wallMs: number; counter: number; writer: string },
): MapRecord {
  const bytes = value === undefined ? undefined : encodeValue(value)
  return { version: { ...base, hash: contentHash(bytes) }, bytes, value }
}

const at = { nowMs: 0, bornMs: 0 }

function tableOf(records: readonly Given[]): MapTable {
  const table = new MapTable()
  for (const { key, record } of records) table.merge({ space: 's', key }, record, at)
  return table
}

function contents(table: MapTable): unknown {
  const cells = [...table.cells('s')].map(({ key, record, state }) => ({ key, record, state }))
  return cells.sort((a, b) => (a.key < b.key ? -1 : 1))
}

describe('MapTable', () => {
  it('merges to the same records in every order, however often they come', () => {
    fc.assert(
      fc.property(fc.array(given, { maxLength: 12 }), fc.nat(), (records, seed) => {
        const turned = records.map((_, index) => records[(index + seed) % records.length] as Given)
        const one = tableOf(records)
        const other = tableOf([...turned.toReversed(), ...turned])
        assert.deepEqual(contents(other), contents(one))
        assert.deepEqual(other.digest(), one.digest())
      }),
    )
  })

  it('has other hashes when a record differs, were it only by its version', () => {
    const base = { wallMs: 1, counter: 0, writer: 'a' }
    const one = tableOf([{ key: 'x', record: recordOf(1, base) }])
    const other = tableOf([{ key: 'x', record: recordOf(1, { ...base, counter: 1 }) }])
    const bucket = one.cell('s', 'x')?.bucket ?? -1
    assert.ok(one.agrees(bucket, one.digest()))
    assert.equal(one.agrees(bucket, other.digest()), false)
  })

  it('counts an expired deletion no more, but lets it win over what is older', () => {
    const table = tableOf([
      { key: 'x', record: recordOf(undefined, { wallMs: 2, counter: 0, writer: 'a' }) },
    ])
    const cell = [...table.tombstones][0]
    assert.ok(cell)
    table.expire(cell)
    assert.deepEqual(table.digest(), new MapTable().digest())
    const older = recordOf(1, { wallMs: 1, counter: 0, writer: 'b' })
    assert.equal(table.merge({ space: 's', key: 'x' }, older, at), undefined)
    const newer = recordOf(1, { wallMs: 3, counter: 0, writer: 'b' })
    assert.ok(table.merge({ space: 's', key: 'x' }, newer, at))
    assert.equal(table.tombstones.size, 0)
  })

  it('leaves nothing of a collected deletion', () => {
    const table = tableOf([
      { key: 'x', record: recordOf(undefined, { wallMs: 2, counter: 0, writer: 'a' }) },
    ])
    for (const cell of [...table.tombstones]) table.collect(cell)
    assert.equal(table.size, 0)
    assert.deepEqual(table.digest(), new MapTable().digest())
    assert.deepEqual([...table.cells('s')], [])
  })
})

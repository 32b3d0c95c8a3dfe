import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { anyColumn, integerColumn, numberColumn, ValueColumn } from './columns.ts'

/** Rows of several blocks, not in order. */
const row = fc.nat(20_000)
const integer = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const value = fc.oneof(fc.double(), fc.string(), fc.constantFrom(null, undefined, {}, [1]))

function cells<T>(of: fc.Arbitrary<T>): fc.Arbitrary<[number, T][]> {
  return fc.array(fc.tuple(row, of), { maxLength: 60 })
}

describe('Column', () => {
  it('holds the last number set in each row', () => {
    fc.assert(
      fc.property(cells(integer), cells(fc.double()), (integers, numbers) => {
        for (const [column, given] of [
          [integerColumn(), integers],
          [numberColumn(), numbers],
        ] as const) {
          for (const [at, number] of given) column.set(at, number)
          for (const [at, number] of new Map(given)) assert.ok(Object.is(column.get(at), number))
        }
      }),
    )
  })

  it('has nothing in rows never set', () => {
    const texts = anyColumn<string>()
    texts.set(5_000, 'x')
    assert.equal(texts.get(4_999), undefined)
    assert.equal(texts.get(100), undefined)
    assert.equal(texts.get(100_000), undefined)
  })
})

describe('ValueColumn', () => {
  it('holds the last value set in each row, whatever it is', () => {
    fc.assert(
      fc.property(cells(value), (given) => {
        const column = new ValueColumn()
        for (const [at, each] of given) column.set(at, each)
        for (const [at, each] of new Map(given)) assert.ok(Object.is(column.get(at), each))
      }),
    )
  })

  it('lets go of a value that is cleared or replaced by a number', () => {
    const column = new ValueColumn()
    column.set(1, { much: 'memory' })
    column.clear(1)
    assert.equal(column.get(1), 0)
    column.set(1, Number.NaN)
    assert.ok(Object.is(column.get(1), Number.NaN))
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { TextRows } from './text-rows.ts'

/** More than one part holds. */
const many = 20_000

function filled(count: number): { rows: TextRows; model: Map<string, number> } {
  const rows = new TextRows()
  const model = new Map<string, number>()
  for (let index = 0; index < count; index++) {
    const text = `key:${String(index)}`
    model.set(text, rows.add(text))
  }
  return { rows, model }
}

function check(rows: TextRows, model: Map<string, number>): void {
  assert.equal(rows.size, model.size)
  assert.deepEqual([...rows].map((row) => rows.textOf(row)).sort(), [...model.keys()].sort())
  for (const [text, row] of model) {
    assert.equal(rows.find(text), row)
    assert.equal(rows.textOf(row), text)
  }
}

/** Few texts, so that they come and go; short ones, so that many meet in the index. */
const texts = fc.oneof(fc.nat(60).map(String), fc.string({ maxLength: 2 }))

describe('TextRows', () => {
  it('gives every text a row of its own, for as long as it is there', () => {
    fc.assert(
      fc.property(fc.array(texts, { maxLength: 300 }), (steps) => {
        const rows = new TextRows()
        const model = new Map<string, number>()
        for (const text of steps) {
          const row = model.get(text)
          assert.equal(rows.find(text), row ?? -1)
          if (row === undefined) model.set(text, rows.add(text))
          else {
            rows.remove(row)
            model.delete(text)
          }
          assert.equal(new Set(model.values()).size, model.size)
        }
        check(rows, model)
      }),
    )
  })

  it('finds what is left when many texts were removed from many', () => {
    const { rows, model } = filled(many)
    for (let index = 0; index < many; index++) {
      if (index % 3 === 0) continue
      const text = `key:${String(index)}`
      rows.remove(model.get(text) ?? -1)
      model.delete(text)
      assert.equal(rows.find(text), -1)
    }
    check(rows, model)
  })

  it('gives rows again: their numbers stay as low as the most texts there were', () => {
    const { rows } = filled(100)
    for (let index = 100; index < 1_000; index++) {
      rows.remove(rows.find(`key:${String(index - 100)}`))
      assert.ok(rows.add(`key:${String(index)}`) < 100)
    }
  })

  it('begins anew when the last text is gone', () => {
    const { rows, model } = filled(many)
    for (const row of model.values()) rows.remove(row)
    assert.equal(rows.size, 0)
    assert.deepEqual([...rows], [])
    assert.equal(rows.add('again'), 0)
  })

  for (const count of [10, many]) {
    it(`is read to its end while ${String(count)} texts change`, () => {
      const { rows } = filled(count)
      const seen = new Set<string>()
      for (const row of rows) {
        seen.add(rows.textOf(row))
        const third = rows.find('key:3')
        if (third >= 0) rows.remove(third)
        rows.add(`new:${String(seen.size)}`)
        assert.ok(seen.size <= count * 2, 'what is added is read for ever')
      }
      for (let index = 4; index < count; index++) assert.ok(seen.has(`key:${String(index)}`))
    })
  }

  it('tells texts apart that differ only in what is no letter', () => {
    const rows = new TextRows()
    const odd = ['', '\0', '\ud800', '\ud801', 'é', 'e\u0301']
    const given = odd.map((text) => rows.add(text))
    assert.deepEqual(
      odd.map((text) => rows.find(text)),
      given,
    )
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { TextColumn } from './text-column.ts'

const odd = fc.constantFrom('', '\0', '\u00ff', '\u0100', '\ud800', '\ud801', 'é', 'e\u0301')
const text = fc.oneof(fc.string({ maxLength: 20 }), fc.string({ unit: 'binary' }), odd)
/** Few of several blocks, so that texts are replaced. */
const row = fc.oneof(
  fc.nat(8),
  fc.nat(8).map((at) => at * 1_500),
)
const step = fc.tuple(row, fc.option(text, { nil: undefined }))

describe('TextColumn', () => {
  it('holds the last text of each row, whatever its characters', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const column = new TextColumn()
        const model = new Map<number, string>()
        for (const [at, said] of steps) {
          if (column.has(at)) column.clear(at)
          model.delete(at)
          if (said === undefined) continue
          column.set(at, said)
          model.set(at, said)
        }
        for (const [at] of steps) assert.equal(column.has(at), model.has(at))
        for (const [at, said] of model) {
          assert.equal(column.get(at), said)
          for (const other of model.values()) assert.equal(column.is(at, other), other === said)
        }
      }),
    )
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { RecordShape, RecordShapes } from './record-shape.ts'

describe('RecordShape', () => {
  it('expects a text once it came again and again', () => {
    const shape = new RecordShape(1, ['id', 'type'])
    shape.saw(1, 'paid')
    for (let round = 0; round < 16; round++) {
      assert.equal(shape.textAt(1), undefined)
      shape.saw(1, 'sent')
    }
    assert.equal(shape.textAt(1)?.text, 'sent')
    assert.equal(shape.textAt(0), undefined)
  })

  it('keeps no text that is long', () => {
    const shape = new RecordShape(1, ['id'])
    for (let round = 0; round < 20; round++) shape.saw(0, 'x'.repeat(32))
    assert.equal(shape.textAt(0), undefined)
  })
})

describe('RecordShapes', () => {
  it('finds a shape by how it begins, and nothing by another beginning', () => {
    const shapes = new RecordShapes()
    shapes.saw(7, ['id'])
    assert.deepEqual(
      shapes.at(7)?.keys.map(({ text }) => text),
      ['id'],
    )
    for (let other = 8; other < 5_000; other++) assert.equal(shapes.at(other), undefined)
  })

  it('replaces a shape only when it was wrong several times in a row', () => {
    const shapes = new RecordShapes()
    const names = (): string[] | undefined => shapes.at(7)?.keys.map(({ text }) => text)
    shapes.saw(7, ['id', 'a'])
    shapes.saw(7, ['id', 'b'])
    assert.deepEqual(names(), ['id', 'a'])
    for (let round = 0; round < 10; round++) shapes.saw(7, ['id', 'b'])
    assert.deepEqual(names(), ['id', 'b'])
  })
})

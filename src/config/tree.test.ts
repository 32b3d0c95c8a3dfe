import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { frozen, valueAt, withValue } from './tree.ts'

describe('a tree of settings', () => {
  const tree = frozen({ a: { b: 1, c: 2 }, list: [1] })

  it('is never changed: a change makes another that shares the rest', () => {
    const changed = withValue(tree, ['a', 'b'], 9)
    assert.deepEqual(changed, { a: { b: 9, c: 2 }, list: [1] })
    assert.equal(valueAt(changed, ['list']), tree.list)
    assert.equal(tree.a.b, 1)
  })

  it('grows branches, also where a leaf stood in the way', () => {
    assert.deepEqual(withValue(undefined, ['a', 'b'], 1), { a: { b: 1 } })
    assert.deepEqual(withValue(tree, ['list', 'x'], 1), { a: tree.a, list: { x: 1 } })
  })

  it('shows nothing it only inherits', () => {
    assert.equal(valueAt(tree, ['constructor']), undefined)
    assert.equal(valueAt(tree, ['a', 'toString', 'name']), undefined)
    assert.equal(valueAt({ map: new Map([['x', 1]]) }, ['map', 'size']), undefined)
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { WideMap } from './wide-map.ts'

/** More than one small Map holds. */
const many = 20_000

function filled(count: number): WideMap<number> {
  const map = new WideMap<number>()
  for (let index = 0; index < count; index++) map.set(`key:${String(index)}`, index)
  return map
}

describe('WideMap', () => {
  it('holds what a Map would, small and large', () => {
    const steps = fc.array(fc.record({ at: fc.nat(40), value: fc.option(fc.nat()) }))
    fc.assert(
      fc.property(fc.constantFrom(0, many), steps, (count, changes) => {
        const map = filled(count)
        const model = new Map([...map])
        for (const { at, value } of changes) {
          const key = `key:${String(at)}`
          if (value === null) assert.equal(map.delete(key), model.delete(key))
          else {
            map.set(key, value)
            model.set(key, value)
          }
          assert.equal(map.get(key), model.get(key))
          assert.equal(map.has(key), model.has(key))
        }
        assert.equal(map.size, model.size)
        assert.equal(new Map([...map]).size, model.size)
      }),
      { numRuns: 20 },
    )
  })

  it('is one small Map after another: none grows to what takes long', () => {
    const map = filled(many * 5)
    assert.equal(map.size, many * 5)
    for (let index = 0; index < many * 5; index += 997) {
      assert.equal(map.get(`key:${String(index)}`), index)
    }
    assert.equal(
      [...map.values()].reduce((sum, value) => sum + value, 0),
      4_999_950_000,
    )
  })

  for (const count of [10, many]) {
    it(`is read to its end while ${String(count)} entries change`, () => {
      const map = filled(count)
      const seen = new Set<string>()
      let added = 0
      for (const [key] of map) {
        seen.add(key)
        map.delete('key:3')
        map.set(`new:${String(added++)}`, 0)
        assert.ok(added <= count * 3, 'what is added is read for ever')
      }
      for (let index = 4; index < count; index++) assert.ok(seen.has(`key:${String(index)}`))
    })
  }

  it('is read to its end while it becomes large', () => {
    const map = filled(16_000)
    const seen = new Set<string>()
    for (const [key] of map) {
      seen.add(key)
      if (map.size < many) for (let at = 0; at < 1_000; at++) map.set(`${key} ${String(at)}`, 0)
    }
    for (let index = 0; index < 16_000; index++) assert.ok(seen.has(`key:${String(index)}`))
  })
})

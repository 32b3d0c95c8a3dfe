import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { rendezvousOrder, rendezvousOwner, rendezvousScore } from './rendezvous.ts'

const nodes = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 12 }), {
  minLength: 1,
  maxLength: 8,
})

describe('rendezvous', () => {
  it('gives these scores on every machine', () => {
    const scores = [
      ['counter:1', 'ash'],
      ['counter:1', 'birch'],
      ['', ''],
      ['ü€', '😀'],
    ] as const
    assert.deepEqual(
      scores.map(([key, node]) => rendezvousScore(key, node)),
      [3344342001, 2235034719, 3099819549, 719680729],
    )
  })

  it('owns by the order, whatever the order of the nodes', () => {
    fc.assert(
      fc.property(fc.string(), nodes, (key, names) => {
        const order = rendezvousOrder(key, names)
        assert.equal(rendezvousOwner(key, names), order[0])
        assert.deepEqual(rendezvousOrder(key, names.toReversed()), order)
      }),
    )
  })

  it('moves only the keys of the node that goes', () => {
    fc.assert(
      fc.property(fc.string(), nodes, (key, names) => {
        const [gone, ...rest] = names
        const before = rendezvousOwner(key, names)
        if (before !== gone) assert.equal(rendezvousOwner(key, rest), before)
      }),
    )
  })

  it('spreads keys evenly', () => {
    const names = Array.from({ length: 20 }, (_, at) => `node-${String(at)}`)
    const counts = new Map(names.map((name) => [name, 0]))
    for (let at = 0; at < 20_000; at++) {
      const owner = rendezvousOwner(`key-${String(at)}`, names) ?? ''
      counts.set(owner, (counts.get(owner) ?? 0) + 1)
    }
    const most = Math.max(...counts.values())
    assert.ok(most < 1_150, `one node of 20 has ${String(most)} of 20 000 keys`)
  })

  it('has no owner without nodes', () => {
    assert.equal(rendezvousOwner('key', []), undefined)
  })
})

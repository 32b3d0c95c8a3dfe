import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { checkChildSpec } from '../core/child-spec.ts'
import { candidatesFor, ineligibilityOf, type PlacementNode } from './candidates.ts'
import { bounded, builtInPlacements, choiceBy, type PlacementPolicy } from './placement.ts'

const spec = (id: string, given: object = {}) =>
  checkChildSpec({ id, service: 'Service', ...given })
const node = (name: string, given: Partial<PlacementNode> = {}): PlacementNode => ({
  name,
  roles: [],
  isAlive: true,
  facts: {
    services: [{ name: 'Service', version: 1, movable: true }],
    isDraining: false,
    maxChildren: 1_000,
  },
  children: 0,
  ...given,
})
const question = (id: string, nodes: readonly PlacementNode[], given: object = {}) => ({
  spec: spec(id),
  origin: 'a',
  candidates: candidatesFor(spec(id), nodes),
  chance: 0.5,
  ...given,
})
const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,6}$/), { minLength: 1, maxLength: 9 })

describe('placement', () => {
  it('knows why a node may not run a child', () => {
    const { facts } = node('a')
    const cases: [Partial<PlacementNode>, string | undefined][] = [
      [{}, undefined],
      [{ isAlive: false }, 'suspected'],
      [{ facts: undefined }, 'says nothing yet'],
      [{ facts: facts && { ...facts, isDraining: true } }, 'draining'],
      [{ facts: facts && { ...facts, services: [] } }, 'service missing'],
      [{ children: 1_000 }, 'full'],
    ]
    for (const [given, expected] of cases) {
      assert.equal(ineligibilityOf(spec('x'), node('a', given)), expected)
    }
    const roles = spec('x', { roles: ['db', 'ssd'] })
    assert.equal(ineligibilityOf(roles, node('a', { roles: ['db'] })), 'roles missing')
    assert.equal(ineligibilityOf(roles, node('a', { roles: ['ssd', 'db'] })), undefined)
  })

  it('bounded never goes beyond a quarter above the mean, and spreads equal children', () => {
    fc.assert(
      fc.property(names, fc.integer({ min: 1, max: 200 }), (nodeNames, count) => {
        const loads = new Map(nodeNames.map((name) => [name, 0]))
        for (let at = 0; at < count; at++) {
          const nodes = nodeNames.map((name) => node(name, { children: loads.get(name) ?? 0 }))
          const chosen = bounded(question(`child:${String(at)}`, nodes)) ?? ''
          loads.set(chosen, (loads.get(chosen) ?? 0) + 1)
          const most = Math.max(...loads.values())
          assert.ok(most <= Math.ceil((1.25 * (at + 1)) / nodeNames.length))
        }
      }),
      { numRuns: 50 },
    )
  })

  it('bounded moves few children when a node goes', () => {
    const all = ['a', 'b', 'c', 'd', 'e']
    const placeAll = (nodeNames: readonly string[]): Map<string, string> => {
      const loads = new Map<string, number>()
      const places = new Map<string, string>()
      for (let at = 0; at < 500; at++) {
        const id = `child:${String(at)}`
        const nodes = nodeNames.map((name) => node(name, { children: loads.get(name) ?? 0 }))
        const chosen = bounded(question(id, nodes)) ?? ''
        loads.set(chosen, (loads.get(chosen) ?? 0) + 1)
        places.set(id, chosen)
      }
      return places
    }
    const before = placeAll(all)
    const after = placeAll(all.slice(0, 4))
    const moved = [...before].filter(([id, was]) => was !== 'e' && after.get(id) !== was)
    assert.ok(moved.length < 100, `${String(moved.length)} of 400 moved`)
  })

  it('chooses by what the candidates are, not by the order they come in', () => {
    const loads = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 9, maxLength: 9 })
    fc.assert(
      fc.property(names, loads, fc.string(), (nodeNames, children, id) => {
        const nodes = nodeNames.map((name, at) => node(name, { children: children[at] ?? 0 }))
        for (const policy of ['bounded', 'least-loaded', 'local']) {
          const chosen = (given: readonly PlacementNode[]): string | undefined =>
            choiceBy(
              builtInPlacements[policy] ?? bounded,
              question(`id:${String(id.length)}`, given),
            ).node
          assert.equal(chosen(nodes.toReversed()), chosen(nodes), policy)
        }
      }),
    )
  })

  it('offers least-loaded, random and local', () => {
    const nodes = [
      node('a', { children: 3 }),
      node('b', { children: 1 }),
      node('c', { children: 2 }),
    ]
    const choose = (name: string, given: object = {}): string | undefined =>
      choiceBy(builtInPlacements[name] ?? bounded, question('x', nodes, given)).node
    assert.equal(choose('least-loaded'), 'b')
    assert.deepEqual(
      [choose('random', { chance: 0 }), choose('random', { chance: 0.99 })],
      ['a', 'c'],
    )
    assert.equal(choose('local', { origin: 'c' }), 'c')
    assert.ok(['a', 'b', 'c'].includes(choose('local', { origin: 'gone' }) ?? ''))
  })

  it('falls back to bounded when a policy of a user chooses no candidate', () => {
    const nodes = [node('a'), node('b')]
    const wrong: PlacementPolicy = () => 'nowhere'
    assert.deepEqual(choiceBy(wrong, question('x', nodes)), { node: bounded(question('x', nodes)) })
    assert.deepEqual(choiceBy(wrong, question('x', [])), { node: undefined })
  })

  it('falls back to bounded, and says why, when a policy of a user throws or gives a promise', () => {
    const asked = question('x', [node('a'), node('b')])
    const broken: PlacementPolicy = () => {
      throw new Error('by request')
    }
    const later = (() => Promise.reject(new Error('late'))) as never
    for (const [policy, why] of [
      [broken, /by request/],
      [later, /promise/],
    ] as const) {
      const { node: chosen, error } = choiceBy(policy, asked)
      assert.equal(chosen, bounded(asked))
      assert.match(String(error), why)
    }
  })
})

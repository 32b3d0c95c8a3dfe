import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { BootGate } from './boot-gate.ts'
import { recordOf } from './fixtures.ts'
import {
  handoverNext,
  handoverStart,
  handoverSteps,
  isEnded,
  type HandoverState,
} from './handover.ts'
import type { PlacementNode } from '../placement/candidates.ts'
import { planMoves } from './rebalance.ts'
import { RestartBudget } from './restart-budget.ts'
import { ViewAgreement, viewHash } from './view.ts'

const results = ['done', 'failed'] as const

describe('hand-over', () => {
  it('has a next state for every step and result, and ends', () => {
    for (const step of handoverSteps) {
      for (const result of results) {
        let state = handoverNext(step, result)
        for (let at = 0; at < handoverSteps.length && !isEnded(state); at++) {
          state = handoverNext(state, 'done')
        }
        assert.ok(isEnded(state), `${step} ${result}`)
        assert.equal(handoverNext(state, 'failed'), state)
      }
    }
  })

  const pathOf = (failsAt?: HandoverState): HandoverState[] => {
    const path: HandoverState[] = [handoverStart]
    for (let state = handoverStart; !isEnded(state);) {
      state = handoverNext(state, state === failsAt ? 'failed' : 'done')
      path.push(state)
    }
    return path
  }

  it('goes through the seven steps', () => {
    const steps = ['reserve', 'seal', 'carry', 'retire', 'start', 'release', 'moved']
    assert.deepEqual(pathOf(), steps)
  })

  it('leaves the source serving whatever fails before it stopped, and never after', () => {
    for (const step of ['seal', 'carry'] as const) {
      assert.deepEqual(pathOf(step).slice(-3), ['unseal', 'cancel', 'aborted'])
    }
    assert.equal(pathOf('reserve').at(-1), 'aborted')
    for (const step of ['retire', 'start'] as const) {
      assert.deepEqual(pathOf(step).slice(-2), [step, 'stranded'])
    }
  })
})

describe('restart budget', () => {
  const { spec } = recordOf({ maxRestarts: 3, withinMs: 1_000 })
  const backoff = { restartDelayMs: 100, restartDelayMaxMs: 150 }

  it('restarts at once, then later and later, then no more', () => {
    const budget = new RestartBudget()
    const delays = [0, 1, 2, 3].map((nowMs) => budget.failed(spec, backoff, nowMs))
    assert.deepEqual(delays, [
      { kind: 'restart', delayMs: 0 },
      { kind: 'restart', delayMs: 100 },
      { kind: 'restart', delayMs: 150 },
      { kind: 'give-up' },
    ])
  })

  it('forgets failures the child has outlived', () => {
    const budget = new RestartBudget()
    for (let nowMs = 0; nowMs < 100_000; nowMs += 600) {
      assert.equal(budget.failed(spec, backoff, nowMs).kind, 'restart')
      budget.cameUp(nowMs + 100)
    }
  })

  it('remembers failures of a child that did not come up in between, however long that took', () => {
    const budget = new RestartBudget()
    const kinds = [0, 10_000, 20_000, 30_000].map(
      (nowMs) => budget.failed(spec, backoff, nowMs).kind,
    )
    assert.deepEqual(kinds, ['restart', 'restart', 'restart', 'give-up'])
  })

  it('counts on while the child is handed over from one node to another', () => {
    const budget = new RestartBudget()
    assert.equal(budget.failed({ ...spec, maxRestarts: 1 }, backoff, 0).kind, 'restart')
    budget.cameUp(0)
    budget.cameUp(900)
    assert.equal(budget.failed({ ...spec, maxRestarts: 1 }, backoff, 1_001).kind, 'restart')
  })
})

describe('boot gate', () => {
  it('opens with enough members that stay, and stays open', () => {
    const gate = new BootGate({ minMembers: 2, bootStableMs: 100 }, 0)
    gate.changed(1, 0)
    assert.equal(gate.isOpen(1_000), false)
    gate.changed(2, 1_000)
    assert.equal(gate.isOpen(1_099), false)
    gate.changed(3, 1_099)
    assert.equal(gate.isOpen(1_100), false)
    assert.equal(gate.isOpen(1_199), true)
    gate.changed(1, 1_200)
    assert.equal(gate.isOpen(1_200), true)
  })
})

describe('agreement on a view', () => {
  const members = ['a', 'b', 'c'].map((name) => ({ name, incarnation: '1' }))

  it('needs the same view of all, and what they had done by then', () => {
    const agreement = new ViewAgreement('a')
    const known = new Map([['b', 5]])
    const has = ({ name }: { name: string }, sequence: number): boolean =>
      sequence <= (known.get(name) ?? 0)
    const missing = (): string[] => agreement.missing(has)
    assert.ok(agreement.update(members, 0))
    assert.equal(agreement.update(members.toReversed(), 1), false)
    assert.deepEqual(missing(), ['b', 'c'])
    agreement.heard('b', { hash: agreement.hash, sequence: 5 })
    agreement.heard('c', { hash: agreement.hash, sequence: 1 })
    assert.deepEqual(missing(), ['c'])
    known.set('c', 1)
    assert.deepEqual(missing(), [])
    agreement.lost('b')
    assert.deepEqual(missing(), ['b'])
    agreement.update(members.slice(0, 2), 2)
    agreement.heard('b', { hash: viewHash(members), sequence: 0 })
    assert.deepEqual(missing(), ['b'])
  })

  it('tells lives of a name apart', () => {
    assert.notEqual(
      viewHash([{ name: 'a', incarnation: '1' }]),
      viewHash([{ name: 'a', incarnation: '2' }]),
    )
  })
})

describe('rebalance', () => {
  const names = ['a', 'b', 'c', 'd']
  /** A member that runs no children: it is always the one with the fewest. */
  const client = 'client'
  const places = fc.array(fc.constantFrom(...names), { maxLength: 60 })
  const nodesWith = (loads: ReadonlyMap<string, number>): PlacementNode[] =>
    [...names, client].map((name) => ({
      name,
      roles: [],
      isAlive: true,
      facts: {
        services: name === client ? [] : [{ name: 'Service', version: 0, movable: true }],
        isDraining: false,
        maxChildren: 1_000,
      },
      children: loads.get(name) ?? 0,
    }))
  const childrenOf = (where: ReadonlyMap<string, string>) =>
    [...where].map(([id, node]) => ({ spec: recordOf({ id }).spec, node }))
  const gapOf = (where: ReadonlyMap<string, string>): number => {
    const loads = loadsOf(where)
    const counts = names.map((name) => loads.get(name) ?? 0)
    return Math.max(...counts) - Math.min(...counts)
  }

  it('narrows the gap between nodes that may run the children, and comes to rest', () => {
    fc.assert(
      fc.property(places, fc.integer({ min: 1, max: 8 }), (given, movesMax) => {
        const where = new Map(given.map((node, at) => [`child-${String(at)}`, node]))
        let before = gapOf(where)
        for (let round = 0; round < 200; round++) {
          const moves = planMoves(childrenOf(where), nodesWith(loadsOf(where)), {
            movesMax,
            turn: round,
          })
          assert.ok(moves.length <= movesMax)
          if (moves.length === 0) break
          for (const { id, to } of moves) where.set(id, to)
          assert.ok(!loadsOf(where).has(client), 'a node without the service is given a child')
          assert.ok(gapOf(where) <= before, 'a round widens the gap')
          before = gapOf(where)
        }
        assert.ok(before <= 1, `a gap of ${String(before)} is left`)
      }),
      { numRuns: 200 },
    )
  })

  it('makes no more moves than it takes to bring loads together', () => {
    const skewed = fc.array(fc.constantFrom('a', 'a', 'a', 'b', 'b', 'c'), { maxLength: 60 })
    fc.assert(
      fc.property(skewed, (given) => {
        const where = new Map(given.map((node, at) => [`child-${String(at)}`, node]))
        const loads = names.map((name) => loadsOf(where).get(name) ?? 0)
        const moves = planMoves(childrenOf(where), nodesWith(loadsOf(where)), {
          ...{ movesMax: 1_000, turn: 1 },
        })
        const mean = given.length / names.length
        const above = loads.reduce((sum, load) => sum + Math.max(0, load - Math.ceil(mean)), 0)
        const below = loads.reduce((sum, load) => sum + Math.max(0, Math.floor(mean) - load), 0)
        assert.equal(moves.length, Math.max(above, below))
      }),
      { numRuns: 200 },
    )
  })

  it('has homes that plan in the same moment do together what one of them would', () => {
    fc.assert(
      fc.property(places, fc.integer({ min: 1, max: 60 }), (given, movesMax) => {
        const where = new Map(given.map((node, at) => [`child-${String(at)}`, node]))
        const [children, nodes] = [childrenOf(where), nodesWith(loadsOf(where))]
        const plan = planMoves(children, nodes, { movesMax, turn: 1 })
        // Each has met the children and the nodes in an order of its own.
        const other = planMoves(children.toReversed(), nodes.toReversed(), { movesMax, turn: 1 })
        assert.deepEqual(other, plan)
      }),
      { numRuns: 200 },
    )
  })

  it('begins with another child each turn: one that refuses holds up no other for long', () => {
    const where = new Map(Array.from({ length: 40 }, (_, at) => [`child-${String(at)}`, 'a']))
    const nodes = nodesWith(loadsOf(where))
    const first = (turn: number): string =>
      planMoves(childrenOf(where), nodes, { movesMax: 1, turn })[0]?.id ?? ''
    const turns = Array.from({ length: 40 }, (_, at) => at)
    assert.ok(new Set(turns.map(first)).size > 10)
  })

  it('fills no node beyond the children it takes', () => {
    const where = new Map(Array.from({ length: 20 }, (_, at) => [`child-${String(at)}`, 'a']))
    const nodes = nodesWith(loadsOf(where)).map(({ facts, ...node }) => ({
      ...node,
      facts: facts && { ...facts, maxChildren: 3 },
    }))
    const loads = loadsOf(
      new Map(
        planMoves(childrenOf(where), nodes, { movesMax: 99, turn: 1 }).map((m) => [m.id, m.to]),
      ),
    )
    assert.deepEqual([...loads.values()], [3, 3, 3])
  })

  it('leaves alone what is placed by something else', () => {
    const children = ['random', 'local'].map((placement, at) => ({
      spec: recordOf({ id: `child-${String(at)}`, placement }).spec,
      node: 'a',
    }))
    const nodes = nodesWith(new Map([['a', 9]]))
    assert.deepEqual(planMoves(children, nodes, { movesMax: 9, turn: 1 }), [])
  })
})

function loadsOf(where: ReadonlyMap<string, string>): Map<string, number> {
  const loads = new Map<string, number>()
  for (const node of where.values()) loads.set(node, (loads.get(node) ?? 0) + 1)
  return loads
}

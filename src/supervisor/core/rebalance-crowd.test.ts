/**
 * Two hundred homes that rebalance, each at its own time of the interval and with a view of where
 * children run that is behind. All children begin on three nodes, as after a storm of joins.
 */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { rendezvousOwner } from '../../kernel/index.ts'
import type { PlacementNode } from '../placement/candidates.ts'
import { recordOf } from './fixtures.ts'
import { planMoves, type PlannedMove } from './rebalance.ts'

const nodeCount = 200
const childCount = 430
/** Parts of the interval at which homes plan (1 s); a view is up to two of them behind. */
const slots = 5
const movesMaxPerHome = 8
/** Ten intervals. */
const slotsMax = 50

const nodes: readonly string[] = Array.from({ length: nodeCount }, (_, at) => `node-${String(at)}`)
const children = Array.from({ length: childCount }, (_, at) => {
  const { spec } = recordOf({ id: `child-${String(at)}` })
  return { spec, home: nodes.indexOf(rendezvousOwner(spec.id, nodes) ?? '') }
})
const facts = {
  services: [{ name: 'Service', version: 0, movable: true }],
  isDraining: false,
  maxChildren: 1_000,
}

/** Where each child runs. */
type Places = readonly string[]

/** What all homes together plan that see this. */
function planOf(places: Places, turn: number): PlannedMove[] {
  const nodesSeen = nodes.map((name): PlacementNode => {
    const count = places.filter((place) => place === name).length
    return { name, roles: [], isAlive: true, facts, children: count }
  })
  const childrenSeen = children.map(({ spec }, at) => ({ spec, node: places[at] ?? '' }))
  return planMoves(childrenSeen, nodesSeen, { movesMax: movesMaxPerHome * nodeCount, turn })
}

/** The moves made in a slot by the homes whose time it is: what has moved meanwhile stays. */
function movesIn(slot: number, seen: Places, now: Places): Map<number, string> {
  const made = new Map<number, string>()
  const counts = new Map<number, number>()
  for (const { id, from, to } of planOf(seen, Math.floor(slot / slots / 10))) {
    const at = children.findIndex(({ spec }) => spec.id === id)
    const home = children[at]?.home ?? 0
    if (home % slots !== slot % slots || now[at] !== from) continue
    const count = (counts.get(home) ?? 0) + 1
    counts.set(home, count)
    if (count <= movesMaxPerHome) made.set(at, to)
  }
  return made
}

/** Where each child has been, one after the other, when all is at rest. */
function storm(begin: Places, slotsBehind: number): string[][] {
  const paths = begin.map((node) => [node])
  const views: Places[] = []
  let quiet = 0
  for (let slot = 0; quiet < slots + slotsBehind; slot++) {
    assert.ok(slot < slotsMax, 'it does not come to rest')
    const now = paths.map((path) => path.at(-1) ?? '')
    views.push(now)
    const seen = views[Math.max(0, slot - slotsBehind)] ?? now
    const made = movesIn(slot, seen, now)
    for (const [at, to] of made) paths[at]?.push(to)
    quiet = made.size === 0 ? quiet + 1 : 0
  }
  return paths
}

it('200 homes that plan by old views come to rest, evenly, with few moves and none to and fro', (t) => {
  const begins = fc.array(fc.constantFrom('node-0', 'node-1', 'node-2'), {
    ...{ minLength: childCount, maxLength: childCount },
  })
  const most: number[] = []
  fc.assert(
    fc.property(begins, fc.constantFrom(0, 1), (begin, slotsBehind) => {
      const paths = storm(begin, slotsBehind)
      const loads = nodes.map((node) => paths.filter((path) => path.at(-1) === node).length)
      assert.ok(Math.max(...loads) - Math.min(...loads) <= 1, 'loads are even')
      const back = paths.filter((path) => new Set(path).size < path.length)
      assert.deepEqual(back, [], 'a child comes back to a node it left')
      const moves = paths.reduce((sum, path) => sum + path.length - 1, 0)
      most.push(moves)
      assert.ok(moves <= 1.1 * childCount, `${String(moves)} moves`)
    }),
    { numRuns: 6, endOnFailure: true },
  )
  t.diagnostic(`moves: ${most.join(' ')}, of ${String(childCount)} children`)
})

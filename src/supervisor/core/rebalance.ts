/** Which children should move so that nodes carry alike. Pure; bounded moves a round. */
import { rendezvousScore } from '../../kernel/index.ts'
import { ineligibilityOf, type PlacementNode } from '../placement/candidates.ts'
import { bounded } from '../placement/placement.ts'
import type { ChildSpec } from './child-spec.ts'

/** A running child that may be moved. */
export interface MovableChild {
  readonly spec: ChildSpec
  readonly node: string
}

/** One planned move. */
export interface PlannedMove {
  readonly id: string
  readonly from: string
  readonly to: string
}

/** How much may be planned, and where to begin. */
export interface RebalanceBounds {
  readonly movesMax: number
  /** Another order of children for each: one that refuses to move holds up no other for long. */
  readonly turn: number
}

/** A move must take from a node with at least this many more children than where it goes. */
const hysteresis = 2

/**
 * Moves that bring loads together. Only children placed by load move, each to a node that may run
 * it and has fewer children, so that rounds end.
 *
 * The same for the same children and nodes, in whatever order they come. Every home plans for all
 * children and does its own part: homes that plan in the same moment do together what one would.
 */
export function planMoves(
  children: readonly MovableChild[],
  nodes: readonly PlacementNode[],
  { movesMax, turn }: RebalanceBounds,
): PlannedMove[] {
  const loads = new Map(nodes.map(({ name, children: count }) => [name, count]))
  const takersOf = takersIn(nodes)
  const betterNodes = (child: MovableChild): Taker[] => {
    const load = (loads.get(child.node) ?? 0) - hysteresis
    return takersOf(child.spec).filter(({ name, maxChildren }) => {
      const there = loads.get(name) ?? 0
      return name !== child.node && there < maxChildren && there <= load
    })
  }
  const moves: PlannedMove[] = []
  // Mostly there are none: nothing is put in order then.
  const movable = children.filter((child) => isPlacedByLoad(child) && betterNodes(child).length > 0)
  for (const { child } of inTurn(movable, turn)) {
    if (moves.length >= movesMax) break
    const candidates = betterNodes(child).map(({ name }) => {
      return { name, children: loads.get(name) ?? 0, ineligible: undefined }
    })
    const { spec, node: from } = child
    if (candidates.length === 0) continue
    const to = bounded({ spec, origin: from, candidates, chance: 0 }) ?? from
    moves.push({ id: spec.id, from, to })
    loads.set(from, (loads.get(from) ?? 0) - 1)
    loads.set(to, (loads.get(to) ?? 0) + 1)
  }
  return moves
}

function isPlacedByLoad({ spec: { placement } }: MovableChild): boolean {
  return placement === 'bounded' || placement === 'least-loaded'
}

function inTurn(
  children: readonly MovableChild[],
  turn: number,
): { readonly child: MovableChild; readonly score: number }[] {
  return children
    .map((child) => ({ child, score: rendezvousScore(child.spec.id, String(turn)) }))
    .sort((a, b) => a.score - b.score || (a.child.spec.id < b.child.spec.id ? -1 : 1))
}

/** A node that may run a child, as long as it has room. */
interface Taker {
  readonly name: string
  readonly maxChildren: number
}

/** Finds the nodes that may run a child; once for all children of one service and the same roles. */
function takersIn(nodes: readonly PlacementNode[]): (spec: ChildSpec) => readonly Taker[] {
  const known = new Map<string, readonly Taker[]>()
  return (spec) => {
    const kind = JSON.stringify([spec.service, spec.roles])
    const takers =
      known.get(kind) ??
      nodes
        .filter((node) => ineligibilityOf(spec, { ...node, children: 0 }) === undefined)
        .map(({ name, facts }) => ({ name, maxChildren: facts?.maxChildren ?? 0 }))
    known.set(kind, takers)
    return takers
  }
}

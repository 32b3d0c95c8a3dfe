/** Which children should move so that nodes carry alike. Pure; bounded moves a round. */
import { rendezvousScore } from '../../kernel/index.ts'
import { ineligibilityOf, type PlacementNode } from '../placement/candidates.ts'
import { leastLoaded } from '../placement/placement.ts'
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
 * Moves that bring loads together, and no more of them than it takes: the fullest node gives
 * first, and the emptiest that may run the child is given it. Only children placed by load move, each
 * to a node that has fewer, so that rounds end.
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
  const placeFor = (child: MovableChild): string | undefined =>
    emptiest(child, takersOf(child.spec), loads)
  const moves: PlannedMove[] = []
  // Mostly there are none: nothing is put in order then.
  const movable = children.filter((child) => isPlacedByLoad(child) && placeFor(child) !== undefined)
  const givers = new Givers(movable, turn)
  for (let child = givers.next(loads); child; child = givers.next(loads)) {
    if (moves.length >= movesMax) break
    const to = placeFor(child)
    if (to === undefined) continue
    const { spec, node: from } = child
    moves.push({ id: spec.id, from, to })
    loads.set(from, (loads.get(from) ?? 0) - 1)
    loads.set(to, (loads.get(to) ?? 0) + 1)
  }
  return moves
}

/** Of the nodes that may take the child and have room, the one with the fewest children. */
function emptiest(
  { spec, node }: MovableChild,
  takers: readonly Taker[],
  loads: ReadonlyMap<string, number>,
): string | undefined {
  const most = (loads.get(node) ?? 0) - hysteresis
  const candidates = takers.flatMap(({ name, maxChildren }) => {
    const there = loads.get(name) ?? 0
    const isBetter = name !== node && there < maxChildren && there <= most
    return isBetter ? [{ name, children: there, ineligible: undefined }] : []
  })
  if (candidates.length === 0) return undefined
  return leastLoaded({ spec, origin: node, candidates, chance: 0 })
}

/** The children that may move, by node: always one of the fullest node is next. */
class Givers {
  readonly #queues = new Map<string, MovableChild[]>()

  constructor(movable: readonly MovableChild[], turn: number) {
    for (const child of inTurn(movable, turn).reverse()) {
      const queue = this.#queues.get(child.node)
      if (queue) queue.push(child)
      else this.#queues.set(child.node, [child])
    }
  }

  next(loads: ReadonlyMap<string, number>): MovableChild | undefined {
    const [fullest] = [...this.#queues].sort(
      ([a], [b]) => (loads.get(b) ?? 0) - (loads.get(a) ?? 0) || (a < b ? -1 : 1),
    )
    if (!fullest) return undefined
    const [name, queue] = fullest
    if (queue.length === 1) this.#queues.delete(name)
    return queue.pop()
  }
}

function isPlacedByLoad({ spec: { placement } }: MovableChild): boolean {
  return placement === 'bounded' || placement === 'least-loaded'
}

function inTurn(children: readonly MovableChild[], turn: number): MovableChild[] {
  return children
    .map((child) => ({ child, score: rendezvousScore(child.spec.id, String(turn)) }))
    .sort((a, b) => a.score - b.score || (a.child.spec.id < b.child.spec.id ? -1 : 1))
    .map(({ child }) => child)
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

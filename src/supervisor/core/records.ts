/** What the cluster holds of children: what is wanted of each, and where each is. Shapes and order. */
import { compareStamps, type Stamp } from '../../replication/index.ts'
import {
  array,
  boolean,
  integer,
  object,
  oneOfWords,
  optionalOf,
  string,
  unknownValue,
  type Shape,
} from '../../wire/index.ts'
import { startReasons, type StartReason } from './service-class.ts'
import type { ChildSpec } from './child-spec.ts'

/** How a child ended for good; it is not started until somebody asks for it again. */
export type ChildOutcome =
  | { readonly kind: 'completed' }
  /** Its restart budget is used up; `message` is its last error. */
  | { readonly kind: 'failed'; readonly message: string }

/** What is wanted of a child: owner-less, replicated, survives any node. */
export interface ChildRecord {
  readonly spec: ChildSpec
  readonly hash: string
  /** The node that asked for it, for the placement `local`. */
  readonly origin: string
  readonly outcome?: ChildOutcome | undefined
  /** Its first start is under way, and nobody was told that it is accepted: see `Specs.propose`. */
  readonly isTentative?: boolean | undefined
}

/** Where a child was last told to run; kept so that a later home knows of starts before its time. */
export interface Assignment {
  readonly epoch: number
  readonly node: string
}

/** What a child is doing on a node. */
export const placementStates = [
  'starting',
  'running',
  'sealed', // new calls go to the node it moves to; it has not stopped
  'stopping',
  'reserved', // nothing runs; calls are held for a child that will come
  'exported', // stopped, its state is kept until another node has started with it
  'exited', // it ended by itself, or could not start
] as const
/** One of {@link placementStates}. */
export type PlacementState = (typeof placementStates)[number]

/** One child on one node, as that node says: it lives and dies with the node. */
export interface Placement {
  readonly epoch: number
  readonly state: PlacementState
  /** Of the specification it runs. */
  readonly hash: string
  /** When it was first started on this node; decides who stays after a split. */
  readonly since: Stamp
  /** The hand-over it takes part in. */
  readonly move?: string | undefined
  /** `reserved`: the state has arrived. `exported`: there is one. */
  readonly hasState?: boolean | undefined
  /** `exited`: why; absent when it is done. */
  readonly error?: string | undefined
  /** `running`: why it was started here. */
  readonly reason?: StartReason | undefined
  /** `running`: it was started with the state of its former life. */
  readonly isCarried?: boolean | undefined
}

/** A placement with its node. */
export interface Placed extends Placement {
  readonly node: string
}

/** What a node says of itself as a home of children. */
export interface NodeFacts {
  readonly services: readonly {
    readonly name: string
    readonly version: number
    readonly movable: boolean
  }[]
  readonly isDraining: boolean
  readonly maxChildren: number
}

const id = string(255)
const stamp = object({ wallMs: integer(0), counter: integer(0) })

export const specShape: Shape<ChildSpec> = object({
  id,
  service: string(1_024),
  args: unknownValue(),
  restart: oneOfWords(['permanent', 'transient', 'temporary']),
  maxRestarts: integer(0),
  withinMs: integer(1),
  shutdownMs: integer(0),
  placement: string(1_024),
  roles: array(string(1_024), 64),
  once: boolean(),
})

/** See {@link ChildRecord}. */
export const recordShape: Shape<ChildRecord> = object({
  spec: specShape,
  hash: string(64),
  origin: id,
  outcome: optionalOf({
    check: (value, field): ChildOutcome => {
      const { kind, message } = object({
        kind: oneOfWords(['completed', 'failed']),
        message: optionalOf(string(8_192)),
      }).check(value, field)
      return kind === 'completed' ? { kind } : { kind, message: message ?? '' }
    },
  }),
  isTentative: optionalOf(boolean()),
})

/** See {@link Assignment}. */
export const assignmentShape: Shape<Assignment> = object({ epoch: integer(1), node: id })

/** See {@link Placement}. */
export const placementShape: Shape<Placement> = object({
  epoch: integer(0),
  state: oneOfWords(placementStates),
  hash: string(64),
  since: stamp,
  move: optionalOf(string(64)),
  hasState: optionalOf(boolean()),
  error: optionalOf(string(8_192)),
  reason: optionalOf(oneOfWords(startReasons)),
  isCarried: optionalOf(boolean()),
})

/** See {@link NodeFacts}. */
export const nodeFactsShape: Shape<NodeFacts> = object({
  services: array(object({ name: string(1_024), version: integer(0), movable: boolean() }), 4_096),
  isDraining: boolean(),
  maxChildren: integer(0),
})

const liveStates: ReadonlySet<PlacementState> = new Set([
  'starting',
  'running',
  'sealed',
  'stopping',
])

/** True while a child of that placement may be doing something. */
export function isLive({ state }: Placement): boolean {
  return liveStates.has(state)
}

/**
 * Who stays when a child lives on several nodes, first to last: the one that has been there longest,
 * then the first name. A total order over what all nodes see, so that all agree.
 */
export function byIncumbency(a: Placed, b: Placed): number {
  return compareStamps(a.since, b.since) || (a.node < b.node ? -1 : 1)
}

/**
 * Where calls of a child go: to who serves, else to who will, else to who did and can tell where it
 * went.
 */
export function servingPlace(placements: readonly Placed[]): Placed | undefined {
  const first = (states: readonly PlacementState[]): Placed | undefined =>
    placements.filter(({ state }) => states.includes(state)).sort(byIncumbency)[0]
  return first(['running', 'sealed']) ?? first(['reserved', 'starting']) ?? first(['exported'])
}

/** Where a child should run: pure functions of the candidates. */
import { rendezvousOrder, toError } from '../../kernel/index.ts'
import type { ChildSpec } from '../core/child-spec.ts'
import type { Candidate } from './candidates.ts'

/** What a placement may look at. */
export interface PlacementQuestion {
  readonly spec: ChildSpec
  /** The node that asked for the child. */
  readonly origin: string
  /** Nodes that may run it; at least one. */
  readonly candidates: readonly Candidate[]
  /** From 0 up to, not including, 1; the only chance there is. */
  readonly chance: number
}

/**
 * Chooses among the candidates by name; undefined leaves the choice to `bounded`. It must be pure and
 * the same on every node: the home that asks it changes with the members.
 */
export type PlacementPolicy = (question: PlacementQuestion) => string | undefined

const loadFactor = 1.25

/**
 * The first node in the rendezvous order of the id whose load, with this child, stays within a
 * quarter above the mean: children spread evenly, and few of them care when a node comes or goes.
 * @source Mirrokni, Thorup, Zadimoghaddam: Consistent Hashing with Bounded Loads, 2016.
 */
export const bounded: PlacementPolicy = ({ spec, candidates }) => {
  const children = new Map(candidates.map((candidate) => [candidate.name, candidate.children]))
  const cap = loadCap(candidates)
  const order = rendezvousOrder(spec.id, children.keys())
  return order.find((name) => (children.get(name) ?? 0) + 1 <= cap) ?? order[0]
}

/** Most children a node of these gets before the others have had theirs. */
export function loadCap(candidates: readonly Candidate[]): number {
  const total = candidates.reduce((sum, { children }) => sum + children, 1)
  return Math.ceil((loadFactor * total) / candidates.length)
}

/** The node with the fewest children; of several the first in the rendezvous order of the id. */
export const leastLoaded: PlacementPolicy = ({ spec, candidates }) => {
  const least = Math.min(...candidates.map(({ children }) => children))
  const idle = candidates.filter(({ children }) => children === least)
  return rendezvousOrder(
    spec.id,
    idle.map(({ name }) => name),
  )[0]
}

const random: PlacementPolicy = ({ candidates, chance }) =>
  candidates[Math.floor(chance * candidates.length)]?.name

/** The node that asked for the child, while it may run it. */
const local: PlacementPolicy = ({ origin, candidates }) =>
  candidates.find(({ name }) => name === origin)?.name

/** The policies every node knows. */
export const builtInPlacements: Readonly<Record<string, PlacementPolicy>> = {
  bounded,
  'least-loaded': leastLoaded,
  random,
  local,
}

/** What a question came to. */
export interface Choice {
  /** Undefined: no node may run the child. */
  readonly node: string | undefined
  /** Why the policy itself has not chosen: `bounded` did. */
  readonly error?: Error
}

/** The node a policy chooses; a choice that is no candidate counts as none, as does an error. */
export function choiceBy(policy: PlacementPolicy, question: PlacementQuestion): Choice {
  if (question.candidates.length === 0) return { node: undefined }
  try {
    const chosen = atOnce(policy(question))
    const isCandidate = question.candidates.some(({ name }) => name === chosen)
    return { node: isCandidate ? chosen : bounded(question) }
  } catch (thrown) {
    return { node: bounded(question), error: toError(thrown) }
  }
}

/** A user without types may give a promise, which nobody here could wait for. */
function atOnce(chosen: unknown): string | undefined {
  if (!(chosen instanceof Promise)) return chosen as string | undefined
  chosen.catch(() => undefined)
  throw new Error('it gave a promise; a placement must choose at once')
}

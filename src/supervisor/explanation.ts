/** Why a child is where it is, in words a person can act on. */
import type { ChildInfo } from './children.ts'
import type { ChildRecord } from './core/records.ts'
import type { SupervisorParts } from './parts.ts'
import type { Candidate } from './placement/candidates.ts'
import { loadCap, type Choice } from './placement/placement.ts'
import { rendezvousScore } from '../kernel/index.ts'

/** A node with its standing and its place in the order of the child's id. */
export interface ExplainedCandidate extends Candidate {
  /** Rendezvous score: the higher, the sooner it is asked. */
  readonly score: number
}

/** How a child would be placed. */
export interface PlacementExplanation {
  readonly id: string
  /** The member that decides on it. */
  readonly home: string | undefined
  /** Every node, highest score first. */
  readonly candidates: readonly ExplainedCandidate[]
  /** Where it would be started now. */
  readonly chosen: string | undefined
  /** What it does now; absent when there is no such child. */
  readonly current: ChildInfo | undefined
  readonly reason: string
}

/** Explains from this node's view. */
export function explained(
  id: string,
  parts: Pick<SupervisorParts, 'specs' | 'views' | 'placer' | 'children'>,
): PlacementExplanation {
  const { specs, views, placer, children } = parts
  const record = specs.get(id)
  const home = views.homeOf(id)
  if (!record) {
    const reason = 'there is no child of this id'
    return { id, home, candidates: [], chosen: undefined, current: undefined, reason }
  }
  const candidates = placer
    .candidates(record)
    .map((candidate) => ({ ...candidate, score: rendezvousScore(id, candidate.name) }))
    .sort((a, b) => b.score - a.score)
  const choice = placer.choice(record)
  const current = children.which({ prefix: id }).find((info) => info.id === id)
  const reason = reasonOf(record, candidates, choice)
  return { id, home, candidates, chosen: choice.node, current, reason }
}

function reasonOf(
  { spec }: ChildRecord,
  candidates: readonly ExplainedCandidate[],
  { node: chosen, error }: Choice,
): string {
  if (chosen === undefined) return 'no node may run it'
  if (error)
    return `placement "${spec.placement}" failed (${error.message}): "bounded" chooses ${chosen}`
  if (spec.placement !== 'bounded') return `placement "${spec.placement}" chooses ${chosen}`
  const eligible = candidates.filter(({ ineligible }) => ineligible === undefined)
  const cap = `${String(loadCap(eligible))} children`
  return eligible[0]?.name === chosen
    ? `${chosen} has the highest score and fewer than ${cap}`
    : `${chosen} has the highest score of the nodes with fewer than ${cap}`
}

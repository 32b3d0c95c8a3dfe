/** Which nodes may run a child, and why the others may not. Pure. */
import type { ChildSpec } from '../core/child-spec.ts'
import type { NodeFacts } from '../core/records.ts'

/** A node as placement sees it. */
export interface PlacementNode {
  readonly name: string
  readonly roles: readonly string[]
  /** Not suspected by the node that decides. */
  readonly isAlive: boolean
  /** Absent until the node has said what it runs. */
  readonly facts: NodeFacts | undefined
  /** Children that run or are reserved there. */
  readonly children: number
}

/** Why a node may not run a child. */
export type Ineligibility =
  'suspected' | 'says nothing yet' | 'draining' | 'service missing' | 'roles missing' | 'full'

/** A node with its standing for one child. */
export interface Candidate {
  readonly name: string
  readonly children: number
  /** Undefined: it may run the child. */
  readonly ineligible: Ineligibility | undefined
}

/** Why the node may not run the child; undefined when it may. */
export function ineligibilityOf(spec: ChildSpec, node: PlacementNode): Ineligibility | undefined {
  if (!node.isAlive) return 'suspected'
  if (!node.facts) return 'says nothing yet'
  if (node.facts.isDraining) return 'draining'
  if (!node.facts.services.some(({ name }) => name === spec.service)) return 'service missing'
  if (!spec.roles.every((role) => node.roles.includes(role))) return 'roles missing'
  return node.children >= node.facts.maxChildren ? 'full' : undefined
}

/** Every node with its standing. */
export function candidatesFor(spec: ChildSpec, nodes: readonly PlacementNode[]): Candidate[] {
  return nodes.map((node) => ({
    name: node.name,
    children: node.children,
    ineligible: ineligibilityOf(spec, node),
  }))
}

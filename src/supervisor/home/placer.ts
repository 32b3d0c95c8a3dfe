/** Chooses nodes for children, with what is under way counted in. */
import { FoundationError, RepeatGate, type Host } from '../../kernel/index.ts'
import type { Member } from '../../membership/index.ts'
import { observerRole } from '../../membership/index.ts'
import type { ChildRecord } from '../core/records.ts'
import type { SupervisorOptions } from '../options.ts'
import { candidatesFor, type Candidate, type PlacementNode } from '../placement/candidates.ts'
import {
  bounded,
  builtInPlacements,
  choiceBy,
  type Choice,
  type PlacementPolicy,
} from '../placement/placement.ts'
import type { ChildTable } from '../table.ts'

/** What a {@link Placer} talks to. */
export interface PlacerDeps {
  readonly host: Pick<Host, 'random' | 'nowMs'>
  readonly members: () => readonly Member[]
  readonly table: Pick<ChildTable, 'factsOf' | 'loadOf'>
  /** A policy of the user failed; not told of each child. */
  readonly failed: (error: FoundationError) => void
}

/** How long the same policy is not complained of again. */
const quietMs = 60_000
const policiesMax = 1_024

/** One a node. */
export class Placer {
  readonly #deps: PlacerDeps
  readonly #policies: Readonly<Record<string, PlacementPolicy>>
  readonly #complaints = new RepeatGate({ quietMs, keysMax: policiesMax })
  /** Starts that were ordered and are not in the table yet, by node. */
  readonly #underWay = new Map<string, number>()

  constructor(deps: PlacerDeps, options: Pick<SupervisorOptions, 'placements'>) {
    this.#deps = deps
    this.#policies = { ...builtInPlacements, ...options.placements }
  }

  /** True when this node knows the policy. */
  knows(policy: string): boolean {
    return Object.hasOwn(this.#policies, policy)
  }

  /** Every node with its standing for the child. */
  candidates({ spec }: ChildRecord): Candidate[] {
    return candidatesFor(spec, this.nodes())
  }

  /** The node the child should run on, of those that may and are not in `except`. */
  choose(record: ChildRecord, except: ReadonlySet<string> = new Set()): string | undefined {
    const { node, error } = this.choice(record, except)
    if (error) this.#complain(record.spec.placement, error)
    return node
  }

  /** The same, with what the policy threw; nobody else is told. */
  choice(record: ChildRecord, except: ReadonlySet<string> = new Set()): Choice {
    const candidates = this.candidates(record).filter(
      ({ name, ineligible }) => ineligible === undefined && !except.has(name),
    )
    const { spec, origin } = record
    const policy = this.#policies[spec.placement] ?? bounded
    return choiceBy(policy, { spec, origin, candidates, chance: this.#deps.host.random() })
  }

  /** True when the node may run the child now. */
  allows(record: ChildRecord, node: string): boolean {
    return this.candidates(record).some(
      ({ name, ineligible }) => name === node && ineligible === undefined,
    )
  }

  /** Counts a child as being on the node until the returned function is called. */
  begin(node: string): () => void {
    const add = (by: number): void => {
      this.#underWay.set(node, (this.#underWay.get(node) ?? 0) + by)
    }
    add(1)
    return () => {
      add(-1)
    }
  }

  #complain(placement: string, cause: Error): void {
    const { failed, host } = this.#deps
    if (!this.#complaints.opens(placement, host.nowMs())) return
    const message = `Placement "${placement}" failed: ${cause.message}; its children are placed by "bounded"`
    failed(new FoundationError('FND_PLACEMENT_FAILED', message, { details: { placement }, cause }))
  }

  nodes(): PlacementNode[] {
    const { members, table } = this.#deps
    return members()
      .filter(({ roles }) => !roles.includes(observerRole))
      .map(({ name, roles, status }) => ({
        name,
        roles,
        isAlive: status === 'alive',
        facts: table.factsOf(name),
        children: table.loadOf(name) + (this.#underWay.get(name) ?? 0),
      }))
  }
}

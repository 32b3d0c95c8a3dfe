/** Edges the mesh should have and this node lacks, found in what the others say. Pure. */
import type { Member } from '../membership/index.ts'
import type { HeardVitals } from './vitals/vitals-table.ts'

/** A member without a link from here, and who has one. */
export interface MissingEdge {
  readonly name: string
  readonly by: readonly string[]
}

/** What edges are found from. */
export interface EdgeFacts {
  /** Every member known, those down included. */
  readonly members: readonly Member[]
  readonly linked: ReadonlySet<string>
  readonly vitals: Iterable<readonly [string, HeardVitals]>
  readonly nowMs: number
  /** Older reports say nothing of now. */
  readonly reportMaxAgeMs: number
  /** When a member last changed its status here; undefined for one that never did. */
  readonly changedAtMs: (name: string) => number | undefined
}

/** Others may notice a death so much later: what they say of the dead until then proves nothing. */
const noticeMs = 2_000

/** Members that are not linked here on purpose. */
const unwantedCauses: ReadonlySet<unknown> = new Set(['disconnected', 'quarantined', 'replaced'])

/** The missing edges, by name. */
export function missingEdges(facts: EdgeFacts): MissingEdge[] {
  const { members, linked, vitals, nowMs, reportMaxAgeMs } = facts
  const fresh = [...vitals].filter(
    ([name, { heardAtMs }]) => linked.has(name) && nowMs - heardAtMs <= reportMaxAgeMs,
  )
  return members
    .filter((member) => isWanted(member) && !linked.has(member.name))
    .map(({ name }) => {
      const sinceMs = (facts.changedAtMs(name) ?? -Infinity) + noticeMs
      const by = fresh.filter(
        ([, { signs, heardAtMs }]) => heardAtMs >= sinceMs && signs.linked.includes(name),
      )
      return { name, by: by.map(([reporter]) => reporter) }
    })
    .filter(({ by }) => by.length > 0)
}

function isWanted({ status, cause, isSelf }: Member): boolean {
  return !isSelf && status !== 'left' && !unwantedCauses.has(cause)
}

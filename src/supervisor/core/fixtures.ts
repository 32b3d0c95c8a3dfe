/** Records and placements for tests. No tests here. */
import type { ChildRecord, Placed, PlacementState } from './records.ts'
import { checkChildSpec, type ChildSpecInput } from './child-spec.ts'

/** A record of a child. */
export function recordOf(
  spec: Partial<ChildSpecInput> = {},
  given: Partial<ChildRecord> = {},
): ChildRecord {
  const checked = checkChildSpec({ id: 'child', service: 'Service', ...spec })
  return { spec: checked, hash: 'hash', origin: 'a', ...given }
}

/** A placement on a node. */
export function placedOn(node: string, state: PlacementState, given: Partial<Placed> = {}): Placed {
  const since = { wallMs: 1_000, counter: 0 }
  return { node, state, epoch: 1, hash: 'hash', since, ...given }
}

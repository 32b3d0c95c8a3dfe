/** The members this node sees, as the arbiters of names are computed from. Pure, never changed. */
import { createHash } from 'node:crypto'
import { rendezvousOwner } from '../../kernel/index.ts'

/** A member of a view. */
export interface ViewMember {
  readonly name: string
  readonly incarnation: string
  /** It looks on: it may own names, but decides about none. */
  readonly isObserver: boolean
}

/** One view. */
export class View {
  /** Equal for equal sets of members. */
  readonly id: string
  readonly members: ReadonlyMap<string, ViewMember>
  readonly #candidates: readonly string[]

  /** @param self decides alone where nobody else may. */
  constructor(members: readonly ViewMember[], self: string) {
    this.members = new Map(members.map((member) => [member.name, member]))
    const deciding = members.filter(({ isObserver }) => !isObserver).map(({ name }) => name)
    this.#candidates = deciding.length > 0 ? deciding : [self]
    const lines = members.map(({ name, incarnation }) => `${name} ${incarnation}`).sort()
    this.id = createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 16)
  }

  /** The member that decides who gets the name: the one with the highest score for it. */
  arbiterOf(name: string): string {
    // There is always a candidate.
    return rendezvousOwner(name, this.#candidates) ?? ''
  }
}

/** The view of this node, what the others say of theirs, and so when it may decide about names. */
import type { OwnerLog } from '../../replication/index.ts'
import type { Router } from '../../transport/index.ts'
import { Agreement } from './agreement.ts'
import type { EpochClock } from './epoch-clock.ts'
import { nameView, type NameView } from './messages.ts'
import { View, type ViewMember } from './view.ts'

/** What it talks to. */
export interface StandingDeps {
  readonly router: Pick<Router, 'send'>
  readonly ownerLog: Pick<OwnerLog, 'sequence' | 'hasReached'>
  readonly epochs: EpochClock
  readonly self: ViewMember
  readonly nowMs: () => number
}

/** One a node. */
export class Standing {
  readonly agreement: Agreement
  readonly #deps: StandingDeps
  readonly #others = new Map<string, ViewMember>()

  constructor(deps: StandingDeps, agreeTimeoutMs: number) {
    this.#deps = deps
    const { self, ownerLog } = deps
    const hasReached = (owner: string, incarnation: string, sequence: number): boolean =>
      ownerLog.hasReached({ owner, incarnation, sequence })
    const first = { view: new View([self], self.name), nowMs: deps.nowMs(), agreeTimeoutMs }
    this.agreement = new Agreement({ self: self.name, hasReached }, first)
  }

  get view(): View {
    return this.agreement.view
  }

  /** @returns false when that member was in the view already. */
  memberUp(member: ViewMember): boolean {
    if (this.#others.get(member.name)?.incarnation === member.incarnation) return false
    this.#others.set(member.name, member)
    this.#changed()
    return true
  }

  /** @returns false when that life of the member was not in the view. */
  memberDown(name: string, incarnation: string): boolean {
    if (this.#others.get(name)?.incarnation !== incarnation) return false
    this.#others.delete(name)
    this.agreement.forget(name)
    this.#changed()
    return true
  }

  /** Says to a peer which view this node has. */
  stateTo(peer: string): void {
    const { self, ownerLog, epochs, router } = this.#deps
    const { incarnation } = self
    const statement = { view: this.view.id, incarnation, sequence: ownerLog.sequence }
    router.send(peer, 'control', nameView.encode({ ...statement, epoch: epochs.last }))
  }

  /** To every member. */
  stateToAll(): void {
    for (const name of this.#others.keys()) this.stateTo(name)
  }

  /** A peer has said which view it has. */
  stated(from: string, { epoch, ...statement }: NameView): void {
    this.#deps.epochs.observe(epoch)
    this.agreement.stated(from, statement)
  }

  #changed(): void {
    const { self, nowMs } = this.#deps
    this.agreement.viewChanged(new View([self, ...this.#others.values()], self.name), nowMs())
  }
}

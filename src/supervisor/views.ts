/**
 * Who is here, who is home of which child, and whether this node may act on that: not before it
 * knows its cluster, and not before all members have told that they see the same ones.
 */
import { rendezvousOwner, type FoundationError, type Host } from '../kernel/index.ts'
import { observerRole, type Member } from '../membership/index.ts'
import type { OwnerLog } from '../replication/index.ts'
import type { Router } from '../transport/index.ts'
import { BootGate } from './core/boot-gate.ts'
import { ViewAgreement } from './core/view.ts'
import { childView } from './messages.ts'
import type { SupervisorOptions } from './options.ts'

/** What {@link Views} talks to. */
export interface ViewsDeps {
  readonly router: Pick<Router, 'handle' | 'send'>
  readonly host: Pick<Host, 'nowMs'>
  readonly self: { readonly name: string; readonly isObserver: boolean }
  /** Members that are in: alive or suspected. */
  readonly members: () => readonly Member[]
  /** Why the cluster does not let this node in: it is then home of nothing. */
  readonly refusal: () => FoundationError | undefined
  readonly ownerLog: Pick<OwnerLog, 'sequence' | 'hasReached'>
  /** Other members are here now. */
  readonly changed: () => void
  /** A member told what it sees; this node may be able to act now. */
  readonly heard: () => void
}

/** One a node. */
export class Views {
  readonly #deps: ViewsDeps
  readonly #options: SupervisorOptions
  readonly #agreement: ViewAgreement
  readonly #gate: BootGate
  /** Names of those who may be home. */
  #homes: readonly string[] = []

  constructor(deps: ViewsDeps, options: SupervisorOptions) {
    this.#deps = deps
    this.#options = options
    this.#agreement = new ViewAgreement(deps.self.name)
    this.#gate = new BootGate(options, deps.host.nowMs())
    deps.router.handle(childView.code, (body, { from }) => {
      this.#agreement.heard(from, childView.decode(body))
      deps.heard()
    })
  }

  /** Names of the members that may be home of children. */
  get homes(): readonly string[] {
    return this.#homes
  }

  /** When members last came or went, on this node's monotonic clock. */
  get changedAtMs(): number {
    return this.#agreement.changedAtMs
  }

  /** The home of a child; undefined when this node knows of nobody who could be. */
  homeOf(id: string): string | undefined {
    return rendezvousOwner(id, this.#homes)
  }

  isHome(id: string): boolean {
    return this.homeOf(id) === this.#deps.self.name
  }

  /** True when this node may order starts and stops. */
  get mayAct(): boolean {
    const nowMs = this.#deps.host.nowMs()
    if (this.#deps.self.isObserver || !this.#gate.isOpen(nowMs)) return false
    if (nowMs - this.#agreement.changedAtMs >= this.#options.agreeWithinMs) return true
    const { ownerLog } = this.#deps
    const missing = this.#agreement.missing(({ name: owner, incarnation }, sequence) =>
      ownerLog.hasReached({ owner, incarnation, sequence }),
    )
    return missing.length === 0
  }

  /** Members came or went, or time has passed: tells the others when the view is another one. */
  look(): void {
    const present = this.#deps.refusal() ? [] : this.#deps.members()
    const members = present.filter(({ roles }) => !roles.includes(observerRole))
    const nowMs = this.#deps.host.nowMs()
    if (!this.#agreement.update(members, nowMs)) return
    this.#homes = members.map(({ name }) => name)
    this.#gate.changed(members.length, nowMs)
    this.report()
    this.#deps.changed()
  }

  /** Tells one node, or all, what this node sees. */
  report(to?: string): void {
    const { self, ownerLog, router } = this.#deps
    if (self.isObserver) return
    const { hash } = this.#agreement
    const payload = childView.encode({ hash, sequence: ownerLog.sequence })
    const others = this.#homes.filter((name) => name !== self.name)
    for (const name of to === undefined ? others : [to]) router.send(name, 'control', payload)
  }

  lost(name: string): void {
    this.#agreement.lost(name)
  }
}

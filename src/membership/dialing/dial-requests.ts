/** Who asks for dials, and which of them are granted: discovery, introductions, healing. */
import type { NodeIdentity } from '../../transport/index.ts'
import { addressMaxBytes, type Introduction } from '../members/introduction.ts'
import type { MemberTable } from '../members/member-table.ts'
import type { Quarantine } from '../members/quarantine.ts'
import type { DialPlan } from './dial-plan.ts'

/** What the requests need. */
export interface DialRequestsDeps {
  readonly self: () => NodeIdentity
  readonly table: MemberTable
  readonly plan: DialPlan
  readonly quarantine: Quarantine
  readonly links: ReadonlyMap<string, unknown>
  /** Begins the dials that are due, if any may begin. */
  readonly pump: () => void
  readonly nowMs: () => number
}

/** One a node. */
export class DialRequests {
  readonly #deps: DialRequestsDeps
  readonly #redialMinMs: number

  constructor(deps: DialRequestsDeps, { redialMinMs }: { readonly redialMinMs: number }) {
    this.#deps = deps
    this.#redialMinMs = redialMinMs
  }

  /** Discovery saw an address. */
  propose(address: string, provenance: string): void {
    const { table, plan, self, nowMs } = this.#deps
    if (Buffer.byteLength(address) > addressMaxBytes) return
    if (self().addresses.includes(address)) return
    table.permit(address)
    const target = plan.propose(address, provenance, nowMs())
    if (target.name !== undefined) table.addProvenance(target.name, target.provenance)
    this.#deps.pump()
  }

  /** Names in quarantine. */
  get keptOut(): string[] {
    return this.#deps.quarantine.names(this.#deps.nowMs())
  }

  /** Discovery gives up an address: no longer dialled, unless a member with a link has it. */
  forget(address: string): void {
    const target = this.#deps.plan.byAddress(address)
    if (target && target.state !== 'linked') this.#deps.plan.drop(target.key)
  }

  /** A peer told of its peers. */
  introduce(members: readonly Introduction[]): void {
    for (const member of members) this.#noteIntroduction(member)
    this.#deps.pump()
  }

  /**
   * Dials a member now that waits for its next dial: somebody is known to reach it.
   *
   * @returns false when there is nothing to dial, or it is dialled already.
   */
  hasten(name: string): boolean {
    const { plan, nowMs } = this.#deps
    if (this.#isKeptOut(name) || !plan.hasten(name, nowMs())) return false
    this.#deps.pump()
    return true
  }

  #noteIntroduction(member: Introduction): void {
    const { table, plan, links, nowMs } = this.#deps
    const self = this.#deps.self()
    const { name, incarnation } = member
    if (name === self.name || links.has(name) || this.#isKeptOut(name)) return
    if (table.isBarred(name, incarnation) || table.endOf(name, incarnation)) return
    // The greater name waits: most often the other one has made the link by then.
    const delayMs = self.name < name ? 0 : this.#redialMinMs / 2
    const addresses = member.addresses.filter((address) => !self.addresses.includes(address))
    plan.introduce({ ...member, addresses }, delayMs, nowMs())
  }

  #isKeptOut(name: string): boolean {
    return this.#deps.quarantine.endOf(name, this.#deps.nowMs()) !== undefined
  }
}

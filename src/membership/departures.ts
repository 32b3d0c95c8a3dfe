/**
 * How a member stops being one: it leaves, a verdict falls, it rejects this node, or this node ends
 * it. Each way ends what is known of it in the other tables, so that nothing of it lingers.
 */
import type { Transport } from '../transport/index.ts'
import type { DialPlan } from './dialing/dial-plan.ts'
import type { FailureWatch } from './failure-watch.ts'
import type { Farewells } from './farewells.ts'
import type { MemberCause } from './members/member.ts'
import type { MemberChange, MemberTable } from './members/member-table.ts'
import type { Quarantine } from './members/quarantine.ts'

/** What departures touch. */
export interface DeparturesDeps {
  readonly transport: Pick<Transport, 'close'>
  readonly table: MemberTable
  readonly plan: DialPlan
  readonly quarantine: Quarantine
  readonly watch: Pick<FailureWatch, 'forget'>
  readonly farewells: Farewells
  readonly links: ReadonlyMap<string, unknown>
  readonly announce: (changes: readonly MemberChange[]) => void
  readonly nowMs: () => number
}

/** One a node. */
export class Departures {
  readonly #deps: DeparturesDeps

  constructor(deps: DeparturesDeps) {
    this.#deps = deps
  }

  /** It announced its leave, and its link is gone. */
  left(name: string): void {
    const { farewells, watch, plan, table, announce, nowMs } = this.#deps
    farewells.forget(name)
    watch.forget(name)
    plan.dropMember(name)
    announce(table.left(name, nowMs()))
  }

  /** It lives, but ended the membership on its side. Dialled on, in case it thinks better of it. */
  rejectedBy(name: string): void {
    const { links, watch, table, announce, nowMs } = this.#deps
    if (links.has(name)) return
    watch.forget(name)
    announce(table.down(name, 'disconnected', nowMs()))
  }

  /** Down for good, as far as this node is concerned: not dialled again. */
  remove(name: string, cause: MemberCause): void {
    const { watch, plan } = this.#deps
    watch.forget(name)
    plan.dropMember(name)
    this.#end(name, cause)
  }

  /** Down, and kept out until that moment. */
  keepOut(name: string, untilMs: number): void {
    const { plan, quarantine, watch } = this.#deps
    plan.rest(name, quarantine.put(name, untilMs))
    watch.forget(name)
    this.#end(name, 'quarantined')
  }

  /** The verdict of the failure watch: it is dialled on, unless it said that it would leave. */
  giveUp(name: string, cause: MemberCause): void {
    const { farewells, table, transport } = this.#deps
    if (farewells.heardFrom(name, table.get(name)?.incarnation)) {
      this.left(name)
      transport.close(name)
    } else this.#end(name, cause)
  }

  #end(name: string, cause: MemberCause): void {
    const { table, announce, nowMs, transport } = this.#deps
    announce(table.down(name, cause, nowMs()))
    transport.close(name)
  }
}

/**
 * What a link that comes or goes means: its peer is a member, or is to be dialled again. That a link
 * ends makes nobody less of a member, unless it said that it would leave.
 */
import type { Host } from '../kernel/index.ts'
import type { LinkDownReason, LinkInfo, Transport } from '../transport/index.ts'
import type { Departures } from './departures.ts'
import type { DialPlan } from './dialing/dial-plan.ts'
import type { FailureWatch } from './failure-watch.ts'
import type { Farewells } from './farewells.ts'
import type { Introducer } from './introducer.ts'
import { isLive, type MemberChange, type MemberTable } from './members/member-table.ts'
import type { Quarantine } from './members/quarantine.ts'
import type { MembershipState } from './status.ts'

/** What a change of links touches. */
export interface LinkChangesDeps {
  readonly host: Pick<Host, 'random'>
  readonly transport: Pick<Transport, 'close'>
  /** The links there are, by name of the peer. */
  readonly links: Map<string, LinkInfo>
  readonly table: MemberTable
  readonly plan: DialPlan
  readonly quarantine: Quarantine
  readonly watch: Pick<FailureWatch, 'forget' | 'linkUp' | 'linkDown'>
  readonly farewells: Farewells
  readonly introducer: Introducer
  readonly departures: Pick<Departures, 'left'>
  readonly state: () => MembershipState
  readonly announce: (changes: readonly MemberChange[]) => void
  /** Begins the dials that are due. */
  readonly pump: () => void
  readonly nowMs: () => number
}

/** One a node. */
export class LinkChanges {
  readonly #deps: LinkChangesDeps

  constructor(deps: LinkChangesDeps) {
    this.#deps = deps
  }

  /** See {@link TransportHandlers.linkUp}. */
  readonly up = (link: LinkInfo): void => {
    const { links, farewells, table, watch, plan, transport, nowMs, state } = this.#deps
    const { peer } = link
    const { name } = peer
    if (state() === 'stopped') return
    if (table.get(name)?.incarnation !== peer.incarnation) watch.forget(name)
    links.set(name, link)
    farewells.forget(name)
    const changes = table.up(peer, this.#provenanceOf(link), nowMs())
    if (!table.isMember(peer)) {
      // It was admitted, but the table has filled up, or its incarnation ended, meanwhile.
      plan.dropMember(name)
      transport.close(name)
      return
    }
    this.#joined(name, changes)
  }

  /** See {@link TransportHandlers.linkDown}. */
  readonly down = (link: LinkInfo, reason: LinkDownReason): void => {
    const { links, farewells, table, watch, departures, state } = this.#deps
    const { name, incarnation } = link.peer
    const current = links.get(name)
    if (current?.epoch !== link.epoch || current.peer.incarnation !== incarnation) return
    links.delete(name)
    if (state() === 'stopped') return
    if (farewells.heardFrom(name, incarnation)) {
      departures.left(name)
      return
    }
    if (isLive(table.get(name))) watch.linkDown(name, reason)
    this.#redial(name)
  }

  /** Nothing of the peer is dialled from now on. @returns who had proposed it. */
  #provenanceOf({ peer, address, dialedBy }: LinkInfo): readonly string[] {
    const { name, incarnation, addresses } = peer
    const at = { linkAddress: address, dialedBy }
    const { plan, nowMs } = this.#deps
    const { provenance } = plan.linked({ name, incarnation, addresses, ...at }, nowMs())
    return provenance.length === 0 && dialedBy === 'peer' ? ['inbound'] : provenance
  }

  #joined(name: string, changes: readonly MemberChange[]): void {
    const { watch, farewells, introducer, announce, state } = this.#deps
    watch.linkUp(name)
    announce(changes)
    if (state() === 'leaving') farewells.say(name)
    introducer.tellAll(name)
    if (changes.some(({ type }) => type === 'member-up')) introducer.presentToAll(name)
  }

  #redial(name: string): void {
    const { plan, quarantine, host, nowMs, pump } = this.#deps
    plan.linkLost(name, { nowMs: nowMs(), chance: host.random() })
    plan.rest(name, quarantine.endOf(name, nowMs()) ?? 0)
    pump()
  }
}

/** The member table as callers see it: with this node in it, and with round trips. */
import type { LinkInfo, NodeIdentity, Transport } from '../../transport/index.ts'
import { observerRole, type Member, type MemberStatus } from './member.ts'
import { isLive, type MemberRecord, type MemberTable } from './member-table.ts'

/** What a roster reads. */
export interface RosterDeps {
  readonly self: () => NodeIdentity
  /** False once this node began to leave. */
  readonly isIn: () => boolean
  readonly table: MemberTable
  readonly links: ReadonlyMap<string, LinkInfo>
  readonly transport: Pick<Transport, 'stats'>
}

/** One a node. */
export class Roster {
  readonly #deps: RosterDeps

  constructor(deps: RosterDeps) {
    this.#deps = deps
  }

  get self(): Member {
    const { name, incarnation, addresses, roles, meta } = this.#deps.self()
    const standing = this.#deps.isIn()
      ? { status: 'alive' as const }
      : { status: 'left' as const, cause: 'left' as const }
    return { name, incarnation, addresses, roles, meta, provenance: [], isSelf: true, ...standing }
  }

  /** Members of these statuses, this node included, by name. */
  members(statuses: readonly MemberStatus[]): Member[] {
    const rtts = this.#rtts()
    return [this.self, ...this.#deps.table.list().map((record) => asMember(record, rtts))]
      .filter((member) => statuses.includes(member.status))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** The live members, this node first: without the round trips. For each vote on each commit. */
  lives(): readonly Pick<Member, 'name' | 'incarnation' | 'roles'>[] {
    const lives: Pick<Member, 'name' | 'incarnation' | 'roles'>[] = []
    if (this.#deps.isIn()) lives.push(this.#deps.self())
    for (const record of this.#deps.table.records()) if (isLive(record)) lives.push(record)
    return lives
  }

  member(name: string): Member | undefined {
    if (name === this.#deps.self().name) return this.self
    const record = this.#deps.table.get(name)
    return record && this.memberOf(record)
  }

  /** Only the status: without the round trips, whose price grows with the links. For each rpc call. */
  statusOf(name: string): MemberStatus | undefined {
    return name === this.#deps.self().name ? this.self.status : this.#deps.table.get(name)?.status
  }

  /** True when there is a link to that live member. */
  isLinked(name: string): boolean {
    return this.#deps.links.has(name) && isLive(this.#deps.table.get(name))
  }

  /** The live member with a link that names this address. */
  linkedAt(address: string): string | undefined {
    return this.linked().find(({ addresses }) => addresses.includes(address))?.name
  }

  /** The record as callers see it. */
  memberOf(record: MemberRecord): Member {
    return asMember(record, this.#rtts())
  }

  /** Live members with a link, in the order in which their names came. */
  linked(): MemberRecord[] {
    const { table, links } = this.#deps
    return table.list().filter((record) => isLive(record) && links.has(record.name))
  }

  /** How many other members are alive; lookers-on are not counted. */
  get alivePeers(): number {
    return this.#deps.table.list().filter(isAlivePeer).length
  }

  #rtts(): ReadonlyMap<string, number> {
    const known = this.#deps.transport.stats().filter((link) => link.rttMs !== undefined)
    return new Map(known.map((link) => [link.peer, link.rttMs ?? 0]))
  }
}

function isAlivePeer({ status, roles }: MemberRecord): boolean {
  return status === 'alive' && !roles.includes(observerRole)
}

function asMember(record: MemberRecord, rtts: ReadonlyMap<string, number>): Member {
  const { name, incarnation, status, cause, addresses, roles, meta, provenance } = record
  const rttMs = rtts.get(name)
  return {
    ...{ name, incarnation, status, addresses, roles, meta, provenance },
    ...(rttMs !== undefined && { rttMs }),
    ...(cause && { cause }),
    isSelf: false,
  }
}

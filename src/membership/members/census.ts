/** The members as others see them: read, told of, waited for. */
import type { LinkInfo, NodeIdentity } from '../../transport/index.ts'
import type { MembershipDeps } from '../membership-deps.ts'
import type { MembershipOptions } from '../options.ts'
import { Announcer } from './announcer.ts'
import { MemberTable, type MemberChange } from './member-table.ts'
import { Quarantine } from './quarantine.ts'
import { Readiness } from './readiness.ts'
import { Roster } from './roster.ts'

/** What a census needs. */
export interface CensusDeps extends Pick<
  MembershipDeps,
  'transport' | 'host' | 'log' | 'telemetry' | 'news'
> {
  readonly self: () => NodeIdentity
  /** False once this node began to leave. */
  readonly isIn: () => boolean
}

/** One a node. */
export class Census {
  readonly table: MemberTable
  readonly quarantine: Quarantine
  /** The links there are, by name of the peer. */
  readonly links: Map<string, LinkInfo> = new Map()
  readonly roster: Roster
  readonly announcer: Announcer
  readonly readiness: Readiness

  constructor(deps: CensusDeps, options: MembershipOptions) {
    this.table = new MemberTable(options)
    this.quarantine = new Quarantine(options.membersMax)
    const { table, links } = this
    this.roster = new Roster({ ...deps, table, links })
    this.announcer = new Announcer({ ...deps, memberOf: (record) => this.roster.memberOf(record) })
    this.readiness = new Readiness(deps.host, options)
  }

  /** Tells of each change, and serves those who wait for enough members. */
  readonly announce = (changes: readonly MemberChange[]): void => {
    this.announcer.announce(changes)
    this.readiness.alive(this.roster.alivePeers)
  }

  /** The incarnation of the peer a link is up to. */
  readonly linkedIncarnation = (name: string): string | undefined =>
    this.links.get(name)?.peer.incarnation
}

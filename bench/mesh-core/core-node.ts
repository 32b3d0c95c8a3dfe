/**
 * One node of the study: the failure watch (suspicion, refutation, probes through others), the member
 * table, the router and the owner log are the production code. What stands between them, and all that
 * makes links, is not. The versioned map is left out: it keeps 8 KiB of each peer, which is nothing for
 * a node and 8 GB for a thousand of them in one process.
 */
import { silentLog, silentTelemetry, type Host } from '../../src/kernel/index.ts'
import { FailureWatch } from '../../src/membership/failure-watch.ts'
import { MemberTable } from '../../src/membership/members/member-table.ts'
import { membershipDefaults } from '../../src/membership/options.ts'
import { OwnerLog } from '../../src/replication/index.ts'
import {
  channelClasses,
  Router,
  type NodeIdentity,
  type SendOutcome,
} from '../../src/transport/index.ts'

/** What a node needs of the network. */
export interface Place {
  readonly at: number
  readonly host: Host
  /** Hands a payload to the link with another node. */
  send(peer: string, payload: Uint8Array): SendOutcome
  /** Since anything of that peer was heard. */
  silentMs(peer: string): number | undefined
  /** This node has come to a verdict on another. */
  judged(name: string, verdict: 'suspect' | 'alive' | 'down'): void
}

const payloadMaxBytes = 1_048_576

/** Its links are given to it. */
export class CoreNode {
  readonly self: NodeIdentity
  readonly router: Router
  readonly ownerLog: OwnerLog
  readonly #place: Place
  readonly #table = new MemberTable(membershipDefaults)
  readonly #links = new Set<string>()
  readonly #watch: FailureWatch

  constructor(place: Place) {
    this.#place = place
    const { at, host } = place
    const identity = { cluster: 'study', addresses: [], roles: [], meta: {} }
    this.self = { ...identity, name: `n${String(at)}`, incarnation: `1-${String(at)}` }
    const payloadMax = Object.fromEntries(channelClasses.map((name) => [name, payloadMaxBytes]))
    const transport = {
      send: (peer: string, _class: string, payload: Uint8Array) => place.send(peer, payload),
      whenWritable: () => Promise.resolve(),
      capabilities: { payloadMaxBytes: payloadMax } as never,
    }
    this.router = new Router({ transport, host, log: silentLog })
    const common = { host, log: silentLog, telemetry: silentTelemetry, router: this.router }
    this.ownerLog = new OwnerLog({ ...common, self: this.self })
    this.#watch = new FailureWatch(
      {
        ...common,
        transport: { silentMs: (name) => place.silentMs(name) },
        self: () => this.self,
        table: this.#table,
        linked: () => [...this.#links],
        judged: ({ effect, name }) => {
          if (effect !== 'close') this.#judged(name, effect)
        },
        ticked: () => {
          this.#table.purge(host.nowMs())
        },
      },
      membershipDefaults,
    )
  }

  start(): void {
    this.#watch.start()
    this.ownerLog.start()
  }

  linkUp({ self: peer }: CoreNode): void {
    const { name, incarnation } = peer
    this.#links.add(name)
    this.ownerLog.linkUp(peer)
    this.#table.up(peer, ['study'], this.#place.host.nowMs())
    this.#watch.linkUp(name)
    this.ownerLog.memberUp(name, incarnation)
  }

  #judged(name: string, verdict: 'suspect' | 'alive' | 'down'): void {
    const nowMs = this.#place.host.nowMs()
    if (verdict === 'suspect') this.#table.suspect(name, 'silent', nowMs)
    if (verdict === 'alive') this.#table.alive(name, nowMs)
    if (verdict === 'down') this.#lose(name)
    this.#place.judged(name, verdict)
  }

  #lose(name: string): void {
    const incarnation = this.#table.get(name)?.incarnation ?? ''
    this.#table.down(name, 'silent', this.#place.host.nowMs())
    this.#watch.forget(name)
    this.#links.delete(name)
    this.ownerLog.linkDown(name)
    this.ownerLog.memberDown(name, incarnation)
  }
}

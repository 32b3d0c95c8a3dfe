/**
 * Everything this node does to reach others: the plan of dials and who may add to it, the dials
 * themselves, and what comes of them, the word of a namesake included.
 */
import type { FoundationError, Host, Log, Telemetry } from '../../kernel/index.ts'
import type { NodeIdentity, Transport } from '../../transport/index.ts'
import type { MemberTable } from '../members/member-table.ts'
import type { Quarantine } from '../members/quarantine.ts'
import type { MembershipOptions } from '../options.ts'
import { DialPlan } from './dial-plan.ts'
import { DialRequests } from './dial-requests.ts'
import { Dialer, type ConnectOptions, type DialNews } from './dialer.ts'
import { OwnName, type OwnNameDeps } from './own-name.ts'

/** What dialling talks to. */
export interface DialingDeps {
  readonly transport: Pick<Transport, 'dial'>
  readonly host: Host
  readonly log: Log
  readonly telemetry: Telemetry
  readonly self: () => NodeIdentity
  readonly table: MemberTable
  readonly quarantine: Quarantine
  readonly links: ReadonlyMap<string, unknown>
  /** False while no dial may begin. */
  readonly isRunning: () => boolean
  readonly nowMs: () => number
  /** What a dial told of the member behind an address. */
  readonly news: Pick<DialNews, 'gone' | 'leaving' | 'rejected'>
  /** A live node has this node's name; `isNews` when that was not known. */
  readonly nameRefused: (error: FoundationError, isNews: boolean) => void
}

/** One a node. */
export class Dialing {
  readonly plan: DialPlan
  readonly requests: DialRequests
  readonly ownName: OwnName
  readonly #deps: DialingDeps
  readonly #dialer: Dialer

  constructor(deps: DialingDeps, options: MembershipOptions) {
    this.#deps = deps
    this.plan = new DialPlan(options)
    const { plan, pump } = this
    this.ownName = new OwnName({ refused: this.#nameRefused })
    const { dialReached: reached, dialFailed: failed } = this.ownName
    this.#dialer = new Dialer({ ...deps, plan, news: { ...deps.news, reached, failed } }, options)
    this.requests = new DialRequests({ ...deps, plan, pump }, options)
  }

  /** Begins the dials that are due, if any may begin. */
  readonly pump = (): void => {
    if (this.#deps.isRunning()) this.#dialer.pump()
  }

  /**
   * Dials an address now, once, whatever was held against it before.
   *
   * @throws {FoundationError} see {@link Dialer.dial}
   */
  async connect(address: string, options: ConnectOptions): Promise<NodeIdentity> {
    const { table, nowMs } = this.#deps
    table.permit(address)
    const { provenance = 'by hand', ...limits } = options
    const peer = await this.#dialer.dial(address, limits)
    if (this.plan.byAddress(address)) this.plan.propose(address, provenance, nowMs())
    table.addProvenance(peer.name, [provenance])
    return peer
  }

  /** Asks the holder of the name again and again: once it is gone, the name is free. */
  readonly #nameRefused: OwnNameDeps['refused'] = ({ address, error }, isNews) => {
    this.plan.propose(address, 'name holder', this.#deps.nowMs())
    this.#deps.nameRefused(error, isNews)
  }

  /** Gives up every dial, and begins none any more. */
  async stop(): Promise<void> {
    await this.#dialer.stop()
  }
}

/**
 * Who is in the cluster, as this node sees it. Discovery proposes addresses, the handshake tells who
 * is there, this part decides who is a member: only a leave or a failure verdict removes one.
 *
 * A node that was cut off or stopped for long is given up, and comes back with the same incarnation
 * as up again: its process, and so its state, is the same. Only a restart makes a new incarnation.
 */
import { FoundationError, type Lifecycle } from '../kernel/index.ts'
import type {
  LinkDownReason,
  LinkInfo,
  NodeIdentity,
  TransportHandlers,
} from '../transport/index.ts'
import { Door, type AdmissionFacts } from './admission.ts'
import { Announcer } from './members/announcer.ts'
import { DialPlan } from './dialing/dial-plan.ts'
import { Dialer, type ConnectOptions, type DialNews } from './dialing/dialer.ts'
import { FailureWatch, type Verdict } from './failure-watch.ts'
import { Farewells } from './farewells.ts'
import { Introducer } from './introducer.ts'
import type { Member, MemberCause, MemberStatus } from './members/member.ts'
import {
  isLive,
  MemberTable,
  type MemberChange,
  type MemberRecord,
} from './members/member-table.ts'
import { addressMaxBytes, type Introduction } from './members/introduction.ts'
import type { MembershipDeps } from './membership-deps.ts'
import type { MembershipOptions } from './options.ts'
import { OwnName } from './dialing/own-name.ts'
import { Readiness, type ReadyOptions } from './members/readiness.ts'
import { Roster } from './members/roster.ts'
import { describeTargets, type MembershipStatus } from './status.ts'

/** `leaving`: announced; nobody new is let in. `stopped` is final. */
type MembershipState = 'idle' | 'running' | 'leaving' | 'stopped'

/** One a node. Its `handlers` work from construction on; dials and verdicts begin with `start`. */
export class Membership implements Lifecycle {
  readonly #deps: MembershipDeps
  readonly #options: MembershipOptions
  readonly #table: MemberTable
  readonly #roster: Roster
  readonly #plan: DialPlan
  readonly #dialer: Dialer
  readonly #watch: FailureWatch
  readonly #introducer: Introducer
  readonly #announcer: Announcer
  readonly #readiness: Readiness
  readonly #ownName: OwnName
  readonly #farewells: Farewells
  readonly #door: Door
  readonly #links = new Map<string, LinkInfo>()
  #state: MembershipState = 'idle'

  constructor(deps: MembershipDeps, options: MembershipOptions) {
    this.#deps = deps
    this.#options = options
    const { host, log, telemetry, transport, router, news } = deps
    const self = (): NodeIdentity => deps.self
    const table = new MemberTable(options)
    this.#table = table
    this.#plan = new DialPlan(options)
    this.#readiness = new Readiness(host, options)
    const isIn = (): boolean => this.#isIn()
    this.#roster = new Roster({ self, isIn, table, links: this.#links, transport })
    const memberOf = (record: MemberRecord): Member => this.#roster.memberOf(record)
    this.#announcer = new Announcer({ news, memberOf, log, telemetry })
    this.#ownName = new OwnName({ refused: this.#nameRefused })
    const dialNews: DialNews = {
      reached: this.#ownName.dialReached,
      failed: this.#ownName.dialFailed,
      gone: (name) => {
        this.#watch.refused(name)
      },
      leaving: this.#memberLeft,
      rejected: this.#rejectedBy,
    }
    const dialing = { plan: this.#plan, news: dialNews }
    this.#dialer = new Dialer({ transport, host, log, telemetry, ...dialing }, options)
    const linkedNames = (): string[] => [...this.#links.keys()]
    const carriedOut = { judged: this.#judged, ticked: this.#ticked }
    this.#watch = new FailureWatch(
      { host, telemetry, router, transport, self, table, linked: linkedNames, ...carriedOut },
      options,
    )
    const linked = (): MemberRecord[] => this.#roster.linked()
    this.#introducer = new Introducer({ router, linked, introduced: this.#introduced })
    const linkedIncarnation = (name: string): string | undefined =>
      this.#links.get(name)?.peer.incarnation
    this.#farewells = new Farewells({ router, self, linkedIncarnation })
    this.#door = new Door({
      facts: (peer) => this.#admissionFacts(peer),
      probe: (name) => this.#watch.prober.probe(name),
      replace: (name) => {
        this.#remove(name, 'replaced')
      },
      elderNamesake: this.#ownName.clash,
    })
  }

  /** The node composes these into the engine's handlers. */
  get handlers(): Pick<TransportHandlers, 'admit' | 'linkUp' | 'linkDown' | 'refused'> {
    return {
      admit: (peer) =>
        this.#ownName.mayLink(peer, this.#deps.self) ? this.#door.admit(peer) : 'rejected',
      linkUp: this.#linkUp,
      linkDown: this.#linkDown,
      refused: this.#announcer.refused,
    }
  }

  /** This node as a member: `alive`, or `left` once it began to leave. */
  get self(): Member {
    return this.#roster.self
  }

  /** Members by name, this node included: those alive or suspect, or those of the given statuses. */
  members(filter: { readonly status?: readonly MemberStatus[] } = {}): Member[] {
    return this.#roster.members(filter.status ?? ['alive', 'suspect'])
  }

  /** The member of that name, whatever its status. */
  member(name: string): Member | undefined {
    return this.#roster.member(name)
  }

  /** Quick looks: they do not collect the figures of links. */
  get roster(): Pick<Roster, 'statusOf' | 'isLinked' | 'linkedAt'> {
    return this.#roster
  }

  /** Names of the live members there is a link to, sorted. */
  peers(): string[] {
    const names = this.#roster.linked().map(({ name }) => name)
    return names.toSorted()
  }

  start(): void {
    if (this.#state !== 'idle') return
    this.#state = 'running'
    this.#watch.start()
    this.#dialer.pump()
  }

  /** Ends all dials, probes and waits. Links are the engine's; no news comes any more. */
  async stop(): Promise<void> {
    if (this.#state === 'stopped') return
    this.#state = 'stopped'
    this.#watch.stop()
    this.#readiness.fail(this.#notRunning())
    await this.#dialer.stop()
    for (const { name } of this.#table.list()) this.#table.down(name, 'stopped', this.#nowMs())
  }

  /**
   * An address discovery saw. Dialled soon, and again with growing waits, unless it is our own or of
   * a member that has a link.
   *
   * @param provenance the topology that saw it.
   */
  propose(address: string, provenance: string): void {
    if (!this.#isIn()) return
    if (Buffer.byteLength(address) > addressMaxBytes) return
    if (this.#deps.self.addresses.includes(address)) return
    this.#table.permit(address)
    const target = this.#plan.propose(address, provenance, this.#nowMs())
    if (target.name !== undefined) this.#table.addProvenance(target.name, target.provenance)
    if (this.#state === 'running') this.#dialer.pump()
  }

  /**
   * Dials an address now, once, and tells how it went. A link that exists is found again.
   *
   * @throws {FoundationError} `FND_DIAL_FAILED` and its like with `details.reason`, `FND_NAME_IN_USE`,
   *   `FND_NOT_RUNNING`
   */
  async connect(address: string, options: ConnectOptions = {}): Promise<Member> {
    if (this.#state !== 'running') throw this.#notRunning()
    this.#table.permit(address)
    const { provenance = 'by hand', ...limits } = options
    const peer = await this.#dialer.dial(address, limits)
    if (this.#plan.byAddress(address)) this.#plan.propose(address, provenance, this.#nowMs())
    this.#table.addProvenance(peer.name, [provenance])
    const member = this.member(peer.name)
    if (member) return member
    throw new FoundationError('FND_LINK_LOST', `The link to ${peer.name} ended at once; try again`)
  }

  /**
   * Ends membership of a live member here: it is `down (disconnected)`, not dialled and not let in
   * until one of its addresses is proposed or connected again.
   *
   * @returns false when there is no such live member.
   */
  disconnect(name: string, cause: 'disconnected' = 'disconnected'): Promise<boolean> {
    if (!isLive(this.#table.get(name))) return Promise.resolve(false)
    this.#table.bar(name)
    this.#remove(name, cause)
    return Promise.resolve(true)
  }

  /** Discovery gives up an address: no longer dialled, unless a member with a link has it. */
  forget(address: string): void {
    const target = this.#plan.byAddress(address)
    if (target && target.state !== 'linked') this.#plan.drop(target.key)
  }

  /** Announces the leave to every peer and waits until they took note, for at most `leaveTimeoutMs`. */
  async leave(): Promise<void> {
    if (this.#state !== 'running') return
    this.#state = 'leaving'
    const peers = [...this.#links.keys()]
    for (const name of peers) this.#farewells.say(name)
    // The answer to a probe sent after the announcement proves that the announcement was read.
    const { prober } = this.#watch
    const noted = peers.map((name) => prober.probe(name, this.#options.leaveTimeoutMs))
    await Promise.all([this.#dialer.stop(), ...noted])
  }

  /**
   * Waits until at least `minPeers` others are alive and the set has not changed for `stableMarginMs`.
   *
   * @returns the live members, this node included.
   * @throws {FoundationError} `FND_TIMED_OUT`; `FND_NAME_IN_USE` at once, when a live node has our
   *   name; `FND_NOT_RUNNING` when the node stops meanwhile.
   */
  async ready(options: ReadyOptions = {}): Promise<Member[]> {
    if (!this.#isIn()) throw this.#notRunning()
    if (this.#ownName.refusal) throw this.#ownName.refusal
    await this.#readiness.wait(options)
    return this.members()
  }

  /** Everything a person needs to see why somebody is, or is not, a member. Plain JSON. */
  status(): MembershipStatus {
    return {
      state: this.#state,
      self: this.self,
      members: this.members({ status: ['alive', 'suspect', 'down', 'left'] }),
      linked: this.peers(),
      targets: describeTargets(this.#plan, this.#nowMs()),
      ...this.#watch.status(),
    }
  }

  #admissionFacts(peer: NodeIdentity): AdmissionFacts {
    return {
      self: this.#deps.self,
      isLeaving: !this.#isIn(),
      table: this.#table,
      linkedIncarnation: this.#links.get(peer.name)?.peer.incarnation,
    }
  }

  #isIn(): boolean {
    return this.#state === 'idle' || this.#state === 'running'
  }

  readonly #linkUp = (link: LinkInfo): void => {
    const { peer } = link
    if (this.#state === 'stopped') return
    const before = this.#table.get(peer.name)
    if (before?.incarnation !== peer.incarnation) this.#watch.forget(peer.name)
    this.#links.set(peer.name, link)
    this.#farewells.forget(peer.name)
    const { name, incarnation, addresses } = peer
    const at = { linkAddress: link.address, dialedBy: link.dialedBy }
    const target = this.#plan.linked({ name, incarnation, addresses, ...at }, this.#nowMs())
    const isUnproposed = target.provenance.length === 0 && link.dialedBy === 'peer'
    const provenance = isUnproposed ? ['inbound'] : target.provenance
    const changes = this.#table.up(peer, provenance, this.#nowMs())
    if (!this.#table.isMember(peer)) {
      // It was admitted, but the table has filled up, or its incarnation ended, meanwhile.
      this.#plan.dropMember(name)
      this.#deps.transport.close(name)
      return
    }
    this.#watch.linkUp(name)
    this.#announce(changes)
    if (this.#state === 'leaving') this.#farewells.say(name)
    this.#introducer.tellAll(name)
    if (changes.some(({ type }) => type === 'member-up')) this.#introducer.presentToAll(name)
  }

  readonly #linkDown = (link: LinkInfo, reason: LinkDownReason): void => {
    const { name, incarnation } = link.peer
    const current = this.#links.get(name)
    if (current?.epoch !== link.epoch || current.peer.incarnation !== incarnation) return
    this.#links.delete(name)
    if (this.#state === 'stopped') return
    if (this.#farewells.heardFrom(name, incarnation)) {
      this.#memberLeft(name)
      return
    }
    if (isLive(this.#table.get(name))) this.#watch.linkDown(name, reason)
    this.#plan.linkLost(name, { nowMs: this.#nowMs(), chance: this.#deps.host.random() })
    if (this.#state === 'running') this.#dialer.pump()
  }

  readonly #nameRefused = (error: FoundationError, isNews: boolean): void => {
    this.#readiness.fail(error)
    if (!isNews) return
    this.#announcer.trouble(error)
    for (const name of [...this.#links.keys()]) this.#deps.transport.close(name)
  }

  readonly #memberLeft = (name: string): void => {
    this.#farewells.forget(name)
    this.#watch.forget(name)
    this.#plan.dropMember(name)
    this.#announce(this.#table.left(name, this.#nowMs()))
  }

  /** It lives, but ended the membership on its side. Dialled on, in case it thinks better of it. */
  readonly #rejectedBy = (name: string): void => {
    if (this.#links.has(name)) return
    this.#watch.forget(name)
    this.#announce(this.#table.down(name, 'disconnected', this.#nowMs()))
  }

  /** Down for good, as far as this node is concerned: not dialled again. */
  #remove(name: string, cause: MemberCause): void {
    this.#watch.forget(name)
    this.#plan.dropMember(name)
    this.#announce(this.#table.down(name, cause, this.#nowMs()))
    this.#deps.transport.close(name)
  }

  readonly #judged = (verdict: Verdict): void => {
    const { name, effect } = verdict
    const nowMs = this.#nowMs()
    if (effect === 'suspect') this.#announce(this.#table.suspect(name, verdict.cause, nowMs))
    if (effect === 'alive') this.#announce(this.#table.alive(name, nowMs))
    if (effect === 'down') this.#giveUp(name, verdict.cause)
    if (effect === 'close') this.#deps.transport.close(name)
  }

  #giveUp(name: string, cause: MemberCause): void {
    const { incarnation } = this.#table.get(name) ?? {}
    if (this.#farewells.heardFrom(name, incarnation)) this.#memberLeft(name)
    else this.#announce(this.#table.down(name, cause, this.#nowMs()))
    this.#deps.transport.close(name)
  }

  readonly #ticked = (): void => {
    this.#table.purge(this.#nowMs())
    this.#plan.purge(this.#nowMs())
    if (this.#state === 'running') this.#dialer.pump()
  }

  readonly #introduced = (members: readonly Introduction[]): void => {
    if (this.#state !== 'running') return
    for (const member of members) this.#noteIntroduction(member)
    this.#dialer.pump()
  }

  #noteIntroduction(member: Introduction): void {
    const { self } = this.#deps
    const { name, incarnation } = member
    if (name === self.name || this.#links.has(name)) return
    if (this.#table.isBarred(name, incarnation) || this.#table.endOf(name, incarnation)) return
    // The greater name waits: most often the other one has made the link by then.
    const delayMs = self.name < name ? 0 : this.#options.redialMinMs / 2
    const addresses = member.addresses.filter((address) => !self.addresses.includes(address))
    this.#plan.introduce({ ...member, addresses }, delayMs, this.#nowMs())
  }

  #announce(changes: readonly MemberChange[]): void {
    this.#announcer.announce(changes)
    this.#readiness.alive(this.#roster.alivePeers)
  }

  #nowMs(): number {
    return this.#deps.host.nowMs()
  }

  #notRunning(): FoundationError {
    return new FoundationError('FND_NOT_RUNNING', `Node "${this.#deps.self.name}" is not running`)
  }
}

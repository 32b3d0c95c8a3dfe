/**
 * Who is in the cluster, as this node sees it. Discovery proposes addresses, the handshake tells who
 * is there, this part decides who is a member: only a leave or a failure verdict removes one.
 *
 * A node that was cut off or stopped for long is given up, and comes back with the same incarnation
 * as up again: its process, and so its state, is the same. Only a restart makes a new incarnation.
 */
import { FoundationError, type Lifecycle } from '../kernel/index.ts'
import type { NodeIdentity, TransportHandlers } from '../transport/index.ts'
import { Door, type AdmissionFacts } from './admission.ts'
import { Departures } from './departures.ts'
import type { DialRequests } from './dialing/dial-requests.ts'
import type { ConnectOptions } from './dialing/dialer.ts'
import { Dialing, type DialingDeps } from './dialing/dialing.ts'
import { FailureWatch, type Verdict } from './failure-watch.ts'
import { Farewells } from './farewells.ts'
import { Introducer } from './introducer.ts'
import { LinkChanges } from './link-changes.ts'
import { Census } from './members/census.ts'
import type { Member, MemberStatus } from './members/member.ts'
import { isLive, type MemberRecord } from './members/member-table.ts'
import type { Introduction } from './members/introduction.ts'
import type { MembershipDeps } from './membership-deps.ts'
import type { MembershipOptions } from './options.ts'
import type { ReadyOptions } from './members/readiness.ts'
import type { Roster } from './members/roster.ts'
import { describeTargets, type MembershipState, type MembershipStatus } from './status.ts'

/** One a node. Its `handlers` work from construction on; dials and verdicts begin with `start`. */
export class Membership implements Lifecycle {
  readonly #deps: MembershipDeps
  readonly #options: MembershipOptions
  readonly #census: Census
  readonly #dialing: Dialing
  readonly #watch: FailureWatch
  readonly #farewells: Farewells
  readonly #departures: Departures
  readonly #linkChanges: LinkChanges
  readonly #door: Door
  #state: MembershipState = 'idle'

  constructor(deps: MembershipDeps, options: MembershipOptions) {
    this.#deps = deps
    this.#options = options
    const { host, router, transport } = deps
    const self = (): NodeIdentity => deps.self
    const nowMs = this.#nowMs
    this.#census = new Census({ ...deps, self, isIn: this.#isIn }, options)
    const { table, quarantine, links, roster, announce, linkedIncarnation } = this.#census
    const tables = { table, quarantine, links }
    const dialing = { ...tables, news: this.#dialNews(), nameRefused: this.#nameRefused }
    const isRunning = (): boolean => this.#state === 'running'
    this.#dialing = new Dialing({ ...deps, ...dialing, self, isRunning, nowMs }, options)
    const { plan, pump } = this.#dialing
    const linkedNames = (): string[] => [...links.keys()]
    const carriedOut = { judged: this.#judged, ticked: this.#ticked }
    this.#watch = new FailureWatch(
      { ...deps, self, table, linked: linkedNames, ...carriedOut },
      options,
    )
    const linked = (): MemberRecord[] => roster.linked()
    const introducer = new Introducer({ router, linked, introduced: this.#introduced })
    this.#farewells = new Farewells({ router, self, linkedIncarnation })
    const told = { watch: this.#watch, farewells: this.#farewells, announce }
    const shared = { ...tables, ...told, plan, transport, nowMs }
    this.#departures = new Departures(shared)
    this.#linkChanges = new LinkChanges({
      ...{ ...shared, host, pump, introducer },
      departures: this.#departures,
      state: () => this.#state,
    })
    this.#door = new Door({
      facts: (peer) => this.#admissionFacts(peer),
      probe: (name) => this.#watch.prober.probe(name),
      replace: (name) => {
        this.#departures.remove(name, 'replaced')
      },
      elderNamesake: this.#dialing.ownName.clash,
    })
  }

  /** The node composes these into the engine's handlers. */
  get handlers(): Pick<TransportHandlers, 'admit' | 'linkUp' | 'linkDown' | 'refused'> {
    return {
      admit: (peer) =>
        this.#dialing.ownName.mayLink(peer, this.#deps.self) ? this.#door.admit(peer) : 'rejected',
      linkUp: this.#linkChanges.up,
      linkDown: this.#linkChanges.down,
      refused: this.#census.announcer.refused,
    }
  }

  /** This node as a member: `alive`, or `left` once it began to leave. */
  get self(): Member {
    return this.#census.roster.self
  }

  /** Members by name, this node included: those alive or suspect, or those of the given statuses. */
  members(filter: { readonly status?: readonly MemberStatus[] } = {}): Member[] {
    return this.#census.roster.members(filter.status ?? ['alive', 'suspect'])
  }

  /** The member of that name, whatever its status. */
  member(name: string): Member | undefined {
    return this.#census.roster.member(name)
  }

  /** What others may ask of the dialling; see {@link DialRequests}. */
  get dials(): Pick<DialRequests, 'forget' | 'hasten' | 'keptOut'> {
    return this.#dialing.requests
  }

  /** Quick looks: they do not collect the figures of links. */
  get roster(): Pick<Roster, 'statusOf' | 'isLinked' | 'linkedAt' | 'lives'> {
    return this.#census.roster
  }

  /** Names of the live members there is a link to, sorted. */
  peers(): string[] {
    const names = this.#census.roster.linked().map(({ name }) => name)
    return names.toSorted()
  }

  /** Why the cluster does not let this node in: a live node has its name. */
  get refusal(): FoundationError | undefined {
    return this.#dialing.ownName.refusal
  }

  start(): void {
    if (this.#state !== 'idle') return
    this.#state = 'running'
    this.#watch.start()
    this.#dialing.pump()
  }

  /** Ends all dials, probes and waits. Links are the engine's; no news comes any more. */
  async stop(): Promise<void> {
    if (this.#state === 'stopped') return
    this.#state = 'stopped'
    this.#watch.stop()
    this.#census.readiness.fail(this.#notRunning())
    await this.#dialing.stop()
    for (const { name } of this.#census.table.list())
      this.#census.table.down(name, 'stopped', this.#nowMs())
  }

  /**
   * An address discovery saw. Dialled soon, and again with growing waits, unless it is our own or of
   * a member that has a link.
   *
   * @param provenance the topology that saw it.
   */
  propose(address: string, provenance: string): void {
    if (this.#isIn()) this.#dialing.requests.propose(address, provenance)
  }

  /**
   * Dials an address now, once, and tells how it went. A link that exists is found again.
   *
   * @throws {FoundationError} `FND_DIAL_FAILED` and its like with `details.reason`, `FND_NAME_IN_USE`,
   *   `FND_NOT_RUNNING`
   */
  async connect(address: string, options: ConnectOptions = {}): Promise<Member> {
    if (this.#state !== 'running') throw this.#notRunning()
    const peer = await this.#dialing.connect(address, options)
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
    if (!isLive(this.#census.table.get(name))) return Promise.resolve(false)
    this.#census.table.bar(name)
    this.#departures.remove(name, cause)
    return Promise.resolve(true)
  }

  /**
   * Keeps a member out: it is `down (quarantined)`, and neither dialled nor let in for that long.
   *
   * @returns false when there is no such live member.
   */
  quarantine(name: string, forMs: number): boolean {
    if (!isLive(this.#census.table.get(name))) return false
    this.#departures.keepOut(name, this.#nowMs() + forMs)
    return true
  }

  /** Announces the leave to every peer and waits until they took note, for at most `leaveTimeoutMs`. */
  async leave(): Promise<void> {
    if (this.#state !== 'running') return
    this.#state = 'leaving'
    const peers = [...this.#census.links.keys()]
    for (const name of peers) this.#farewells.say(name)
    // The answer to a probe sent after the announcement proves that the announcement was read.
    const { prober } = this.#watch
    const noted = peers.map((name) => prober.probe(name, this.#options.leaveTimeoutMs))
    await Promise.all([this.#dialing.stop(), ...noted])
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
    if (this.refusal) throw this.refusal
    await this.#census.readiness.wait(options)
    return this.members()
  }

  /** Everything a person needs to see why somebody is, or is not, a member. Plain JSON. */
  status(): MembershipStatus {
    return {
      state: this.#state,
      self: this.self,
      members: this.members({ status: ['alive', 'suspect', 'down', 'left'] }),
      linked: this.peers(),
      targets: describeTargets(this.#dialing.plan, this.#nowMs()),
      quarantined: this.#dialing.requests.keptOut,
      ...this.#watch.status(),
    }
  }

  #dialNews(): DialingDeps['news'] {
    return {
      gone: (name) => {
        this.#watch.refused(name)
      },
      leaving: (name) => {
        this.#departures.left(name)
      },
      rejected: (name) => {
        this.#departures.rejectedBy(name)
      },
    }
  }

  #admissionFacts(peer: NodeIdentity): AdmissionFacts {
    return {
      self: this.#deps.self,
      isLeaving: !this.#isIn(),
      isKeptOut: this.#census.quarantine.endOf(peer.name, this.#nowMs()) !== undefined,
      table: this.#census.table,
      linkedIncarnation: this.#census.linkedIncarnation(peer.name),
    }
  }

  readonly #isIn = (): boolean => this.#state === 'idle' || this.#state === 'running'

  readonly #nameRefused = (error: FoundationError, isNews: boolean): void => {
    this.#census.readiness.fail(error)
    if (!isNews) return
    this.#census.announcer.trouble(error)
    for (const name of [...this.#census.links.keys()]) this.#deps.transport.close(name)
  }

  readonly #judged = (verdict: Verdict): void => {
    const { name, effect } = verdict
    const nowMs = this.#nowMs()
    if (effect === 'suspect')
      this.#census.announce(this.#census.table.suspect(name, verdict.cause, nowMs))
    if (effect === 'alive') this.#census.announce(this.#census.table.alive(name, nowMs))
    if (effect === 'down') this.#departures.giveUp(name, verdict.cause)
    if (effect === 'close') this.#deps.transport.close(name)
  }

  readonly #ticked = (): void => {
    this.#census.table.purge(this.#nowMs())
    this.#dialing.plan.purge(this.#nowMs())
    this.#dialing.pump()
  }

  readonly #introduced = (members: readonly Introduction[]): void => {
    if (this.#state === 'running') this.#dialing.requests.introduce(members)
  }

  readonly #nowMs = (): number => this.#deps.host.nowMs()

  #notRunning(): FoundationError {
    return new FoundationError('FND_NOT_RUNNING', `Node "${this.#deps.self.name}" is not running`)
  }
}

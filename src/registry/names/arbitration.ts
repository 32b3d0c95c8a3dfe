/**
 * How claims of names are decided: which view this node stands on, the claims it makes, and those it
 * decides as the arbiter of their names. Messages between the three travel here; a claim of a name
 * this node is the arbiter of takes the same way without one.
 */
import type { FoundationError, Host, Timer } from '../../kernel/index.ts'
import type { HeldEntry, OwnerLog } from '../../replication/index.ts'
import type { Router } from '../../transport/index.ts'
import { messageCodes } from '../../wire/index.ts'
import type { RegistryOptions } from '../options.ts'
import { Arbiter, type ArbiterDeps, type Claim, type Verdict } from './arbiter.ts'
import { Claims } from './claims.ts'
import { Desk } from './desk.ts'
import { EpochClock } from './epoch-clock.ts'
import { nameClaims, nameReleases, nameVerdicts, nameView, type WireClaim } from './messages.ts'
import type { NameTable } from './name-table.ts'
import { Post } from './post.ts'
import { claimedEpochOf, recordOf } from './record.ts'
import { namesSpace, type OwnName } from './registration.ts'
import { Standing } from './standing.ts'
import type { View, ViewMember } from './view.ts'

/** What the arbitration talks to. */
export interface ArbitrationDeps {
  readonly router: Pick<Router, 'handle' | 'send'>
  readonly host: Host
  readonly ownerLog: Pick<OwnerLog, 'sequence' | 'hasReached' | 'heldBy' | 'tellNow'>
  readonly self: ViewMember
  readonly table: NameTable
  /** See {@link ArbiterDeps.childAt}. */
  readonly childAt: ArbiterDeps['childAt']
  /** Something came in that others may wait for as well. */
  readonly progressed: () => void
}

/** Figures, for `status()`. */
export interface ArbitrationStats {
  /** Registrations of this node without a verdict. */
  readonly claims: number
  /** Claims of others that wait here for a view to be agreed on. */
  readonly held: number
  /** Names granted here whose owners have not been heard yet. */
  readonly grants: number
  /** False while members have not all come to the same view. */
  readonly isSettled: boolean
}

const tickMs = 25

/** One a node. */
export class Arbitration {
  /** The claims of this node. */
  readonly claims: Claims
  readonly #deps: ArbitrationDeps
  readonly #epochs: EpochClock
  readonly #standing: Standing
  readonly #arbiter: Arbiter
  readonly #desk: Desk
  readonly #post: Post
  #state: 'idle' | 'running' | 'stopped' = 'idle'
  #timer: Timer | undefined

  constructor(deps: ArbitrationDeps, options: RegistryOptions) {
    this.#deps = deps
    const { host, self, ownerLog, router, table, childAt } = deps
    const nowMs = (): number => host.nowMs()
    this.#epochs = new EpochClock(host)
    const epochs = this.#epochs
    this.#standing = new Standing({ router, ownerLog, epochs, self, nowMs }, options.agreeTimeoutMs)
    const { agreement } = this.#standing
    const court = { self: self.name, table, childAt, agreement, epochs }
    this.#arbiter = new Arbiter(court, options)
    const answer = this.#answer.bind(this)
    this.#desk = new Desk({ arbiter: this.#arbiter, nowMs, answer }, options.heldClaimsMax)
    this.#post = new Post(host, router)
    const send = this.#send.bind(this)
    this.claims = new Claims({ view: () => this.view, nowMs, send }, options)
    this.#listen()
  }

  /** The members names are decided by now. */
  get view(): View {
    return this.#standing.view
  }

  start(): void {
    if (this.#state !== 'idle') return
    this.#state = 'running'
    this.progress()
  }

  /** Claims without a verdict fail for that reason. */
  stop(reason: FoundationError): void {
    this.#state = 'stopped'
    this.#timer?.cancel()
    this.#post.stop()
    this.#desk.stop()
    this.claims.stop(reason)
  }

  memberUp(member: ViewMember): void {
    if (this.#standing.memberUp(member)) this.#viewChanged()
  }

  memberDown(name: string, incarnation: string): void {
    if (!this.#standing.memberDown(name, incarnation)) return
    this.#desk.nodeGone(name)
    this.#viewChanged()
  }

  linkUp(peer: string): void {
    if (this.#state !== 'running') return
    this.#standing.stateTo(peer)
    this.claims.linkUp(peer)
  }

  /** A node says that it has a name: what was granted to it is made use of. */
  seen(said: HeldEntry): void {
    const epoch = claimedEpochOf(said)
    if (epoch !== undefined) this.#epochs.observe(epoch)
    if (this.#arbiter.grants === 0) return
    this.#arbiter.seen(said.key, said.log.owner, recordOf(said).epoch)
  }

  /** See {@link Arbiter.granteeOf}. */
  granteeOf(name: string): string | undefined {
    return this.#arbiter.granteeOf(name)
  }

  /** Something came in that claims or disputes wait for. */
  progress(): void {
    if (this.#standing.agreement.check(this.#deps.host.nowMs())) this.#desk.recheck()
    this.#deps.progressed()
  }

  /** A registration of this node is over: its arbiter may not even have heard that it began. */
  release({ name, sequence, claimId }: OwnName): void {
    const arbiter = this.view.arbiterOf(name)
    if (arbiter === this.#deps.self.name || this.#deps.ownerLog.heldBy(arbiter) < sequence) {
      this.#send(arbiter, 'releases', { id: claimId, name })
    }
  }

  stats(): ArbitrationStats {
    return {
      claims: this.claims.size,
      held: this.#desk.held,
      grants: this.#arbiter.grants,
      isSettled: this.#standing.agreement.isSettled,
    }
  }

  #viewChanged(): void {
    if (this.#state === 'stopped') return
    this.claims.viewChanged()
    this.#standing.stateToAll()
    this.#desk.recheck()
    this.progress()
    this.#keepTime()
  }

  #tick(): void {
    this.#timer = undefined
    this.claims.tick()
    this.#arbiter.sweep(this.#deps.host.nowMs())
    this.progress()
    this.#keepTime()
  }

  /** A timer runs only while there is something to wait for. */
  #keepTime(): void {
    const { isSettled } = this.#standing.agreement
    const isIdle = this.claims.size === 0 && isSettled && this.#arbiter.grants === 0
    if (isIdle || this.#state !== 'running') return
    this.#timer ??= this.#deps.host.after(tickMs, () => {
      this.#tick()
    })
  }

  #send(arbiter: string, kind: 'claims' | 'releases', claim: WireClaim): void {
    const { name: node, incarnation } = this.#deps.self
    this.#keepTime()
    if (arbiter !== node) this.#post.claim(arbiter, kind, claim)
    else if (kind === 'claims') this.#desk.receive({ ...claim, node, incarnation })
    else this.#desk.release({ ...claim, node })
  }

  #answer({ node, id, name }: Claim, verdict: Verdict): void {
    const wire = { id, ...verdict }
    // Granted, for this node gave it up just now: the claimant must not hear that it has it still.
    if (verdict.kind === 'granted') this.#deps.ownerLog.tellNow(namesSpace, name)
    if (node === this.#deps.self.name) this.claims.verdict(node, wire)
    else this.#post.verdict(node, wire)
    this.#keepTime()
  }

  #listen(): void {
    const { router } = this.#deps
    router.handle(messageCodes.nameClaims, (body, { from }) => {
      const { claims } = nameClaims.decode(body)
      const incarnation = this.view.members.get(from)?.incarnation
      for (const claim of claims) {
        // Who is no member here will ask again.
        if (incarnation === undefined) this.#post.verdict(from, { id: claim.id, kind: 'stale' })
        else this.#desk.receive({ ...claim, node: from, incarnation })
      }
    })
    router.handle(messageCodes.nameReleases, (body, { from: node }) => {
      const { releases } = nameReleases.decode(body)
      for (const release of releases) this.#desk.release({ ...release, node })
    })
    router.handle(messageCodes.nameVerdicts, (body, { from }) => {
      const { verdicts } = nameVerdicts.decode(body)
      for (const verdict of verdicts) this.claims.verdict(from, verdict)
    })
    router.handle(messageCodes.nameView, (body, { from }) => {
      this.#standing.stated(from, nameView.decode(body))
      this.progress()
    })
  }
}

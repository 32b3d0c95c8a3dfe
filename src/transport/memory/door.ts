/**
 * The handshake, both sides: who dials, who answers, who is let in, and which of two crossing dials
 * becomes the link (that of the smaller node name). Makes no link itself.
 */
import { toError, type Host, type Timer } from '../../kernel/index.ts'
import type { VersionRange } from '../../wire/index.ts'
import type { Admission, DialFailure, LinkInfo, NodeIdentity } from '../port/port.ts'
import { Attempt } from './attempt.ts'
import type { LinkEnd } from './link-end.ts'
import type { Wires } from './network.ts'
import type { PeerLedger } from './peer-ledger.ts'
import { dialError, objectionOf, ourWord, type Objection } from '../port/dial-errors.ts'
import { dialStays, isOvertaken, nextEpoch, screen, type Party } from '../port/handshake-rules.ts'

/** The hub, as transports use it. */
export interface Network extends Wires {
  /** Who answers at an address now; undefined when nobody listens. */
  at(address: string): Door | undefined
}

/** What both sides of a link know of it. */
export type Terms = Pick<LinkInfo, 'peer' | 'epoch' | 'protocol'>

/** What a door works with: one transport. */
export interface DoorDeps {
  readonly host: Host
  readonly network: Network
  readonly ledger: PeerLedger
  /** Name of this node in the faults of the network. */
  readonly place: string
  readonly self: NodeIdentity
  /** The versions this node speaks. */
  readonly protocol: VersionRange
  admit(peer: NodeIdentity): Promise<Admission>
  linkWith(peer: string): LinkEnd | undefined
  /** Makes the link whose other side waits at `remote`; this side is up at once. */
  connect(link: { remote: Door; terms: Terms; attempt: Attempt }): void
  /** The other side of `connect`: an end that waits for the confirmation. */
  makePendingEnd(terms: Terms): LinkEnd
  /** A link was not made; `isOurDial` when this node had dialled. */
  refused(address: string, objection: Objection, isOurDial: boolean): void
}

/** What the one who was dialled says. `epoch` is of the latest link between the two incarnations. */
export type Answer = { readonly kind: 'refuse'; readonly objection: Objection } | Meeting

/** `crossed`: my own dial to you goes on, wait for it. `linked`: I have a live link with you. */
export interface Meeting extends Party {
  readonly kind: 'welcome' | 'crossed' | 'linked'
  readonly epoch: number
}

/** A peer that was welcomed and has not confirmed yet. */
interface Guest {
  readonly identity: NodeIdentity
  readonly attempt: Attempt
  readonly deadline: Timer
  end: LinkEnd | undefined
}

/** One a transport. */
export class Door {
  readonly deps: DoorDeps
  readonly #attempts = new Map<string, Attempt>()
  /** Dials of others that wait for an answer of this node, each with what ends it when there is none. */
  readonly #unanswered = new Map<Attempt, () => void>()
  readonly #guests = new Map<string, Guest>()
  readonly #awaitingLink = new Map<string, Set<() => void>>()
  #state: 'open' | 'leaving' = 'open'

  constructor(deps: DoorDeps) {
    this.deps = deps
  }

  /** The attempt on this address: the one under way, or a new one. */
  dial(address: string): Attempt {
    const underWay = this.#attempts.get(address)
    if (underWay) return underWay
    const { host, network } = this.deps
    const attempt = new Attempt(address, {
      host,
      network,
      over: () => {
        this.#attempts.delete(address)
        network.at(address)?.answered(attempt)
      },
    })
    this.#attempts.set(address, attempt)
    this.#knock(attempt).catch((thrown: unknown) => {
      attempt.failWith(toError(thrown))
    })
    return attempt
  }

  /** What this node says to one that dials it. */
  async answer(party: Party, attempt: Attempt): Promise<Answer> {
    const peer = party.identity
    const objection = this.#objection(party)
    if (objection !== undefined) return this.#refuse(peer, objection)
    if (this.#crosses(peer)) return this.#say('crossed', peer)
    const admission = await this.deps.admit(peer)
    if (admission !== 'admit') return this.#refuse(peer, objectionOf(admission))
    const late = this.#objection(party)
    if (late !== undefined) return this.#refuse(peer, late)
    if (this.#crosses(peer)) return this.#say('crossed', peer)
    if (this.#linkWith(peer)) return this.#say('linked', peer)
    this.#expect(peer, attempt)
    return this.#say('welcome', peer)
  }

  /** The end of the link a welcomed peer is about to confirm. */
  pendingEnd(terms: Terms): LinkEnd {
    const end = this.deps.makePendingEnd(terms)
    const guest = this.#guests.get(terms.peer.name)
    if (guest?.identity.incarnation === terms.peer.incarnation) guest.end = end
    return end
  }

  /** The confirmation of a guest came: true when it is still welcome. */
  confirm(end: LinkEnd): boolean {
    const { peer, epoch } = end.info
    const guest = this.#guests.get(peer.name)
    if (guest?.end !== end || isOvertaken(epoch, this.deps.ledger.epoch(peer))) return false
    this.#forget(guest)
    return true
  }

  /** A dial is on its way to this node: `reset` is called when it ends before it answered. */
  awaits(attempt: Attempt, reset: () => void): void {
    this.#unanswered.set(attempt, reset)
  }

  answered(attempt: Attempt): void {
    this.#unanswered.delete(attempt)
  }

  /** A link with this peer is up: who waits for it is done. */
  linked(peer: string): void {
    for (const wake of this.#awaitingLink.get(peer) ?? []) wake()
    this.#awaitingLink.delete(peer)
  }

  /** Lets nobody in or out any more; dials under way fail. */
  close(reason: DialFailure): void {
    this.#state = 'leaving'
    for (const attempt of [...this.#attempts.values()]) attempt.fail(reason)
    for (const guest of [...this.#guests.values()]) {
      guest.end?.shut('lost', 'lost')
      this.#forget(guest)
    }
    this.#awaitingLink.clear()
    for (const reset of [...this.#unanswered.values()]) reset()
  }

  async #knock(attempt: Attempt): Promise<void> {
    const { network, place, host } = this.deps
    const there = placeOf(attempt.address)
    if (there === undefined) {
      attempt.fail('unreachable')
      return
    }
    const answerer = network.at(attempt.address)
    answerer?.awaits(attempt, () => {
      attempt.reset({ from: there, to: place, host })
    })
    await attempt.travel({ from: place, to: there, ...(answerer && { host: answerer.deps.host }) })
    const remote = network.at(attempt.address)
    const answer: Answer = remote
      ? await remote.answer(copyOf(this.#party), attempt)
      : { kind: 'refuse', objection: objectionOf('refused') }
    answerer?.answered(attempt)
    await attempt.travel({ from: there, to: place, host })
    if (attempt.isOver) return
    if (answer.kind === 'refuse') this.#turnedAway(attempt, answer.objection)
    else if (network.at(attempt.address) !== remote || !remote) attempt.fail('broken')
    else await this.#enter(attempt, remote, copyOf(answer))
  }

  /** The dialler's half, once it knows who answered. */
  async #enter(attempt: Attempt, remote: Door, answer: Meeting): Promise<void> {
    const peer = answer.identity
    const protocol = screen(this.#party, answer)
    if (typeof protocol !== 'number') {
      this.#turnedAway(attempt, protocol)
      return
    }
    if (this.#mustWait(answer)) {
      await this.#waitForLink(attempt, peer)
      return
    }
    // Its link is one this side has lost already: it was not waiting for a new one, and hears soon.
    if (answer.kind === 'linked' && !this.#linkWith(peer)) {
      attempt.fail('broken')
      return
    }
    const admission = this.#linkWith(peer) ? 'admit' : await this.deps.admit(peer)
    if (attempt.isOver) return
    if (this.#linkWith(peer)) attempt.succeed(peer)
    else if (admission !== 'admit') this.#turnedAway(attempt, ourWord(admission))
    else if (this.#yieldsTo(peer)) await this.#waitForLink(attempt, peer)
    else {
      const epoch = nextEpoch(this.deps.ledger.epoch(peer), answer.epoch)
      this.deps.connect({ remote, terms: { peer, epoch, protocol }, attempt })
      attempt.succeed(peer)
    }
  }

  /** True when the link comes, or is about to come, from the other side. */
  #mustWait(answer: Meeting): boolean {
    const peer = answer.identity
    if (this.#linkWith(peer)) return false
    if (answer.kind === 'crossed' || this.#yieldsTo(peer)) return true
    return answer.kind === 'linked' && this.deps.ledger.epoch(peer) < answer.epoch
  }

  async #waitForLink(attempt: Attempt, peer: NodeIdentity): Promise<void> {
    await new Promise<void>((resolve) => {
      const waiting = this.#awaitingLink.get(peer.name) ?? new Set()
      this.#awaitingLink.set(peer.name, waiting.add(resolve))
    })
    attempt.succeed(peer)
  }

  /** A live link with this very incarnation. */
  #linkWith(peer: NodeIdentity): LinkEnd | undefined {
    const end = this.deps.linkWith(peer.name)
    return end?.info.peer.incarnation === peer.incarnation ? end : undefined
  }

  /** Our own dial to the peer is under way and has precedence over the peer's. */
  #crosses(peer: NodeIdentity): boolean {
    if (!dialStays(this.deps.self.name, peer.name)) return false
    return peer.addresses.some((address) => this.#attempts.has(address))
  }

  /** The peer's dial was welcomed here and has precedence over ours. */
  #yieldsTo(peer: NodeIdentity): boolean {
    const guest = this.#guests.get(peer.name)
    return (
      guest?.identity.incarnation === peer.incarnation && dialStays(peer.name, this.deps.self.name)
    )
  }

  get #party(): Party {
    return { identity: this.deps.self, protocol: this.deps.protocol }
  }

  #objection(peer: Party): Objection | undefined {
    if (this.#state === 'leaving') return objectionOf('leaving')
    const verdict = screen(this.#party, peer)
    return typeof verdict === 'number' ? undefined : verdict
  }

  #say(kind: 'welcome' | 'crossed' | 'linked', peer: NodeIdentity): Answer {
    return { kind, ...this.#party, epoch: this.deps.ledger.epoch(peer) }
  }

  #refuse(peer: NodeIdentity, objection: Objection): Answer {
    this.deps.refused(peer.addresses[0] ?? peer.name, objection, false)
    return { kind: 'refuse', objection }
  }

  #turnedAway(attempt: Attempt, objection: Objection): void {
    this.deps.refused(attempt.address, objection, true)
    attempt.failWith(dialError(attempt.address, objection))
  }

  #expect(identity: NodeIdentity, attempt: Attempt): void {
    const { host, network } = this.deps
    const former = this.#guests.get(identity.name)
    if (former) this.#forget(former)
    const deadline = host.after(network.options.dialTimeoutMs, () => {
      this.#forget(guest)
    })
    const guest: Guest = { identity, attempt, deadline, end: undefined }
    this.#guests.set(identity.name, guest)
  }

  #forget(guest: Guest): void {
    guest.deadline.cancel()
    if (this.#guests.get(guest.identity.name) === guest) this.#guests.delete(guest.identity.name)
  }
}

/** The node's name in "name:port", or undefined when the address is of another form. */
function placeOf(address: string): string | undefined {
  return /^(.+):\d+$/.exec(address)?.[1]
}

/** What was said as it comes out of the other end of a wire. */
function copyOf<T>(said: T): T {
  return JSON.parse(JSON.stringify(said)) as T
}

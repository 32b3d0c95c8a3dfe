/**
 * The handshake, both sides: who dials, who answers, who is let in, and which of two crossing dials
 * becomes the link (that of the smaller node name). Makes no link itself.
 */
import { toError, type Host, type Timer } from '../../kernel/index.ts'
import type { Admission, DialFailure, NodeIdentity } from '../port.ts'
import { Attempt } from './attempt.ts'
import type { LinkEnd } from './link-end.ts'
import type { Wires } from './network.ts'
import type { PeerLedger } from './peer-ledger.ts'
import { dialError, screen } from './refusals.ts'

/** The hub, as transports use it. */
export interface Network extends Wires {
  /** Who answers at an address now; undefined when nobody listens. */
  at(address: string): Door | undefined
}

/** What a door works with: one transport. */
export interface DoorDeps {
  readonly host: Host
  readonly network: Network
  readonly ledger: PeerLedger
  /** Name of this node in the faults of the network. */
  readonly place: string
  readonly self: NodeIdentity
  admit(peer: NodeIdentity): Promise<Admission>
  linkWith(peer: string): LinkEnd | undefined
  /** Makes the link whose other side waits at `remote`; this side is up at once. */
  connect(link: { remote: Door; peer: NodeIdentity; epoch: number; attempt: Attempt }): void
  /** The other side of `connect`: an end that waits for the confirmation. */
  makePendingEnd(peer: NodeIdentity, epoch: number): LinkEnd
  refused(address: string, reason: DialFailure): void
}

/** What the one who was dialled says. `epoch` is of the latest link between the two incarnations. */
export type Answer = { readonly kind: 'refuse'; readonly reason: DialFailure } | Meeting

/** `crossed`: my own dial to you goes on, wait for it. `linked`: I have a live link with you. */
export interface Meeting {
  readonly kind: 'welcome' | 'crossed' | 'linked'
  readonly identity: NodeIdentity
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
      over: () => this.#attempts.delete(address),
    })
    this.#attempts.set(address, attempt)
    this.#knock(attempt).catch((thrown: unknown) => {
      attempt.failWith(toError(thrown))
    })
    return attempt
  }

  /** What this node says to one that dials it. */
  async answer(peer: NodeIdentity, attempt: Attempt): Promise<Answer> {
    const objection = this.#objection(peer)
    if (objection !== undefined) return this.#refuse(peer, objection)
    if (this.#crosses(peer)) return this.#say('crossed', peer)
    const admission = await this.deps.admit(peer)
    if (admission !== 'admit') return this.#refuse(peer, admission)
    const late = this.#objection(peer)
    if (late !== undefined) return this.#refuse(peer, late)
    if (this.#crosses(peer)) return this.#say('crossed', peer)
    if (this.#linkWith(peer)) return this.#say('linked', peer)
    this.#expect(peer, attempt)
    return this.#say('welcome', peer)
  }

  /** The end of the link a welcomed peer is about to confirm. */
  pendingEnd(peer: NodeIdentity, epoch: number): LinkEnd {
    const end = this.deps.makePendingEnd(peer, epoch)
    const guest = this.#guests.get(peer.name)
    if (guest?.identity.incarnation === peer.incarnation) guest.end = end
    return end
  }

  /** The confirmation of a guest came: true when it is still welcome. */
  confirm(end: LinkEnd): boolean {
    const { peer, epoch } = end.info
    const guest = this.#guests.get(peer.name)
    if (guest?.end !== end || epoch <= this.deps.ledger.epoch(peer)) return false
    this.#forget(guest)
    return true
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
  }

  async #knock(attempt: Attempt): Promise<void> {
    const { network, place, host, self } = this.deps
    const there = placeOf(attempt.address)
    if (there === undefined) {
      attempt.fail('unreachable')
      return
    }
    const listener = network.at(attempt.address)?.deps.host
    await attempt.travel({ from: place, to: there, ...(listener && { host: listener }) })
    const remote = network.at(attempt.address)
    const answer: Answer = remote
      ? await remote.answer(copyOf(self), attempt)
      : { kind: 'refuse', reason: 'refused' }
    await attempt.travel({ from: there, to: place, host })
    if (attempt.isOver) return
    if (answer.kind === 'refuse') this.#turnedAway(attempt, answer.reason)
    else if (network.at(attempt.address) !== remote || !remote) attempt.fail('broken')
    else await this.#enter(attempt, remote, { ...answer, identity: copyOf(answer.identity) })
  }

  /** The dialler's half, once it knows who answered. */
  async #enter(attempt: Attempt, remote: Door, answer: Meeting): Promise<void> {
    const peer = answer.identity
    const objection = screen(this.deps.self, peer)
    if (objection !== undefined) {
      this.#turnedAway(attempt, objection)
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
      const epoch = Math.max(this.deps.ledger.epoch(peer), answer.epoch) + 1
      this.deps.connect({ remote, peer, epoch, attempt })
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
    if (this.deps.self.name > peer.name) return false
    return peer.addresses.some((address) => this.#attempts.has(address))
  }

  /** The peer's dial was welcomed here and has precedence over ours. */
  #yieldsTo(peer: NodeIdentity): boolean {
    const guest = this.#guests.get(peer.name)
    return guest?.identity.incarnation === peer.incarnation && peer.name < this.deps.self.name
  }

  #objection(peer: NodeIdentity): DialFailure | undefined {
    return this.#state === 'leaving' ? 'leaving' : screen(this.deps.self, peer)
  }

  #say(kind: 'welcome' | 'crossed' | 'linked', peer: NodeIdentity): Answer {
    return { kind, identity: this.deps.self, epoch: this.deps.ledger.epoch(peer) }
  }

  #refuse(peer: NodeIdentity, reason: DialFailure): Answer {
    this.deps.refused(peer.addresses[0] ?? peer.name, reason)
    return { kind: 'refuse', reason }
  }

  #turnedAway(attempt: Attempt, reason: DialFailure): void {
    this.deps.refused(attempt.address, reason)
    attempt.failWith(dialError(attempt.address, reason))
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

/** That the peer's name is taken is no word on ours: the caller is told that we turned it away. */
function ourWord(admission: Exclude<Admission, 'admit'>): DialFailure {
  return admission === 'name_in_use' ? 'rejected' : admission
}

/** The node's name in "name:port", or undefined when the address is of another form. */
function placeOf(address: string): string | undefined {
  return /^(.+):\d+$/.exec(address)?.[1]
}

/** An identity as it comes out of the other end of a wire. */
function copyOf(identity: NodeIdentity): NodeIdentity {
  return JSON.parse(JSON.stringify(identity)) as NodeIdentity
}

/**
 * Dials: makes a link, or finds the one that another handshake with the same peer makes or has made,
 * and makes the connections of its classes.
 */
import type { TLSSocket } from 'node:tls'
import { deferred } from '../../kernel/index.ts'
import { nextEpoch } from '../port/handshake-rules.ts'
import type { NodeIdentity } from '../port/port.ts'
import type { Opened } from './class-dialer.ts'
import type { VerifiedPeer } from './credentials.ts'
import { dialTls } from './dialer.ts'
import {
  askAdmission,
  bringUp,
  duplicateLink,
  helloOf,
  openedOf,
  type GreetingDeps,
} from './greeting.ts'
import { offer, type Greeted, type OfferOptions } from './handshake.ts'
import type { HelloConfirm, HelloReply } from './hello.ts'
import type { Lane } from './lane.ts'
import { judgeReply, type Claim } from './link-table.ts'
import type { Link } from './link.ts'
import { dialError, type Refusal } from './tls-failure.ts'

/** A link that another handshake makes is there by then; longer than {@link Link.challenge} takes. */
const rivalMaxMs = 2_500

/** One a node. */
export class LinkDialer {
  readonly #deps: GreetingDeps

  constructor(deps: GreetingDeps) {
    this.#deps = deps
  }

  /**
   * Makes a link, or finds the one that exists.
   *
   * @throws {FoundationError} as `Transport.dial`
   */
  async dial(address: string, signal: AbortSignal): Promise<NodeIdentity> {
    const first = await this.#dialOnce(address, signal)
    if (!first.rival) return first.peer
    const arrived = await this.#awaitLink(first.peer, signal)
    if (arrived) return arrived
    // The link the peer believed in was dead: by now it has noticed.
    const second = await this.#dialOnce(address, signal)
    if (!second.rival) return second.peer
    const message = `Cannot link to ${address}: node "${second.peer.name}" says there is a link, which this node does not have; it will be tried again`
    throw dialError({ reason: 'broken', message }, address)
  }

  /** Makes the connection of one class of a link that this node dialled. */
  async dialClass(link: Link, lane: Lane, signal: AbortSignal): Promise<Opened> {
    const { info, id } = link
    const { socket, peer } = await this.#dialTls(info.address, info.peer.name, signal)
    const generation = link.nextGeneration(lane)
    const hello = { ...helloOf(this.#deps, lane.channelClass), link: id, epoch: generation }
    const greeted = await this.#offer(socket, peer, {
      ...{ address: info.address, signal, hello: { ...hello, nextSequence: link.firstUnsent() } },
      decide: () => Promise.resolve({ epoch: generation, nextSequence: link.firstUnsent() }),
    })
    return openedOf(greeted, greeted.theirs.nextSequence, generation)
  }

  /** One handshake; `rival` when another one makes, or has made, the link with that peer. */
  async #dialOnce(address: string, signal: AbortSignal): Promise<DialResult> {
    const { socket, peer } = await this.#dialTls(address, '*', signal)
    const proposal = new Proposal(this.#deps)
    try {
      const greeted = await this.#offer(socket, peer, {
        ...{ address, signal, hello: helloOf(this.#deps, 'control'), decide: proposal.decide },
      })
      bringUp(this.#deps, greeted, { address, dialedBy: 'self' })
      return { peer: greeted.peer, rival: false }
    } catch (error) {
      if (!proposal.rival) throw error
      return { peer: proposal.rival, rival: true }
    } finally {
      proposal.claim?.end()
    }
  }

  async #dialTls(
    address: string,
    expect: string,
    signal: AbortSignal,
  ): Promise<{ socket: TLSSocket; peer: VerifiedPeer }> {
    const { host, credentials, self, dialTimeoutMs } = this.#deps
    const timeoutMs = dialTimeoutMs
    return dialTls(address, { host, credentials, self: self.name, expect, timeoutMs, signal })
  }

  #offer(socket: TLSSocket, peer: VerifiedPeer, how: OfferHow): Promise<Greeted> {
    const { host, dialTimeoutMs } = this.#deps
    return offer(socket, { host, peer, timeoutMs: dialTimeoutMs, ...how })
  }

  /** The peer has a link with us, or its own dial is about to win. Undefined: it was neither. */
  async #awaitLink(
    { name, incarnation }: NodeIdentity,
    signal: AbortSignal,
  ): Promise<NodeIdentity | undefined> {
    const { table, host } = this.#deps
    const arrived = deferred<NodeIdentity | undefined>()
    const check = (link: Link | undefined): void => {
      const peer = link?.info.peer
      if (peer?.name === name && peer.incarnation === incarnation) arrived.resolve(peer)
    }
    const onAbort = (): void => {
      arrived.reject(signal.reason)
    }
    const timer = host.after(rivalMaxMs, () => {
      arrived.resolve(undefined)
    })
    const stopListening = table.onAdded(check)
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    check(table.get(name))
    return await arrived.promise.finally(() => {
      timer.cancel()
      stopListening()
      signal.removeEventListener('abort', onAbort)
    })
  }
}

type OfferHow = Pick<OfferOptions, 'address' | 'signal' | 'hello' | 'decide'>

interface DialResult {
  readonly peer: NodeIdentity
  readonly rival: boolean
}

/** The dialing side's decisions in one handshake. */
class Proposal {
  /** The peer, when another handshake with it makes the link. */
  rival: NodeIdentity | undefined
  claim: Claim | undefined
  readonly #deps: GreetingDeps

  constructor(deps: GreetingDeps) {
    this.#deps = deps
  }

  readonly decide = async (reply: HelloReply): Promise<HelloConfirm | Refusal> => {
    const { identity: peer } = reply
    if (reply.link === duplicateLink || this.#isLost(peer)) return this.#giveWay(peer)
    const refusal = await askAdmission(this.#deps, peer)
    if (refusal) return refusal
    if (this.#isLost(peer)) return this.#giveWay(peer)
    this.claim = this.#deps.table.claim('confirming', peer)
    const { epoch, next } = this.#deps.book.of(peer)
    return { epoch: nextEpoch(epoch, reply.epoch), nextSequence: [...next] }
  }

  #isLost(peer: NodeIdentity): boolean {
    const { table, self } = this.#deps
    return judgeReply(table.view(peer.name), peer, self.name) !== 'go-on'
  }

  #giveWay(peer: NodeIdentity): Refusal {
    this.rival = peer
    return { reason: 'duplicate', message: 'There is a link already, or one is being made' }
  }
}

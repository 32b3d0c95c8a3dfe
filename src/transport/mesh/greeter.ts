/**
 * Turns sockets into links: dials and answers, asks membership, settles which of several
 * handshakes with one peer wins, and agrees on the epoch and where the streams go on.
 */
import type { TLSSocket } from 'node:tls'
import { deferred, isFoundationError, type FoundationError, type Host } from '../../kernel/index.ts'
import { protocolVersions } from '../../wire/index.ts'
import type { ChannelClass, LinkInfo, NodeIdentity, TransportHandlers } from '../port.ts'
import type { Opened } from './class-dialer.ts'
import type { Credentials, VerifiedPeer } from './credentials.ts'
import { dialTls } from './dialer.ts'
import { answer, offer, remoteAddressOf, type Greeted } from './handshake.ts'
import type { Hello, HelloConfirm, HelloReply } from './hello.ts'
import type { Lane } from './lane.ts'
import { judgeHello, judgeReply, type Claim, type LinkTable } from './link-table.ts'
import type { LinkFacts } from './link-facts.ts'
import type { Link } from './link.ts'
import type { StreamBook } from './sequence.ts'
import { dialError, type Refusal } from './tls-failure.ts'

/** What a greeter talks to. */
export interface GreeterDeps {
  readonly host: Host
  readonly self: NodeIdentity
  readonly credentials: Credentials
  readonly handlers: Pick<TransportHandlers, 'admit'>
  readonly table: LinkTable
  readonly book: StreamBook
  readonly dialTimeoutMs: number
  /** Aborts when the engine stops. */
  readonly stopping: AbortSignal
  /** Puts a link into the table, tells of it and starts it. */
  readonly linkUp: (facts: LinkFacts, opened: Opened) => void
}

/** In place of a link id in a reply: there is a link already, or one is being made. */
const duplicateLink = 'duplicate'

/** A link that another handshake makes is there by then; longer than {@link Link.challenge} takes. */
const rivalMaxMs = 2_500

/** One a node. */
export class Greeter {
  readonly #deps: GreeterDeps

  constructor(deps: GreeterDeps) {
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
    const message = `Cannot link to ${address}: node "${second.peer.name}" says there is a link`
    throw dialError({ reason: 'broken', message }, address)
  }

  /** Makes the connection of one class of a link that this node dialled. */
  async dialClass(link: Link, lane: Lane, signal: AbortSignal): Promise<Opened> {
    const { info, id } = link
    const { socket, peer } = await this.#dialTls(info.address, info.peer.name, signal)
    const generation = link.nextGeneration(lane)
    const hello = { ...this.#hello(lane.channelClass), link: id, epoch: generation }
    const greeted = await this.#offer(socket, peer, {
      ...{ address: info.address, signal, hello: { ...hello, nextSequence: link.firstUnsent() } },
      decide: () => Promise.resolve({ epoch: generation, nextSequence: link.firstUnsent() }),
    })
    return openedOf(greeted, greeted.theirs.nextSequence, generation)
  }

  /** Takes an authenticated connection that was accepted. */
  async accept(socket: TLSSocket, peer: VerifiedPeer): Promise<void> {
    const { host, self, dialTimeoutMs } = this.#deps
    let claim: Claim | undefined
    try {
      const greeted = await answer(socket, {
        ...{ host, self, peer, protocol: protocolVersions, timeoutMs: dialTimeoutMs },
        decide: async (hello) => {
          if (hello.class !== 'control') return this.#answerClass(hello)
          return this.#answerControl(hello, (made) => {
            claim = made
          })
        },
      })
      this.#accepted(greeted)
    } finally {
      claim?.end()
    }
  }

  /** One handshake; `rival` when another one makes, or has made, the link with that peer. */
  async #dialOnce(address: string, signal: AbortSignal): Promise<DialResult> {
    const { socket, peer } = await this.#dialTls(address, '*', signal)
    const proposal = new Proposal(this.#deps)
    try {
      const greeted = await this.#offer(socket, peer, {
        ...{ address, signal, hello: this.#hello('control'), decide: proposal.decide },
      })
      this.#linkUp(greeted, { address, dialedBy: 'self' })
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

  #hello(channelClass: ChannelClass): Hello {
    const { host, self } = this.#deps
    const nonce = Buffer.from(host.randomBytes(16)).toString('base64url')
    return {
      ...{ protocol: protocolVersions, identity: self, class: channelClass, nonce },
      ...{ nextSequence: [], epoch: 0 },
    }
  }

  /** `claimed` is called in the turn of the last look at the table: a dial of ours looks there too. */
  async #answerControl(
    hello: Hello,
    claimed: (claim: Claim) => void,
  ): Promise<HelloReply | Refusal> {
    const { identity: peer } = hello
    if (this.#isLinked(peer)) return this.#duplicateReply(peer)
    const refusal = await ask(this.#deps, peer)
    if (refusal) return refusal
    // Asking took time: another handshake with the peer may have been faster.
    if (this.#isLinked(peer)) return this.#duplicateReply(peer)
    claimed(this.#deps.table.claim('answering', peer))
    const streams = this.#deps.book.of(peer)
    const link = Buffer.from(this.#deps.host.randomBytes(16)).toString('base64url')
    const { epoch, next } = streams
    return { ...this.#hello('control'), link, epoch, nextSequence: [...next] }
  }

  #isLinked({ name, incarnation }: NodeIdentity): boolean {
    return judgeHello(this.#deps.table.view(name), incarnation) === 'linked'
  }

  #duplicateReply(peer: NodeIdentity): HelloReply {
    this.#deps.table.get(peer.name)?.challenge()
    return { ...this.#hello('control'), link: duplicateLink }
  }

  #answerClass(hello: Hello): HelloReply | Refusal {
    const link = this.#linkOf(hello)
    if (!link) return { reason: 'rejected', message: 'There is no such link' }
    const nextSequence = link.firstUnsent()
    return { ...this.#hello(hello.class), link: link.id, epoch: hello.epoch, nextSequence }
  }

  #linkOf({ link: id = '', identity, class: channelClass, epoch }: Hello): Link | undefined {
    const link = this.#deps.table.byId(id)
    if (link?.isUp !== true || link.info.dialedBy !== 'peer') return undefined
    const { name, incarnation } = link.info.peer
    if (name !== identity.name || incarnation !== identity.incarnation) return undefined
    return epoch > link.lane[channelClass].meter.generation ? link : undefined
  }

  #accepted(greeted: Greeted): void {
    const { theirs, confirm, socket } = greeted
    if (theirs.class === 'control') {
      this.#linkUp(greeted, { address: remoteAddressOf(socket), dialedBy: 'peer' })
      return
    }
    const link = this.#linkOf(theirs)
    if (link) link.attach(theirs.class, openedOf(greeted, confirm.nextSequence, theirs.epoch))
    else socket.destroy()
  }

  #linkUp(greeted: Greeted, seen: Pick<LinkInfo, 'address' | 'dialedBy'>): void {
    const { peer, confirm, link: id, theirs, socket } = greeted
    if (this.#deps.stopping.aborted) {
      socket.destroy()
      throw this.#deps.stopping.reason
    }
    const told = seen.dialedBy === 'self' ? theirs.nextSequence : confirm.nextSequence
    const streams = this.#deps.book.of(peer)
    streams.epoch = confirm.epoch
    const info = { peer, epoch: confirm.epoch, ...seen }
    this.#deps.linkUp({ id, info, streams }, openedOf(greeted, told, 0))
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

interface DialResult {
  readonly peer: NodeIdentity
  readonly rival: boolean
}

/** The dialing side's decisions in one handshake. */
class Proposal {
  /** The peer, when another handshake with it makes the link. */
  rival: NodeIdentity | undefined
  claim: Claim | undefined
  readonly #deps: GreeterDeps

  constructor(deps: GreeterDeps) {
    this.#deps = deps
  }

  readonly decide = async (reply: HelloReply): Promise<HelloConfirm | Refusal> => {
    const { identity: peer } = reply
    if (reply.link === duplicateLink || this.#isLost(peer)) return this.#giveWay(peer)
    const refusal = await ask(this.#deps, peer)
    if (refusal) return refusal
    if (this.#isLost(peer)) return this.#giveWay(peer)
    this.claim = this.#deps.table.claim('confirming', peer)
    const { epoch, next } = this.#deps.book.of(peer)
    return { epoch: Math.max(epoch, reply.epoch) + 1, nextSequence: [...next] }
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

interface OfferHow {
  readonly address: string
  readonly signal: AbortSignal
  readonly hello: Hello
  readonly decide: (reply: HelloReply) => Promise<HelloConfirm | Refusal>
}

function openedOf(greeted: Greeted, told: readonly number[], generation: number): Opened {
  const { socket, leftover } = greeted
  return { socket, leftover, told, generation }
}

/** The word of membership, and ours when the engine stops meanwhile. */
async function ask(deps: GreeterDeps, peer: NodeIdentity): Promise<Refusal | undefined> {
  const admission = await deps.handlers.admit(peer)
  const verdict = deps.stopping.aborted ? 'leaving' : admission
  const { name } = deps.self
  const sentences = {
    name_in_use: `Node "${name}" has a live link to another node named "${peer.name}"`,
    leaving: `Node "${name}" is about to stop, or "${peer.name}" has left`,
    rejected: `Node "${name}" does not admit node "${peer.name}"`,
  }
  return verdict === 'admit' ? undefined : { reason: verdict, message: sentences[verdict] }
}

/** The reason a dial or handshake failed for, when it is known. */
export function reasonOf(error: unknown): string | undefined {
  const reason = isFoundationError(error)
    ? (error satisfies FoundationError).details?.['reason']
    : undefined
  return typeof reason === 'string' ? reason : undefined
}

/** Answers the handshakes of others, for new links and for further classes of links there are. */
import type { TLSSocket } from 'node:tls'
import type { NodeIdentity } from '../port/port.ts'
import type { VerifiedPeer } from './credentials.ts'
import {
  askAdmission,
  bringUp,
  duplicateLink,
  helloOf,
  openedOf,
  type GreetingDeps,
} from './greeting.ts'
import { answer, remoteAddressOf, type Greeted } from './handshake.ts'
import type { Hello, HelloReply } from './hello.ts'
import { judgeHello, type Claim } from './link-table.ts'
import type { Link } from './link.ts'
import type { Refusal } from './tls-failure.ts'

/** One a node. */
export class LinkAcceptor {
  readonly #deps: GreetingDeps

  constructor(deps: GreetingDeps) {
    this.#deps = deps
  }

  /** Takes an authenticated connection that was accepted. */
  async accept(socket: TLSSocket, peer: VerifiedPeer): Promise<void> {
    const { host, self, protocol, dialTimeoutMs } = this.#deps
    let claim: Claim | undefined
    try {
      const greeted = await answer(socket, {
        ...{ host, self, peer, protocol, timeoutMs: dialTimeoutMs },
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

  /** `claimed` is called in the turn of the last look at the table: a dial of ours looks there too. */
  async #answerControl(
    hello: Hello,
    claimed: (claim: Claim) => void,
  ): Promise<HelloReply | Refusal> {
    const { identity: peer } = hello
    if (this.#isLinked(peer)) return this.#duplicateReply(peer)
    const refusal = await askAdmission(this.#deps, peer)
    if (refusal) return refusal
    // Asking took time: another handshake with the peer may have been faster.
    if (this.#isLinked(peer)) return this.#duplicateReply(peer)
    claimed(this.#deps.table.claim('answering', peer))
    const streams = this.#deps.book.of(peer)
    const link = Buffer.from(this.#deps.host.randomBytes(16)).toString('base64url')
    const { epoch, next } = streams
    return { ...helloOf(this.#deps, 'control'), link, epoch, nextSequence: [...next] }
  }

  #isLinked({ name, incarnation }: NodeIdentity): boolean {
    return judgeHello(this.#deps.table.view(name), incarnation) === 'linked'
  }

  #duplicateReply(peer: NodeIdentity): HelloReply {
    this.#deps.table.get(peer.name)?.challenge()
    return { ...helloOf(this.#deps, 'control'), link: duplicateLink }
  }

  #answerClass(hello: Hello): HelloReply | Refusal {
    const link = this.#linkOf(hello)
    if (!link) return { reason: 'rejected', message: 'There is no such link' }
    const nextSequence = link.firstUnsent()
    return { ...helloOf(this.#deps, hello.class), link: link.id, epoch: hello.epoch, nextSequence }
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
      bringUp(this.#deps, greeted, { address: remoteAddressOf(socket), dialedBy: 'peer' })
      return
    }
    const link = this.#linkOf(theirs)
    if (link) link.attach(theirs.class, openedOf(greeted, confirm.nextSequence, theirs.epoch))
    else socket.destroy()
  }
}

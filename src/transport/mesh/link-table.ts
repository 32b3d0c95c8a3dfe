/**
 * The links of one node, and the decision which of several handshakes with one peer becomes the
 * link. Two nodes may dial each other in the same moment; exactly one connection survives:
 * the one dialled by the node with the smaller name.
 */
import { dialStays } from '../port/handshake-rules.ts'
import type { NodeIdentity } from '../port/port.ts'
import type { Link } from './link.ts'

/** What is going on with one peer name. Values are incarnations of the peer. */
export interface PeerView {
  /** The live link. */
  readonly linked?: string | undefined
  /** We sent CONFIRM, or are about to in this very turn. */
  readonly confirming?: string | undefined
  /** As the accepting side we said yes and wait for CONFIRM. */
  readonly answering?: string | undefined
}

/** What to do with a handshake. */
export type HandshakeVerdict =
  | 'go-on'
  | 'linked' // there is a link with this incarnation, or this node has just confirmed one
  | 'theirs' // the peer's own dial, which is under way, wins

/** Accepting side, on HELLO, before and after `admit`. Pure. */
export function judgeHello(view: PeerView, incarnation: string): HandshakeVerdict {
  const isTaken = view.linked === incarnation || view.confirming === incarnation
  return isTaken ? 'linked' : 'go-on'
}

/** Dialing side, on the reply, before and after `admit`. Pure. */
export function judgeReply(
  view: PeerView,
  peer: { name: string; incarnation: string },
  selfName: string,
): HandshakeVerdict {
  if (view.linked === peer.incarnation || view.confirming === peer.incarnation) return 'linked'
  const isAnswered = view.answering === peer.incarnation
  return isAnswered && dialStays(peer.name, selfName) ? 'theirs' : 'go-on'
}

/** A handshake that is neither up nor over; `end` may be called more than once. */
export interface Claim {
  end(): void
}

type ClaimKind = 'confirming' | 'answering'

/** Bounded by the number of peers and by the listener's bound on handshakes. */
export class LinkTable {
  readonly #links = new Map<string, Link>()
  readonly #linksById = new Map<string, Link>()
  readonly #claims = new Map<string, Set<{ kind: ClaimKind; incarnation: string }>>()
  readonly #waiting = new Set<(link: Link) => void>()

  get(peer: string): Link | undefined {
    return this.#links.get(peer)
  }

  byId(id: string): Link | undefined {
    return this.#linksById.get(id)
  }

  all(): Link[] {
    return [...this.#links.values()]
  }

  add(link: Link): void {
    this.#links.set(link.info.peer.name, link)
    this.#linksById.set(link.id, link)
    for (const notify of [...this.#waiting]) notify(link)
  }

  /** False when another link has taken its place. */
  remove(link: Link): void {
    this.#linksById.delete(link.id)
    if (this.#links.get(link.info.peer.name) === link) this.#links.delete(link.info.peer.name)
  }

  view(peer: string): PeerView {
    const claims = [...(this.#claims.get(peer) ?? [])]
    const claimed = (kind: ClaimKind): string | undefined =>
      claims.findLast((claim) => claim.kind === kind)?.incarnation
    const link = this.#links.get(peer)
    return {
      // One that its peer has said goodbye on does not stand in the way of the next.
      linked: link?.isUp ? link.info.peer.incarnation : undefined,
      confirming: claimed('confirming'),
      answering: claimed('answering'),
    }
  }

  /** Notes a handshake under way, until the claim ends. */
  claim(kind: ClaimKind, { name, incarnation }: NodeIdentity): Claim {
    const claims = this.#claims.get(name) ?? new Set()
    const claim = { kind, incarnation }
    this.#claims.set(name, claims.add(claim))
    return {
      end: () => {
        claims.delete(claim)
        if (claims.size === 0 && this.#claims.get(name) === claims) this.#claims.delete(name)
      },
    }
  }

  /** Calls back at every new link until the returned function is called. */
  onAdded(notify: (link: Link) => void): () => void {
    this.#waiting.add(notify)
    return () => this.#waiting.delete(notify)
  }
}

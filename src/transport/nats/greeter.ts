/** Makes links: dials by a request on the broker, and answers the requests of others. */
import { deferred, toError, within, type Deferred, type Host } from '../../kernel/index.ts'
import type { VersionRange } from '../../wire/index.ts'
import { dialError, objectionOf, ourWord, wordTo, type Objection } from '../port/dial-errors.ts'
import { dialStays, isOvertaken, nextEpoch, screen } from '../port/handshake-rules.ts'
import type { Admission, LinkInfo, NodeIdentity } from '../port/port.ts'
import type { LinkFailure } from '../port/refusal-reports.ts'
import type { StreamBook } from '../port/sequence.ts'
import { ask } from './ask.ts'
import type { Client, ClientMessage } from './client.ts'
import { natsKinds, type Frame } from './frames.ts'
import { Guests, type Early } from './guests.ts'
import { refusalOf, words, type Hello, type Refuse } from './handshake.ts'
import type { NatsLink } from './link.ts'
import type { Namesakes } from './namesakes.ts'
import type { Subjects } from './subjects.ts'
import type { Voice } from './voice.ts'

/** A link about to be installed. */
export interface Agreed {
  readonly info: LinkInfo
  readonly sender: string
  /** What the peer sends next, in the order of `directKinds`. */
  readonly nextSequence: readonly number[]
  /** What came of the peer before, to be taken now. */
  readonly early: readonly Early[]
}

/** What a greeter talks to. */
export interface GreeterDeps {
  readonly host: Host
  readonly self: NodeIdentity
  /** The versions this node speaks. */
  readonly protocol: VersionRange
  readonly subjects: Subjects
  readonly voice: Voice
  readonly book: StreamBook
  /** Undefined while the broker is away. */
  readonly client: () => Client | undefined
  /** Says something to one life of a node, in order with its payloads. */
  readonly tell: (peer: { name: string; sender: string }, message: Buffer) => void
  readonly admit: (peer: NodeIdentity) => Promise<Admission>
  readonly linked: (name: string) => NatsLink | undefined
  /** Whether others have this node's name. */
  readonly namesakes: Namesakes
  readonly agreed: (link: Agreed) => void
  readonly refused: (failure: LinkFailure) => void
}

const crossed: Refuse = {
  reason: 'crossed',
  message: 'this node dials the other one at this moment',
}

/** One a running transport. */
export class Greeter {
  readonly #deps: GreeterDeps
  readonly #dialTimeoutMs: number
  /** Dials under way, by the name of the node. */
  readonly #dials = new Map<string, Promise<NodeIdentity>>()
  readonly #guests: Guests
  /** Dials that another one has crossed wait for its link. */
  readonly #waiting = new Map<string, Deferred<NodeIdentity>>()
  #state: 'open' | 'leaving' = 'open'

  constructor(deps: GreeterDeps, dialTimeoutMs: number) {
    this.#deps = deps
    this.#dialTimeoutMs = dialTimeoutMs
    this.#guests = new Guests(deps.host, 2 * dialTimeoutMs)
  }

  /** Takes nobody new any more. */
  close(): void {
    this.#state = 'leaving'
    this.#guests.clear()
    for (const [name, { reject }] of this.#waiting) {
      reject(dialError(this.#deps.subjects.addressOf(name), 'leaving'))
    }
    this.#waiting.clear()
  }

  /** See `Transport.dial`. */
  async dial(address: string, signal?: AbortSignal): Promise<NodeIdentity> {
    signal?.throwIfAborted()
    const at = this.#deps.subjects.nodeAt(address)
    if (at === 'elsewhere') throw dialError(address, 'cluster_mismatch')
    if (!at) throw dialError(address, 'unreachable')
    if (at.name === this.#deps.self.name) this.#assertNamesake(address)
    const linked = this.#deps.linked(at.name)
    if (linked) return linked.info.peer
    const dial = this.#dials.get(at.name) ?? this.#begin(at.name, address)
    return within(this.#deps.host, dial, {
      what: `dial of "${address}"`,
      ...(signal && { signal }),
    })
  }

  /** A link is up, whoever dialled it. */
  linked(peer: NodeIdentity): void {
    this.#waiting.get(peer.name)?.resolve(peer)
    this.#waiting.delete(peer.name)
  }

  /** Nobody would answer but this node itself, who does not. */
  #assertNamesake(address: string): void {
    const state = this.#deps.namesakes.state
    if (state !== 'there') throw dialError(address, state === 'none' ? 'self' : 'refused')
  }

  /** Answers a hello. Never throws. */
  async answer(message: ClientMessage): Promise<void> {
    let frame: Frame
    try {
      frame = this.#deps.voice.read(message.data, message.subject)
    } catch (thrown) {
      this.#turnedAway(message, thrown)
      return
    }
    // To whoever has this node's name; the broker brings it here as well.
    if (frame.sender === this.#deps.voice.sender) return
    try {
      const hello = words.hello.decode(frame.body)
      if (hello.identity.name === this.#deps.self.name) this.#deps.namesakes.heard(frame.sender)
      const verdict = await this.#judge(hello)
      if (typeof verdict === 'number') {
        const guest = { peer: hello.identity, protocol: verdict }
        this.#welcome(message, guest, frame.sender)
      } else this.#turnAway(message, hello.identity, verdict)
    } catch (thrown) {
      this.#refuse(message, { reason: 'broken', message: toError(thrown).message })
    }
  }

  /** The dialer's last word. Nothing happens for somebody unknown, or a link older than the latest. */
  confirm(frame: Frame): void {
    const guest = this.#guests.take(frame.sender)
    if (!guest) return
    const { epoch, nextSequence } = words.confirm.decode(frame.body)
    const { peer, protocol, early } = guest
    if (isOvertaken(epoch, this.#deps.book.of(peer).epoch)) return
    const address = peer.addresses[0] ?? ''
    const info: LinkInfo = { peer, epoch, protocol, address, dialedBy: 'peer' }
    this.#deps.agreed({ info, sender: frame.sender, nextSequence, early })
  }

  /** Keeps a message of one who was welcomed; false when the sender is not one of those. */
  keep(sender: string, early: Early): boolean {
    return this.#guests.keep(sender, early)
  }

  /** The dialer thought better of it. */
  cancelled(sender: string): void {
    this.#guests.take(sender)
  }

  #begin(name: string, address: string): Promise<NodeIdentity> {
    const dial = this.#dial(name, address).finally(() => {
      this.#dials.delete(name)
    })
    // Whoever dialled may have given up meanwhile.
    dial.catch(() => undefined)
    this.#dials.set(name, dial)
    return dial
  }

  async #dial(name: string, address: string): Promise<NodeIdentity> {
    const timeoutMs = this.#dialTimeoutMs
    const answer = await ask(this.#deps, { name, address, timeoutMs, hello: this.#hello() })
    if (answer.kind === natsKinds.refuse) {
      return this.#wasRefused(name, address, words.refuse.decode(answer.body))
    }
    const welcome = words.welcome.decode(answer.body)
    const peer = welcome.identity
    const { sender } = answer
    const protocol = await this.#agree(welcome)
    if (typeof protocol !== 'number') {
      this.#deps.tell({ name: peer.name, sender }, this.#deps.voice.bare(natsKinds.goodbye))
      throw dialError(address, protocol)
    }
    // Its own dial, which crossed this one, has made the link meanwhile: a second would end the first.
    if (this.#linkWith(peer)) return peer
    const streams = this.#deps.book.of(peer)
    const epoch = nextEpoch(streams.epoch, welcome.epoch)
    const confirm = { epoch, nextSequence: [...streams.next] }
    this.#deps.tell({ name: peer.name, sender }, this.#deps.voice.plain(words.confirm, confirm))
    const info: LinkInfo = { peer, epoch, protocol, address, dialedBy: 'self' }
    const early = this.#guests.take(sender)?.early ?? []
    this.#deps.agreed({ info, sender, nextSequence: welcome.nextSequence, early })
    return peer
  }

  async #wasRefused(
    ...[name, address, { reason, message }]: [string, string, Refuse]
  ): Promise<NodeIdentity> {
    if (reason !== 'crossed') {
      const error = dialError(address, { reason, why: `it refused the link: ${message}` })
      this.#deps.refused({ address, reason, message: error.message, isOurDial: true })
      throw error
    }
    const linked = this.#deps.linked(name)
    if (linked) return linked.info.peer
    const waiting = this.#waiting.get(name) ?? deferred<NodeIdentity>()
    waiting.promise.catch(() => undefined)
    this.#waiting.set(name, waiting)
    const what = `dial of "${address}"`
    return within(this.#deps.host, waiting.promise, { what, timeoutMs: this.#dialTimeoutMs })
  }

  /** This node's word on one that dials it. */
  async #judge(hello: Hello): Promise<number | Refuse> {
    const protocol = screen(this.#hello(), hello)
    if (typeof protocol !== 'number') return refusalOf(protocol)
    if (this.#state === 'leaving') return refusalOf(objectionOf('leaving'))
    if (this.#crosses(hello.identity)) return crossed
    const admission = await this.#deps.admit(hello.identity)
    // Asking took time: the dial of this node may have made the link.
    if (this.#crosses(hello.identity)) return crossed
    return admission === 'admit' ? protocol : refusalOf(wordTo(hello.identity, admission))
  }

  /** A dial of this node makes the link with that peer, or has just made it and it does not know yet. */
  #crosses(peer: NodeIdentity): boolean {
    if (this.#dials.has(peer.name) && dialStays(this.#deps.self.name, peer.name)) return true
    const link = this.#linkWith(peer)
    return link?.info.dialedBy === 'self' && link.ageMs < this.#dialTimeoutMs
  }

  /** The link with this very life of the peer. */
  #linkWith(peer: NodeIdentity): NatsLink | undefined {
    const link = this.#deps.linked(peer.name)
    return link?.info.peer.incarnation === peer.incarnation ? link : undefined
  }

  /** This node's word on one that it dialled. */
  async #agree(welcome: Hello): Promise<number | Objection> {
    const protocol = screen(this.#hello(), welcome)
    if (typeof protocol !== 'number') return protocol
    const admission = await this.#deps.admit(welcome.identity)
    return admission === 'admit' ? protocol : ourWord(admission)
  }

  #welcome(
    message: ClientMessage,
    guest: Pick<LinkInfo, 'peer' | 'protocol'>,
    sender: string,
  ): void {
    this.#guests.welcome(sender, guest)
    const { epoch, next } = this.#deps.book.of(guest.peer)
    const welcome = { ...this.#hello(), epoch, nextSequence: [...next] }
    respond(message, this.#deps.voice.sealed(words.welcome, welcome, message.subject))
  }

  #turnAway(message: ClientMessage, peer: NodeIdentity, refuse: Refuse): void {
    const address = this.#deps.subjects.addressOf(peer.name)
    this.#deps.refused({ ...refuse, address, message: `Turned away ${address}: ${refuse.message}` })
    this.#refuse(message, refuse)
  }

  #refuse(message: ClientMessage, refuse: Refuse): void {
    respond(message, this.#deps.voice.sealed(words.refuse, refuse, message.subject))
  }

  /** Somebody whose messages cannot be read: both sides are told. */
  #turnedAway(message: ClientMessage, thrown: unknown): void {
    const why = toError(thrown).message
    this.#deps.refused({ address: 'a node on the broker', reason: 'auth', message: why })
    this.#refuse(message, refusalOf(objectionOf('auth')))
  }

  #hello(): Hello {
    const { protocol, self: identity } = this.#deps
    return { protocol, identity, epoch: 0, nextSequence: [] }
  }
}

/** A connection that is being closed takes no answer: whoever dialled gives up by itself. */
function respond(message: ClientMessage, answer: Buffer): void {
  try {
    message.respond(answer)
  } catch {
    // Drained or closed meanwhile.
  }
}

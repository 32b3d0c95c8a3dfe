/**
 * The handshake inside TLS, from both sides: who are you, do we speak the same protocol, may you
 * come in, where do the streams go on. The caller decides; this file only refuses what can never
 * be right.
 */
import type { TLSSocket } from 'node:tls'
import type { FoundationError, Host } from '../../kernel/index.ts'
import {
  commonVersion,
  noCommonVersion,
  type Speaker,
  type VersionRange,
} from '../../wire/index.ts'
import type { ChannelClass, NodeIdentity } from '../port/port.ts'
import type { VerifiedPeer } from './credentials.ts'
import { HandshakeStream } from './handshake-stream.ts'
import { handshakeFrames, type Hello, type HelloConfirm, type HelloReply } from './hello.ts'
import { remoteAddressOf } from './remote-address.ts'
import { acceptFailure, dialError, dialFailure, type Refusal } from './tls-failure.ts'

export { remoteAddressOf } from './remote-address.ts'

/** A connection whose handshake is done. */
export interface Greeted {
  /** Paused, with an `error` listener of ours and no other. */
  readonly socket: TLSSocket
  readonly role: 'dialed' | 'accepted'
  readonly peer: NodeIdentity
  readonly class: ChannelClass
  readonly link: string
  /** The highest version both speak. */
  readonly protocol: number
  readonly mine: Hello | HelloReply
  readonly theirs: Hello | HelloReply
  readonly confirm: HelloConfirm
  /** Bytes that arrived after the handshake: parse them before those of the socket. */
  readonly leftover: Buffer
}

interface HandshakeOptions {
  readonly host: Host
  /** Who TLS proved the other end to be. */
  readonly peer: VerifiedPeer
  /** For all of the handshake, from the call on. Milliseconds. */
  readonly timeoutMs: number
}

/** What the dialing side brings. */
export interface OfferOptions extends HandshakeOptions {
  readonly hello: Hello
  /** What was dialled, for messages. */
  readonly address: string
  readonly signal?: AbortSignal | undefined
  /** Asked once, after the reply was checked. A refusal is told to the peer and thrown here. */
  readonly decide: (reply: HelloReply) => Promise<HelloConfirm | Refusal>
}

/** What the accepting side brings. */
export interface AnswerOptions extends HandshakeOptions {
  readonly self: NodeIdentity
  readonly protocol: VersionRange
  /** Asked once, after the HELLO was checked. A refusal is told to the peer and thrown here. */
  readonly decide: (hello: Hello) => Promise<HelloReply | Refusal>
}

/**
 * Dialing side: HELLO, reply, decide, CONFIRM. On failure the socket is destroyed.
 *
 * @throws {FoundationError} as `Transport.dial`, with `details.reason`; `signal.reason` when aborted.
 */
export async function offer(socket: TLSSocket, options: OfferOptions): Promise<Greeted> {
  const { address, hello, decide, peer } = options
  const explain = (error: Error, heard: boolean): FoundationError =>
    heard || peer.keyId !== undefined ? dialFailure(error, address) : hungUp(error, address)
  const stream = new HandshakeStream(socket, { ...options, explain })
  try {
    stream.send(handshakeFrames.hello(hello))
    const reply = await stream.next('helloReply')
    const protocol = accepted(stream, objection(hello, reply, peer) ?? commonOf(hello, reply))
    if (hello.link !== undefined && hello.link !== reply.link) throw stream.refuse(otherLink)
    const confirm = await decide(reply)
    if (isRefusal(confirm)) throw stream.refuse(confirm, asOurWord(confirm))
    stream.send(handshakeFrames.helloConfirm(confirm))
    return {
      ...{ socket, role: 'dialed', peer: reply.identity, class: hello.class, link: reply.link },
      ...{ protocol, mine: hello, theirs: reply, confirm, leftover: stream.finish() },
    }
  } catch (error) {
    stream.close()
    throw error
  }
}

/**
 * Accepting side: waits for HELLO, decides, replies, waits for CONFIRM. On failure the socket is
 * destroyed.
 *
 * @throws {FoundationError} with `details.reason`, as {@link offer}
 */
export async function answer(socket: TLSSocket, options: AnswerOptions): Promise<Greeted> {
  const { self, decide, peer } = options
  const address = remoteAddressOf(socket)
  const explain = (error: Error): FoundationError =>
    dialError(acceptFailure(error, address), address, error)
  const stream = new HandshakeStream(socket, { ...options, address, explain })
  try {
    const hello = await stream.next('hello')
    const own = { identity: self, protocol: options.protocol, class: hello.class }
    const protocol = accepted(stream, objection(own, hello, peer) ?? commonOf(own, hello))
    const reply = accepted(stream, await decide(hello))
    stream.send(handshakeFrames.helloReply(reply))
    const confirm = await stream.next('helloConfirm')
    const leftover = stream.finish()
    peer.greeted()
    return {
      ...{ socket, role: 'accepted', peer: hello.identity, class: hello.class, link: reply.link },
      ...{ protocol, mine: reply, theirs: hello, confirm, leftover },
    }
  } catch (error) {
    stream.close()
    throw error
  }
}

/** Node ends a connection whose client certificate it does not accept without a word. */
function hungUp(error: Error, address: string): FoundationError {
  const failure = dialFailure(error, address)
  if (failure.details?.['reason'] !== 'broken') return failure
  const message =
    `Cannot link to ${address}: it ended the connection without a word; it may not accept our ` +
    'certificate (check `cert` and `ca` on both nodes), or it just stopped'
  return dialError({ reason: 'auth', message }, address, error)
}

type OwnSide = Pick<Hello, 'identity' | 'protocol' | 'class'>

/** What can never be right about the other side, whatever the caller thinks. Pure. */
function objection(mine: OwnSide, theirs: Hello, peer: VerifiedPeer): Refusal | undefined {
  const { name, cluster, incarnation } = theirs.identity
  if (incarnation === mine.identity.incarnation) {
    return { reason: 'self', message: `Node "${name}" dialled itself` }
  }
  if (cluster !== mine.identity.cluster) {
    const message = `Node "${name}" is of cluster "${cluster}", not "${mine.identity.cluster}"`
    return { reason: 'cluster_mismatch', message }
  }
  if (!peer.matches(name)) {
    return { reason: 'auth', message: `The key or certificate is not of node "${name}"` }
  }
  if (theirs.class !== mine.class) {
    return { reason: 'broken', message: `Class "${theirs.class}" instead of "${mine.class}"` }
  }
  return undefined
}

function commonOf(mine: OwnSide, theirs: Hello): number | Refusal {
  const protocol = commonVersion(mine.protocol, theirs.protocol)
  if (protocol !== undefined) return protocol
  const message = noCommonVersion(speakerOf(mine), speakerOf(theirs))
  return { reason: 'version', message }
}

function speakerOf({ identity, protocol }: Pick<Hello, 'identity' | 'protocol'>): Speaker {
  return { name: identity.name, protocol }
}

/** Goes on with a value; tells the peer about a refusal and throws it. */
function accepted<T extends object | number>(stream: HandshakeStream, given: T | Refusal): T {
  if (isRefusal(given)) throw stream.refuse(given)
  return given
}

/** That the peer's name is taken is no word on ours: the dialler is told that it turned it away. */
function asOurWord(refusal: Refusal): Refusal {
  return refusal.reason === 'name_in_use' ? { ...refusal, reason: 'rejected' } : refusal
}

const otherLink: Refusal = { reason: 'broken', message: 'The reply is for another link' }

function isRefusal(value: unknown): value is Refusal {
  return typeof value === 'object' && value !== null && 'reason' in value
}

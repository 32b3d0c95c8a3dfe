/**
 * The messages that open every connection, inside TLS:
 *
 *     dialer   HELLO ------------>
 *              <------------ REPLY   acceptor     (or REFUSE, from either side)
 *              CONFIRM ---------->
 *
 * Small, bounded, strictly shaped. Pure; `handshake.ts` carries them.
 */
import { FoundationError } from '../../kernel/index.ts'
import {
  array,
  frameKinds,
  frameOf,
  integer,
  message,
  object,
  oneOfWords,
  optionalOf,
  record,
  string,
  unknownValue,
  type Message,
  type VersionRange,
} from '../../wire/index.ts'
import { channelClasses, type ChannelClass, type NodeIdentity } from '../port/port.ts'
import { isMeshFailure, type Refusal } from './tls-failure.ts'

/** Bound of the body of every frame before the connection is up. */
export const helloMaxBytes: number = 16 * 1024

/** What the dialing side says of itself. */
export interface Hello {
  readonly protocol: VersionRange
  readonly identity: NodeIdentity
  readonly class: ChannelClass
  /** Random, of this side and this connection. 1 to 64 bytes. */
  readonly nonce: string
  /** Id of the link this connection belongs to; absent when it opens a new link. */
  readonly link?: string | undefined
  /**
   * The next sequence this side will send, per class in the order of `channelClasses`; empty while
   * it does not know which peer it talks to.
   */
  readonly nextSequence: readonly number[]
  /**
   * Highest link epoch this side knows with that peer incarnation, 0 if unknown; with `link`: the
   * number of this connection among those of its class. At most 2^32 - 1.
   */
  readonly epoch: number
}

/** The acceptor's own; `link` is chosen by it for `control` and echoed for the other classes. */
export interface HelloReply extends Hello {
  readonly link: string
}

/** The dialer's last word; after it the connection carries data. */
export interface HelloConfirm {
  readonly epoch: number
  readonly nextSequence: readonly number[]
}

/** The four messages of a handshake. */
export interface HandshakeBodies {
  readonly hello: Hello
  readonly helloReply: HelloReply
  readonly helloConfirm: HelloConfirm
  readonly refuse: Refusal
}

/** One of them, decoded. */
export type HandshakeMessage = {
  [K in keyof HandshakeBodies]: { readonly kind: K; readonly value: HandshakeBodies[K] }
}[keyof HandshakeBodies]

const identityShape = object({
  name: string(255),
  incarnation: string(64),
  cluster: string(255),
  addresses: array(string(280), 16),
  roles: array(string(64), 32),
  meta: record(unknownValue(), 64),
})
const counters = {
  nextSequence: array(integer(1), channelClasses.length),
  // A credit frame names the connection of a class by this number, in 32 bits.
  epoch: integer(0, 2 ** 32 - 1),
}
const helloFields = {
  protocol: object({ lowest: integer(1), highest: integer(1) }),
  identity: identityShape,
  class: oneOfWords([...channelClasses]),
  nonce: string(64),
  ...counters,
}
const helloMessage = message(
  frameKinds.hello,
  object({ ...helloFields, link: optionalOf(string(64)) }),
)
const replyMessage = message(frameKinds.helloReply, object({ ...helloFields, link: string(64) }))
const confirmMessage = message(frameKinds.helloConfirm, object(counters))
const refuseMessage = message(
  frameKinds.refuse,
  object({ reason: string(64), message: string(1024) }),
)

/** The frame of one handshake message. */
export const handshakeFrames = {
  hello: (value: Hello): Buffer => frame(helloMessage, value),
  helloReply: (value: HelloReply): Buffer => frame(replyMessage, value),
  helloConfirm: (value: HelloConfirm): Buffer => frame(confirmMessage, value),
  refuse: (value: Refusal): Buffer => frame(refuseMessage, value),
}

/**
 * Takes one handshake frame apart.
 *
 * @throws {FoundationError} `FND_FRAME_INVALID` for any other frame, shape or value out of range.
 */
export function decodeHandshake(kind: number, body: Uint8Array): HandshakeMessage {
  switch (kind) {
    case frameKinds.hello:
      return { kind: 'hello', value: checkedHello(helloMessage.decode(body)) }
    case frameKinds.helloReply:
      return { kind: 'helloReply', value: checkedHello(replyMessage.decode(body)) }
    case frameKinds.helloConfirm:
      return { kind: 'helloConfirm', value: checkedSequences(confirmMessage.decode(body)) }
    case frameKinds.refuse:
      return { kind: 'refuse', value: checkedRefusal(refuseMessage.decode(body)) }
    default:
      throw invalid(`frame kind ${String(kind)} before the handshake is done`)
  }
}

function frame<T>(kind: Message<T>, value: T): Buffer {
  // The frame header carries the kind already: the code byte of the message is left out.
  const body = kind.encode(value).subarray(1)
  if (body.length <= helloMaxBytes) return frameOf(kind.code, body)
  const size = `${String(body.length)} bytes, at most ${String(helloMaxBytes)} are allowed`
  throw new FoundationError(
    'FND_MESSAGE_TOO_LARGE',
    `What this node says of itself takes ${size}; shorten its meta, roles or addresses`,
  )
}

function checkedHello<T extends Hello>(hello: T): T {
  const { identity, protocol, nonce, link } = hello
  for (const text of [identity.name, identity.incarnation, identity.cluster, nonce, link ?? 'none'])
    if (!isPlain(text)) throw invalid('an empty text or one with control characters')
  if (identity.name === '*') throw invalid('node name "*"')
  if (protocol.highest < protocol.lowest) throw invalid('version range')
  checkedSequences(hello)
  return hello
}

function checkedSequences<T extends HelloConfirm>(value: T): T {
  const { nextSequence } = value
  const known = nextSequence.length === 0 || nextSequence.length === channelClasses.length
  if (!known) throw invalid('a list of sequences of another length')
  return value
}

/** A newer peer may know more reasons; its sentence goes to our log, so it has no control characters. */
function checkedRefusal(given: { reason: string; message: string }): Refusal {
  const reason = isMeshFailure(given.reason) ? given.reason : 'rejected'
  return { reason, message: given.message.replaceAll(/\p{C}/gu, '?').slice(0, 512) }
}

function isPlain(text: string): boolean {
  return text !== '' && !/\p{Cc}/u.test(text)
}

function invalid(what: string): FoundationError {
  return new FoundationError('FND_FRAME_INVALID', `Handshake with ${what}`)
}

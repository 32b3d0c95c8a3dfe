/** What the tests of the handshake share: nodes, listeners and dials over loopback. No tests. */
import assert from 'node:assert/strict'
import type { TLSSocket } from 'node:tls'
import { after } from 'node:test'
import {
  deferred,
  isFoundationError,
  Keyring,
  silentLog,
  systemHost,
  within,
  type FoundationError,
  silentTelemetry,
} from '../../kernel/index.ts'
import { protocolVersions } from '../../wire/index.ts'
import type { NodeIdentity } from '../port/port.ts'
import type { Credentials, VerifiedPeer } from './credentials.ts'
import { dialTls, type Dialed, type DialOptions } from './dialer.ts'
import { answer, offer, type AnswerOptions, type Greeted, type OfferOptions } from './handshake.ts'
import type { Hello, HelloConfirm, HelloReply } from './hello.ts'
import { MeshListener, type MeshListenerOptions } from './listener.ts'
import type { Refusal } from './tls-failure.ts'

export const secrets = {
  first: 'first-secret-of-the-tests-0123456789',
  second: 'second-secret-of-the-tests-9876543210',
} as const

export function psk(
  given: string | readonly string[] = secrets.first,
  cluster = 'shop',
): Credentials {
  return { kind: 'psk', keyring: new Keyring([given].flat()), cluster }
}

export function identityOf(name: string, cluster = 'shop'): NodeIdentity {
  const incarnation = `1-${name}`
  return { name, incarnation, cluster, addresses: ['127.0.0.1:1'], roles: [], meta: {} }
}

export function helloOf(name: string, change: Partial<Hello> = {}): Hello {
  const identity = identityOf(name)
  const fresh = { nonce: 'n', nextSequence: [], epoch: 0 }
  return { protocol: protocolVersions, identity, class: 'control', ...fresh, ...change }
}

export function replyOf(name: string, change: Partial<HelloReply> = {}): HelloReply {
  return { ...helloOf(name), link: 'link-1', nextSequence: [1, 1, 1, 1], epoch: 1, ...change }
}

const confirm: HelloConfirm = { epoch: 1, nextSequence: [1, 1, 1, 1] }

/** A listener of node "b" on an own port, and what it saw. Closed after the tests of the file. */
export interface Acceptor {
  readonly listener: MeshListener
  readonly address: string
  readonly port: number
  readonly refusals: Refusal[]
  /** The next authenticated socket. */
  next(): Promise<{ socket: TLSSocket; peer: VerifiedPeer }>
}

const opened: MeshListener[] = []
const sockets = new Set<TLSSocket>()
after(async () => {
  for (const socket of sockets) socket.destroy()
  for (const listener of opened) await listener.close()
})

export async function acceptor(
  change: Partial<MeshListenerOptions> = {},
  onSocket?: (socket: TLSSocket) => void,
): Promise<Acceptor> {
  const refusals: Refusal[] = []
  const arrived: { socket: TLSSocket; peer: VerifiedPeer }[] = []
  const waiting: ((one: { socket: TLSSocket; peer: VerifiedPeer }) => void)[] = []
  const listener = new MeshListener(
    {
      host: systemHost,
      log: silentLog,
      telemetry: silentTelemetry,
      onRefused: (_address, refusal) => refusals.push(refusal),
      onSocket: (socket, peer) => {
        sockets.add(socket)
        if (onSocket) {
          onSocket(socket)
          return
        }
        const taker = waiting.shift()
        if (taker) taker({ socket, peer })
        else arrived.push({ socket, peer })
      },
    },
    {
      ...{ host: '127.0.0.1', port: 0, self: 'b', handshakeTimeoutMs: 5000 },
      ...{ preAuthMaxSockets: 256, credentials: psk(), ...change },
    },
  )
  opened.push(listener)
  const { port } = await listener.listen()
  const next = (): Promise<{ socket: TLSSocket; peer: VerifiedPeer }> => {
    const ready = arrived.shift()
    if (ready) return Promise.resolve(ready)
    const later = deferred<{ socket: TLSSocket; peer: VerifiedPeer }>()
    waiting.push(later.resolve)
    return within(systemHost, later.promise, { what: 'a socket', timeoutMs: 5000 })
  }
  return { listener, address: `127.0.0.1:${String(port)}`, port, refusals, next }
}

/** Dials as node "a", expecting node "b". */
export async function dial(address: string, change: Partial<DialOptions> = {}): Promise<Dialed> {
  const options = { host: systemHost, credentials: psk(), self: 'a', expect: 'b', timeoutMs: 5000 }
  const dialed = await dialTls(address, { ...options, ...change })
  sockets.add(dialed.socket)
  return dialed
}

/** Both TLS ends of one connection, before HELLO. */
export async function pairOfSockets(
  to?: Acceptor,
  change: Partial<DialOptions> = {},
): Promise<{ dialed: Dialed; taken: { socket: TLSSocket; peer: VerifiedPeer } }> {
  const server = to ?? (await acceptor())
  const [dialed, taken] = await Promise.all([dial(server.address, change), server.next()])
  return { dialed, taken }
}

export function offerOn(
  { socket, peer }: Dialed,
  change: Partial<OfferOptions> = {},
): Promise<Greeted> {
  return offer(socket, {
    ...{ host: systemHost, peer, timeoutMs: 5000, hello: helloOf('a'), address: 'address-of-b' },
    ...{ decide: () => Promise.resolve(confirm), ...change },
  })
}

export function answerOn(
  { socket, peer }: { socket: TLSSocket; peer: VerifiedPeer },
  change: Partial<AnswerOptions> = {},
): Promise<Greeted> {
  return answer(socket, {
    ...{ host: systemHost, peer, timeoutMs: 5000, self: identityOf('b') },
    ...{ protocol: protocolVersions, decide: () => Promise.resolve(replyOf('b')), ...change },
  })
}

/** A whole handshake between "a" and "b". */
export async function greetOverTls(
  to?: Acceptor,
  change: Partial<DialOptions> = {},
): Promise<{ dialed: Greeted; accepted: Greeted }> {
  const { dialed, taken } = await pairOfSockets(to, change)
  const [mine, theirs] = await Promise.all([offerOn(dialed), answerOn(taken)])
  return { dialed: mine, accepted: theirs }
}

/** The error a promise ends with; it must be ours, with a reason. */
export async function failureOf(
  work: Promise<unknown>,
): Promise<{ reason: unknown; message: string; error: FoundationError }> {
  const error = await work.then(
    () => assert.fail('expected a failure'),
    (thrown: unknown) => thrown,
  )
  assert.ok(isFoundationError(error), String(error))
  return { reason: error.details?.['reason'], message: error.message, error }
}

/** Waits for a condition of this process, checked every few milliseconds. */
export async function eventually(what: string, holds: () => boolean): Promise<void> {
  const deadlineMs = systemHost.nowMs() + 5000
  while (!holds()) {
    assert.ok(systemHost.nowMs() < deadlineMs, `never happened: ${what}`)
    await new Promise<void>((resolve) => systemHost.after(5, resolve))
  }
}

/**
 * Dials one address and makes the TLS connection: nothing is known of the peer but what its key or
 * certificate proves. With a keyring the first key is offered, and when it is refused the others,
 * so that keys can be changed one node at a time.
 */
import {
  connect,
  createSecureContext,
  type SecureContext,
  type ConnectionOptions,
  type TLSSocket,
} from 'node:tls'
import { deferred, isFoundationError, type Host, type SecretKey } from '../../kernel/index.ts'
import { applicationProtocol, tlsSettings } from './credentials.ts'
import type { CertificateCredentials, Credentials, VerifiedPeer } from './credentials.ts'
import { anyNode, pskFor, pskIdentity } from './psk.ts'
import { certificateHasName, namesOfCertificate } from './subject-names.ts'
import { dialError, dialFailure } from './tls-failure.ts'

/** How to dial. */
export interface DialOptions {
  readonly host: Host
  readonly credentials: Credentials
  /** Our node name. */
  readonly self: string
  /** The node that must answer, or `*` for whichever listens there. */
  readonly expect: string
  /** For all attempts together. Milliseconds. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/** A TLS connection to an authenticated peer; HELLO comes next. */
export interface Dialed {
  readonly socket: TLSSocket
  readonly peer: VerifiedPeer
}

/**
 * @param address "host:port" or "[v6]:port"
 * @throws {FoundationError} `FND_DIAL_FAILED` or `FND_HANDSHAKE_REFUSED` with `details.reason`
 *   (`DialFailure`) and `details.address`; `signal.reason` when aborted.
 */
export async function dialTls(address: string, options: DialOptions): Promise<Dialed> {
  const deadlineMs = options.host.nowMs() + options.timeoutMs
  let failure: unknown
  for (const attempt of attemptsOf(options)) {
    const timeoutMs = Math.max(0, deadlineMs - options.host.nowMs())
    try {
      const socket = await connectOnce(address, { ...options, timeoutMs }, attempt.tls)
      return { socket, peer: peerOf(socket, options, attempt.keyId) }
    } catch (error) {
      failure ??= error
      if (!isFoundationError(error) || error.details?.['reason'] !== 'auth') throw error
    }
  }
  throw failure
}

/** One way to authenticate. */
interface Attempt {
  readonly keyId: string | undefined
  readonly tls: ConnectionOptions
}

/** One for each key; one for a certificate. */
function attemptsOf({ credentials, self, expect }: DialOptions): Attempt[] {
  if (credentials.kind === 'mtls') {
    return [{ keyId: undefined, tls: certificateOptions(credentials, expect) }]
  }
  const { keyring, cluster } = credentials
  const names = { cluster, client: self, server: expect }
  return keyring.keys.map((key) => ({ keyId: key.id, tls: pskOptions(key, names) }))
}

let sharedContext: SecureContext | undefined

/** Holds no key and trusts no authority; making one takes a sixth of a handshake. */
function pskContext(): SecureContext {
  sharedContext ??= createSecureContext({ ...tlsSettings, ca: [] })
  return sharedContext
}

function pskOptions(
  key: SecretKey,
  names: { cluster: string; client: string; server: string },
): ConnectionOptions {
  const identity = pskIdentity({ keyId: key.id, ...names })
  return {
    secureContext: pskContext(),
    pskCallback: () => ({ psk: pskFor(key, identity), identity }),
    // Called for a server that shows a certificate; without an authority none is good anyway.
    checkServerIdentity: () => new Error('CERT_UNEXPECTED'),
  }
}

function certificateOptions(
  { cert, key, ca }: CertificateCredentials,
  expect: string,
): ConnectionOptions {
  return {
    // A context, not PEM texts: those would stay on the socket, for `inspect` to show.
    secureContext: createSecureContext({ ...tlsSettings, cert, key, ca }),
    checkServerIdentity: (_host, certificate) =>
      expect === anyNode || namesOfCertificate(certificate.subjectaltname).includes(expect)
        ? undefined
        : new Error('CERT_ALTNAME_INVALID'),
  }
}

function connectOnce(
  address: string,
  options: DialOptions,
  attempt: ConnectionOptions,
): Promise<TLSSocket> {
  const target = targetOf(address)
  const { host, timeoutMs, signal, credentials } = options
  signal?.throwIfAborted()
  const made = deferred<TLSSocket>()
  const socket = connect({
    ...target,
    ...tlsSettings,
    ALPNProtocols: [applicationProtocol],
    ...attempt,
  })
  const fail = (error: unknown): void => {
    made.reject(error)
    socket.destroy()
  }
  const onAbort = (): void => {
    fail(signal?.reason)
  }
  const timer = host.after(timeoutMs, () => {
    const message = `Cannot link to ${address}: no answer within ${String(options.timeoutMs)} ms`
    fail(dialError({ reason: 'timeout', message }, address))
  })
  signal?.addEventListener('abort', onAbort, { once: true })
  // Stays for the life of the socket: an error nobody listens to would end the process.
  socket.on('error', (error) => {
    fail(dialFailure(error, address))
  })
  socket.once('close', () => {
    fail(dialFailure(new Error('closed'), address))
  })
  socket.once('secureConnect', () => {
    socket.setNoDelay(true)
    if (isGenuine(socket, credentials)) made.resolve(socket)
    else fail(dialFailure(new Error('APPLICATION_PROTOCOL'), address))
  })
  return made.promise.finally(() => {
    timer.cancel()
    signal?.removeEventListener('abort', onAbort)
  })
}

/** Nothing but a holder of the key, or of a certificate, that speaks our protocol. */
function isGenuine(socket: TLSSocket, credentials: Credentials): boolean {
  if (socket.alpnProtocol !== applicationProtocol || socket.getProtocol() !== 'TLSv1.3')
    return false
  const hasCertificate = Object.keys(socket.getPeerCertificate()).length > 0
  // OpenSSL counts an external PSK as a reused session.
  return credentials.kind === 'psk'
    ? socket.isSessionReused() && !hasCertificate
    : socket.authorized && hasCertificate
}

function peerOf(
  socket: TLSSocket,
  { credentials, expect }: DialOptions,
  keyId: string | undefined,
): VerifiedPeer {
  const expected = (name: string): boolean => expect === anyNode || name === expect
  return {
    keyId,
    greeted: () => undefined,
    matches: (name) =>
      expected(name) && (credentials.kind === 'psk' || certificateHasName(socket, name)),
  }
}

function targetOf(address: string): { host: string; port: number } {
  const [, host, port] = /^(.+):(\d{1,5})$/.exec(address) ?? []
  if (host && port && Number(port) > 0 && Number(port) < 65_536) {
    return { host: host.replaceAll(/^\[|\]$/g, ''), port: Number(port) }
  }
  const message = `Cannot link to ${JSON.stringify(address.slice(0, 280))}: expected "host:port"`
  throw dialError({ reason: 'unreachable', message }, address)
}

/**
 * The accepting end of TLS for one set of credentials: decides who passes. Node's own verdict
 * (`authorized`) says nothing for a pre-shared key, and a resumed session skips the callback that
 * looks the key up; so only sockets for which this very handshake found a key pass.
 */
import type { Socket } from 'node:net'
import { constants } from 'node:crypto'
import { createServer, type Server, type TlsOptions, type TLSSocket } from 'node:tls'
import type { Host } from '../../kernel/index.ts'
import { applicationProtocol, tlsSettings } from './credentials.ts'
import type {
  CertificateCredentials,
  Credentials,
  PeerProof,
  PskCredentials,
} from './credentials.ts'
import { Doubts } from './doubts.ts'
import { hashNode, judgeIdentity, type PskVerdict } from './psk.ts'
import { remoteHostOf } from './remote-address.ts'
import { certificateHasName } from './subject-names.ts'
import { acceptFailure, type Refusal } from './tls-failure.ts'

/** Where a gate sends who comes. */
export interface GateDeps {
  readonly host: Host
  readonly admitted: (socket: TLSSocket, proof: PeerProof) => void
  readonly refused: (address: string, refusal: Refusal) => void
}

/** What a gate decides by. */
export interface GateOptions {
  readonly self: string
  readonly handshakeTimeoutMs: number
  readonly credentials: Credentials
}

/** One a set of credentials; a rotation makes a new one. */
export class Gate {
  readonly #deps: GateDeps
  readonly #doubts: Doubts
  readonly #options: GateOptions
  readonly #server: Server
  /** What the identity offered on a socket was worth. Resumed sessions have no entry. */
  readonly #verdicts = new WeakMap<TLSSocket, PskVerdict>()

  constructor(deps: GateDeps, options: GateOptions) {
    this.#deps = deps
    this.#doubts = new Doubts(deps.host)
    this.#options = options
    const { credentials, handshakeTimeoutMs } = options
    this.#server = createServer({
      ...tlsSettings,
      ALPNProtocols: [applicationProtocol],
      // Never the first to fire: the deadline of `Strangers` ends the socket before.
      handshakeTimeout: handshakeTimeoutMs * 2,
      secureOptions: constants.SSL_OP_NO_TICKET,
      ...(credentials.kind === 'psk' ? this.#pskOptions(credentials) : certificates(credentials)),
    })
    this.#server.on('secureConnection', this.#onSecure)
    this.#server.on('tlsClientError', this.#onFailed)
  }

  /** Starts the TLS handshake on an accepted TCP connection. */
  handshake(raw: Socket): void {
    this.#server.emit('connection', raw)
  }

  /** No more news of who was turned away. */
  end(): void {
    this.#doubts.end()
  }

  #pskOptions({ keyring, cluster }: PskCredentials): TlsOptions {
    const own = { keyring, cluster, self: this.#options.self }
    return {
      pskCallback: (socket: TLSSocket, offered: string) => {
        const verdict = judgeIdentity(offered, own)
        this.#verdicts.set(socket, verdict)
        return verdict.kind === 'known' ? verdict.psk : null
      },
    }
  }

  readonly #onSecure = (socket: TLSSocket): void => {
    // Stays for the life of the socket: an error nobody listens to would end the process.
    socket.on('error', () => undefined)
    const proof = this.#proofOf(socket)
    if (proof) this.#deps.admitted(socket, proof)
    else this.#turnAway(socket, new Error('PROTOCOL'))
  }

  readonly #onFailed = (error: Error, socket: TLSSocket): void => {
    socket.on('error', () => undefined)
    // The verdict on a certificate is kept on the socket, the error is only that it was ended.
    const { authorizationError: verdict } = socket as { authorizationError?: unknown }
    this.#turnAway(socket, typeof verdict === 'string' ? new Error(verdict) : error)
  }

  #turnAway(socket: TLSSocket, error: Error): void {
    const address = remoteHostOf(socket)
    const verdict = this.#verdicts.get(socket)
    const tell = (): void => {
      this.#deps.refused(address, acceptFailure(error, address, verdict?.kind))
    }
    if (verdict?.kind === 'other-secret') this.#doubts.hold(verdict.client, tell)
    else if (!isHangUp(error)) tell()
    socket.destroy()
  }

  /** What a finished TLS handshake proved; undefined: nothing, turn it away. */
  #proofOf(socket: TLSSocket): PeerProof | undefined {
    if (socket.alpnProtocol !== applicationProtocol) return undefined
    const { credentials } = this.#options
    if (credentials.kind === 'mtls') {
      const isProven = socket.authorized && !socket.isSessionReused()
      if (!isProven) return undefined
      return { keyId: undefined, matches: (name) => certificateHasName(socket, name) }
    }
    const verdict = this.#verdicts.get(socket)
    if (verdict?.kind !== 'known') return undefined
    const { keyId, client } = verdict.identity
    this.#doubts.clear(client)
    return { keyId, matches: (name) => hashNode(credentials.cluster, name) === client }
  }
}

function certificates({ cert, key, ca }: CertificateCredentials): TlsOptions {
  return { cert, key, ca, requestCert: true, rejectUnauthorized: true }
}

/** Connections that end without a word are not reported: that is how ports are probed. */
function isHangUp(error: Error): boolean {
  return 'code' in error && error.code === 'ECONNRESET'
}

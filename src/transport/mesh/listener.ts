/**
 * Accepts connections and lets through only those whose TLS handshake proved a key of ours or a
 * certificate of our authority. Whoever has not also said HELLO in time is cut off, and at most so
 * many strangers are held at once, so that they cost a bounded amount.
 */
import { createServer as createTcpServer, type Server, type Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import {
  FoundationError,
  toError,
  type Host,
  type Log,
  type Telemetry,
} from '../../kernel/index.ts'
import type { Credentials, PeerProof, VerifiedPeer } from './credentials.ts'
import { Gate } from './gate.ts'
import { Strangers } from './strangers.ts'
import { assertUsable } from './subject-names.ts'
import type { Refusal } from './tls-failure.ts'

/** What a listener talks to. */
export interface MeshListenerDeps {
  readonly host: Host
  readonly log: Log
  readonly telemetry: Telemetry
  /** An authenticated connection; call `answer` on it at once. It has an `error` listener. */
  readonly onSocket: (socket: TLSSocket, peer: VerifiedPeer) => void
  /** Somebody was turned away before HELLO was done. Not throttled. */
  readonly onRefused?: ((address: string, refusal: Refusal) => void) | undefined
}

/** Plain data, but for the credentials. */
export interface MeshListenerOptions {
  readonly host: string
  /** 0 lets the system choose. */
  readonly port: number
  /** Our node name: dialers may insist on it. */
  readonly self: string
  /** From the accepted TCP connection to the end of HELLO. Milliseconds. */
  readonly handshakeTimeoutMs: number
  /** Connections whose HELLO is not done; one more is closed at once. One address may hold half. */
  readonly preAuthMaxSockets: number
  readonly credentials: Credentials
}

/** One a node. `listen` once; `close` is idempotent and leaves the greeted sockets to their owner. */
export class MeshListener {
  readonly #deps: MeshListenerDeps
  readonly #options: MeshListenerOptions
  readonly #server: Server
  readonly #strangers: Strangers
  #gate: Gate

  constructor(deps: MeshListenerDeps, options: MeshListenerOptions) {
    this.#deps = deps
    this.#options = options
    this.#strangers = new Strangers({ host: deps.host, expired: this.#refused }, options)
    this.#gate = this.#newGate(options.credentials)
    this.#server = createTcpServer({ noDelay: true }, (raw) => {
      this.#accept(raw)
    })
  }

  /** Connections whose handshake is not done. */
  get strangers(): number {
    return this.#strangers.count
  }

  /** @throws {FoundationError} `FND_ADDRESS_IN_USE` when the address cannot be listened on. */
  listen(): Promise<{ host: string; port: number }> {
    const { host, port } = this.#options
    return new Promise((resolve, reject) => {
      this.#server.once('error', (cause) => {
        const message = `Cannot listen on ${host}:${String(port)}: ${whyNot(cause)}`
        reject(new FoundationError('FND_ADDRESS_IN_USE', message, { cause }))
      })
      this.#server.listen({ host, port }, () => {
        this.#server.removeAllListeners('error').on('error', this.#onServerError)
        const bound = this.#server.address()
        resolve(
          typeof bound === 'object' && bound
            ? { host: bound.address, port: bound.port }
            : { host, port },
        )
      })
    })
  }

  /** From now on only these prove anything; connections in the middle of a handshake are ended. */
  async rotate(credentials: Credentials): Promise<void> {
    // A new gate has new ticket keys too: a session of the old secret cannot be resumed.
    const gate = this.#newGate(credentials)
    this.#gate.end()
    this.#gate = gate
    await this.#strangers.end()
  }

  /** Accepts no more and ends every connection that has not said HELLO. */
  async close(): Promise<void> {
    this.#server.close()
    this.#gate.end()
    await this.#strangers.end()
  }

  readonly #onServerError = (error: Error): void => {
    const what = 'accepting a connection failed: nodes that dial this one are not let in meanwhile'
    this.#deps.log.warn({ error }, what)
  }

  readonly #refused = (address: string, refusal: Refusal): void => {
    const { reason } = refusal
    this.#deps.telemetry.execute('transport.handshake.refused', { count: 1 }, () => ({ reason }))
    this.#deps.onRefused?.(address, refusal)
  }

  #newGate(credentials: Credentials): Gate {
    const { self, handshakeTimeoutMs } = this.#options
    assertUsable(credentials, self)
    const gate: Gate = new Gate(
      {
        host: this.#deps.host,
        refused: this.#refused,
        admitted: (socket, proof) => {
          if (gate === this.#gate) this.#admitted(socket, proof)
          else socket.destroy()
        },
      },
      { self, handshakeTimeoutMs, credentials },
    )
    return gate
  }

  #accept(raw: Socket): void {
    raw.on('error', () => undefined)
    if (this.#strangers.add(raw)) {
      this.#gate.handshake(raw)
      return
    }
    this.#deps.telemetry.execute('transport.handshake.shed', { count: 1 })
    raw.destroy()
  }

  #admitted(socket: TLSSocket, proof: PeerProof): void {
    const greeted = this.#strangers.secured(socket)
    if (!greeted) {
      socket.destroy()
      return
    }
    try {
      this.#deps.onSocket(socket, { ...proof, greeted })
    } catch (thrown) {
      this.#deps.log.error({ error: toError(thrown) }, 'taking a connection failed')
      socket.destroy()
    }
  }
}

const listenFailures: Readonly<Record<string, string>> = {
  EADDRINUSE:
    'another process listens there (EADDRINUSE; ss -ltnp shows which); end it, or set another port with ' +
    'listen: { port } or FOUNDATION_LISTEN',
  EADDRNOTAVAIL:
    'this machine has no such address (EADDRNOTAVAIL); check listen: { host } or FOUNDATION_LISTEN',
  EACCES: 'this user may not listen on that port (EACCES); take one from 1024 up',
}

function whyNot(cause: NodeJS.ErrnoException): string {
  return listenFailures[cause.code ?? ''] ?? cause.message
}

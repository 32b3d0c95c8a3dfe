/**
 * The connections that have not said HELLO yet: how many there may be, and how long each may take.
 * One deadline runs from the accepted TCP connection to the end of HELLO. Node's own
 * `handshakeTimeout` is not enough: it ends with TLS, and it only reports, the socket stays open.
 */
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Host, Timer } from '../../kernel/index.ts'
import { remoteHostOf } from './remote-address.ts'
import { dialError, type Refusal } from './tls-failure.ts'

/** Bounds of {@link Strangers}. */
export interface StrangerLimits {
  readonly handshakeTimeoutMs: number
  /** All together; one remote address may hold half of them. */
  readonly preAuthMaxSockets: number
}

interface Stranger {
  readonly raw: Socket
  readonly timer: Timer
  readonly onClose: () => void
  secured: TLSSocket | undefined
}

/** One a listener. */
export class Strangers {
  readonly #host: Host
  readonly #limits: StrangerLimits
  readonly #expired: (address: string, refusal: Refusal) => void
  readonly #byEndpoint = new Map<string, Stranger>()

  constructor(
    deps: { host: Host; expired: (address: string, refusal: Refusal) => void },
    limits: StrangerLimits,
  ) {
    this.#host = deps.host
    this.#expired = deps.expired
    this.#limits = limits
  }

  get count(): number {
    return this.#byEndpoint.size
  }

  /** Takes a new connection in; false when it is dead or there are too many: the newest goes. */
  add(raw: Socket): boolean {
    const endpoint = endpointOf(raw)
    if (endpoint === undefined || !this.#hasRoomFor(raw)) return false
    const onClose = (): void => {
      this.#forget(endpoint)
    }
    const timer = this.#host.after(this.#limits.handshakeTimeoutMs, () => {
      this.#expire(endpoint)
    })
    this.#byEndpoint.set(endpoint, { raw, timer, onClose, secured: undefined })
    raw.once('close', onClose)
    return true
  }

  /** TLS is done. Returns what to call when HELLO is done too; undefined: not one of ours any more. */
  secured(socket: TLSSocket): (() => void) | undefined {
    const endpoint = endpointOf(socket)
    const stranger = endpoint === undefined ? undefined : this.#byEndpoint.get(endpoint)
    if (endpoint === undefined || !stranger) return undefined
    stranger.secured = socket
    return () => {
      this.#forget(endpoint)
    }
  }

  /** Ends all; resolves when they are closed. */
  async end(): Promise<void> {
    const all = [...this.#byEndpoint.values()]
    const closed = all.map(({ raw }) => new Promise((resolve) => raw.once('close', resolve)))
    for (const { raw } of all) raw.destroy()
    await Promise.all(closed)
  }

  #hasRoomFor({ remoteAddress }: Socket): boolean {
    const { preAuthMaxSockets } = this.#limits
    if (this.#byEndpoint.size >= preAuthMaxSockets) return false
    const strangers = [...this.#byEndpoint.values()]
    const ofAddress = strangers.filter(({ raw }) => raw.remoteAddress === remoteAddress).length
    return ofAddress < preAuthMaxSockets / 2
  }

  #expire(endpoint: string): void {
    const stranger = this.#byEndpoint.get(endpoint)
    if (!stranger) return
    const { raw, secured } = stranger
    const address = remoteHostOf(raw)
    const limit = `${String(this.#limits.handshakeTimeoutMs)} ms`
    const message = `Turned away ${address}: it did not finish the handshake within ${limit}`
    const refusal: Refusal = { reason: 'timeout', message }
    if (secured) secured.destroy(dialError(refusal, address))
    else raw.destroy()
    this.#expired(address, refusal)
  }

  #forget(endpoint: string): void {
    const stranger = this.#byEndpoint.get(endpoint)
    if (!stranger) return
    stranger.timer.cancel()
    stranger.raw.off('close', stranger.onClose)
    this.#byEndpoint.delete(endpoint)
  }
}

/** Names a connection while it lives; the same for a TCP socket and the TLS socket over it. */
function endpointOf({ remoteAddress, remotePort }: Socket): string | undefined {
  if (remoteAddress === undefined || remotePort === undefined) return undefined
  return `${remoteAddress}|${String(remotePort)}`
}

/**
 * Hands each inbound payload to the part that owns its message code, and sends for all parts.
 * Owns no link: it sits between one engine and the parts of one node.
 */
import assert from 'node:assert'
import { FoundationError, RepeatGate, toError, type Host, type Log } from '../kernel/index.ts'
import type { ChannelClass, Inbound, SendOutcome, Transport } from './port/port.ts'

/** Takes one payload; `body` starts after the code byte. */
export type MessageHandler = (body: Uint8Array, inbound: Inbound) => void

/** Takes one payload as it is: its code byte is the first of `inbound.payload`. */
export type PayloadHandler = (inbound: Inbound) => void

/** What a router talks to. */
export interface RouterDeps {
  readonly transport: Pick<Transport, 'send' | 'whenWritable' | 'capabilities'>
  readonly host: Pick<Host, 'nowMs'>
  readonly log: Log
}

/** One a node. */
export class Router {
  readonly #deps: RouterDeps
  readonly #handlers: (PayloadHandler | undefined)[] = new Array<undefined>(256).fill(undefined)
  readonly #gate = new RepeatGate({ quietMs: 60_000, keysMax: 1_024 })
  #rejected = 0

  constructor(deps: RouterDeps) {
    this.#deps = deps
  }

  /** Payloads nobody understood or whose handler refused them. */
  get rejected(): number {
    return this.#rejected
  }

  /** The part that owns `code` registers once, before the engine starts. */
  handle(code: number, handler: MessageHandler): void {
    this.handlePayload(code, (inbound) => {
      handler(inbound.payload.subarray(1), inbound)
    })
  }

  /** As `handle`, for who reads so many payloads that a view of each body would show. */
  handlePayload(code: number, handler: PayloadHandler): void {
    assert(this.#handlers[code] === undefined, 'a message code has one owner')
    this.#handlers[code] = handler
  }

  /** For {@link TransportHandlers.frame}. A peer's bad bytes are counted and logged, never thrown. */
  readonly receive = (inbound: Inbound): void => {
    const handler = this.#handlers[inbound.payload[0] ?? 0]
    if (!handler) {
      this.#reject(inbound, new FoundationError('FND_FRAME_INVALID', 'Message code is not known'))
      return
    }
    try {
      handler(inbound)
    } catch (thrown) {
      this.#reject(inbound, toError(thrown))
    }
  }

  /** See {@link Transport.send}. */
  send(peer: string, channelClass: ChannelClass, payload: Uint8Array): SendOutcome {
    return this.#deps.transport.send(peer, channelClass, payload)
  }

  /** See {@link Transport.whenWritable}. */
  whenWritable(peer: string, channelClass: ChannelClass): Promise<void> {
    return this.#deps.transport.whenWritable(peer, channelClass)
  }

  #reject(inbound: Inbound, error: Error): void {
    this.#rejected += 1
    const { from, class: channelClass } = inbound
    const code = inbound.payload[0]
    // A hostile or newer peer must not fill the log.
    if (!this.#gate.opens(`${from} ${String(code)}`, this.#deps.host.nowMs())) return
    this.#deps.log.warn(
      { from, channelClass, code, error },
      'a message of a peer was not understood and is dropped; a newer peer may have sent it',
    )
  }
}

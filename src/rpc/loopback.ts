/** The way messages of rpc take: over the router, or from this node to itself. */
import { toError, type Log } from '../kernel/index.ts'
import type { Router, SendOutcome } from '../transport/index.ts'

/** Takes the body of a message. May throw for bytes it can't read. */
export type Receive = (body: Uint8Array, from: string) => void

/** What a loopback talks to. */
export interface LoopbackDeps {
  readonly router: Pick<Router, 'handle' | 'send'>
  readonly log: Log
  /** The name of this node. */
  readonly self: () => string
}

/** A router that reaches this node too. One a node. */
export class Loopback {
  readonly #deps: LoopbackDeps
  readonly #receivers = new Map<number, Receive>()

  constructor(deps: LoopbackDeps) {
    this.#deps = deps
  }

  /** Messages that begin with `code` go to `receive`, whoever sent them. */
  handle(code: number, receive: Receive): void {
    this.#receivers.set(code, receive)
    this.#deps.router.handle(code, (body, { from }) => {
      receive(body, from)
    })
  }

  /** What a node sends to itself arrives after the present work of this turn, as from any other. */
  readonly send = (node: string, payload: Buffer): SendOutcome => {
    const self = this.#deps.self()
    if (node !== self) return this.#deps.router.send(node, 'control', payload)
    queueMicrotask(() => {
      this.#receive(payload, self)
    })
    return 'accepted'
  }

  #receive(payload: Buffer, self: string): void {
    try {
      this.#receivers.get(payload[0] ?? 0)?.(payload.subarray(1), self)
    } catch (thrown) {
      this.#deps.log.warn({ error: toError(thrown) }, 'rpc to this node itself failed')
    }
  }
}

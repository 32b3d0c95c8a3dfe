/** One call this node works on for another, as its handler sees it. */
import type { Timer } from '../kernel/index.ts'

/** What a handler is told beside the arguments. */
export interface RpcContext {
  /** The authenticated name of the calling node. */
  readonly from: string
  /** The name that was called. */
  readonly name: string
  /** When the caller gives up, on this process's own monotonic clock: compare `performance.now()`. */
  readonly deadlineMs: number
  /** Aborts when nobody waits for the result any more: the caller aborted, gave up or is gone. */
  readonly signal: AbortSignal
}

/** The context of a call; makes the signal only for handlers that look at it. */
export class ServedCall implements RpcContext {
  readonly from: string
  readonly name: string
  readonly deadlineMs: number
  readonly callId: number
  timer: Timer | undefined
  #controller: AbortController | undefined
  #ended: { readonly reason: unknown } | undefined

  constructor(call: { from: string; name: string; deadlineMs: number; callId: number }) {
    this.from = call.from
    this.name = call.name
    this.deadlineMs = call.deadlineMs
    this.callId = call.callId
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      if (this.#ended) this.#controller.abort(this.#ended.reason)
    }
    return this.#controller.signal
  }

  /** Nobody waits any more. Without a reason the signal's own `AbortError` is the reason. */
  end(reason?: unknown): void {
    this.timer?.cancel()
    this.#ended = { reason }
    this.#controller?.abort(reason)
  }
}

/**
 * The serving side: exported handlers and the calls of other nodes they work on. A call is over when
 * its handler settles, its deadline passes, its caller aborts or the link to its caller ends; only
 * in the first case a reply is sent. A handler that runs on after that can't be stopped from here:
 * it no longer counts against `maxInbound`, and is counted as overdue until it settles.
 */
import {
  deferred,
  FoundationError,
  isFoundationError,
  runInTrace,
  type Deferred,
  type Host,
  type Log,
  type Telemetry,
} from '../kernel/index.ts'
import type { SendOutcome } from '../transport/index.ts'
import { failureOf, refusalOf } from './failures.ts'
import { rpcTimeoutMaxMs, type RpcOptions } from './options.ts'
import { readAbort, readRequest, replyOutcomes, replyPayload } from './rpc-frames.ts'
import type { InboundRequest } from './rpc-frames.ts'
import { ServedCall, type RpcContext } from './served-call.ts'

/** A handler as it is kept; what its arguments are is between caller and handler. */
export type AnyRpcHandler = (args: unknown, context: RpcContext) => unknown

/** What {@link Serving} talks to. */
export interface ServingDeps {
  readonly host: Host
  readonly log: Log
  readonly telemetry: Telemetry
  readonly send: (node: string, payload: Buffer) => SendOutcome
  /** True: stacks of errors are sent to the caller. */
  readonly development: boolean
}

/** Plain figures of {@link Serving}. */
export interface ServingStats {
  readonly handlers: number
  /** Calls being worked on. */
  readonly inboundCalls: number
  /** Handlers that still run though their call is over. */
  readonly overdueHandlers: number
  /** Replies nobody waited for any more, or that could not be sent. */
  readonly droppedReplies: number
}

/** Works on calls; never throws but for bytes that can't be read. */
export class Serving {
  readonly #deps: ServingDeps
  readonly #options: Pick<RpcOptions, 'maxInbound' | 'messageMaxBytes'>
  /** In a record each, so that the same function registered again is another registration. */
  readonly #handlers = new Map<string, { readonly handler: AnyRpcHandler }>()
  readonly #calls = new Map<string, Map<number, ServedCall>>()
  #inboundCalls = 0
  /** Somebody waits for there to be none. */
  #idle: Deferred<void> | undefined
  #overdueHandlers = 0
  #droppedReplies = 0

  constructor(deps: ServingDeps, options: Pick<RpcOptions, 'maxInbound' | 'messageMaxBytes'>) {
    this.#deps = deps
    this.#options = options
  }

  /** @throws {FoundationError} `FND_HANDLER_EXISTS` */
  handle(name: string, handler: AnyRpcHandler): () => void {
    if (this.#handlers.has(name)) {
      const message = `Handler "${name}" is registered already; unregister that one first`
      throw new FoundationError('FND_HANDLER_EXISTS', message)
    }
    const entry = { handler }
    this.#handlers.set(name, entry)
    return () => {
      if (this.#handlers.get(name) === entry) this.#handlers.delete(name)
    }
  }

  /** @throws {FoundationError} `FND_FRAME_INVALID`: the number of the call is taken. */
  request(request: InboundRequest, from: string): void {
    if (this.#calls.get(from)?.has(request.callId)) {
      throw new FoundationError('FND_FRAME_INVALID', 'Call has the number of one that still runs')
    }
    const handler = this.#handlers.get(request.name)?.handler
    if (!handler) this.#refuse(from, request.callId, handlerUnknown(request.name))
    else if (this.#inboundCalls >= this.#options.maxInbound) {
      this.#refuse(from, request.callId, this.#limitReached())
    } else this.#begin(request, from, handler)
  }

  /** The caller no longer waits. */
  abort(body: Uint8Array, from: string): void {
    const call = this.#calls.get(from)?.get(readAbort(body))
    if (call) this.#abandon(call)
  }

  /** Tells a caller that this node does not take its call. */
  refuse(body: Uint8Array, from: string, error: FoundationError): void {
    this.#refuse(from, readRequest(body).callId, error)
  }

  /** The link to a caller ended: its calls are over, and a later link never gets their replies. */
  callerGone(name: string): void {
    const message = `The link to node "${name}", which waits for this result, ended`
    for (const call of [...(this.#calls.get(name)?.values() ?? [])]) {
      this.#abandon(call, new FoundationError('FND_NODE_DOWN', message))
    }
    this.#calls.delete(name)
  }

  /** Resolves when no call is being worked on, at the latest after `timeoutMs`. */
  async drained(timeoutMs: number): Promise<void> {
    if (this.#inboundCalls === 0) return
    this.#idle ??= deferred()
    const idle = this.#idle
    const limit = this.#deps.host.after(timeoutMs, idle.resolve)
    await idle.promise
    limit.cancel()
  }

  /** All calls are over. */
  stop(): void {
    const reason = new FoundationError('FND_NOT_RUNNING', 'This node was stopped')
    for (const calls of [...this.#calls.values()]) {
      for (const call of [...calls.values()]) this.#abandon(call, reason)
    }
    this.#calls.clear()
  }

  stats(): ServingStats {
    return {
      handlers: this.#handlers.size,
      inboundCalls: this.#inboundCalls,
      overdueHandlers: this.#overdueHandlers,
      droppedReplies: this.#droppedReplies,
    }
  }

  #begin(request: InboundRequest, from: string, handler: AnyRpcHandler): void {
    const args = this.#argsOf(request, from)
    if (!args) return
    const { host } = this.#deps
    const { callId, name } = request
    const timeoutMs = Math.min(request.timeoutMs, rpcTimeoutMaxMs)
    const call = new ServedCall({ from, name, callId, deadlineMs: host.nowMs() + timeoutMs })
    this.#add(call)
    call.timer = host.after(timeoutMs, () => {
      this.#deps.log.debug({ handler: name, from, timeoutMs }, 'rpc handler is past its deadline')
      this.#abandon(call, deadlinePassed(call, timeoutMs))
    })
    runInTrace(request.trace, () => {
      this.#run(call, () => handler(args.value, call))
    })
  }

  #argsOf(request: InboundRequest, from: string): { value: unknown } | undefined {
    try {
      return { value: request.args() }
    } catch (thrown) {
      if (!isFoundationError(thrown)) throw thrown
      this.#refuse(from, request.callId, thrown)
      return undefined
    }
  }

  /** Takes in what a handler does in any way: returns, throws, rejects, or neither ever. */
  #run(call: ServedCall, work: () => unknown): void {
    const { from, name } = call
    const settled = (): Promise<unknown> =>
      new Promise((resolve) => {
        resolve(work())
      })
    this.#deps.telemetry
      .span('rpc.serve', () => ({ from, name }), settled)
      .then(
        (value) => {
          this.#finish(call, replyOutcomes.value, value)
        },
        (thrown: unknown) => {
          this.#finish(call, replyOutcomes.thrown, failureOf(thrown, this.#deps.development))
        },
      )
  }

  #finish(call: ServedCall, outcome: number, value: unknown): void {
    if (!this.#remove(call)) {
      this.#overdueHandlers -= 1
      this.#droppedReplies += 1
      return
    }
    call.timer?.cancel()
    try {
      const payload = replyPayload(call.callId, outcome, value)
      if (payload.length > this.#options.messageMaxBytes) throw this.#tooLarge(payload.length)
      this.#send(call.from, payload)
    } catch (thrown) {
      this.#refuse(call.from, call.callId, resultRefused(call, thrown))
    }
    this.#wakeIfIdle()
  }

  #refuse(node: string, callId: number, error: FoundationError): void {
    this.#send(node, replyPayload(callId, replyOutcomes.refused, refusalOf(error)))
  }

  #send(node: string, payload: Buffer): void {
    if (this.#deps.send(node, payload) !== 'accepted') this.#droppedReplies += 1
  }

  /** The call is over though its handler runs on. */
  #abandon(call: ServedCall, reason?: FoundationError): void {
    if (!this.#remove(call)) return
    this.#overdueHandlers += 1
    call.end(reason)
    this.#wakeIfIdle()
  }

  #wakeIfIdle(): void {
    if (this.#inboundCalls > 0) return
    this.#idle?.resolve()
    this.#idle = undefined
  }

  #add(call: ServedCall): void {
    const known = this.#calls.get(call.from)
    const calls = known ?? new Map<number, ServedCall>()
    if (!known) this.#calls.set(call.from, calls)
    calls.set(call.callId, call)
    this.#inboundCalls += 1
  }

  /** False when the call was over before. */
  #remove(call: ServedCall): boolean {
    const calls = this.#calls.get(call.from)
    if (calls?.get(call.callId) !== call) return false
    calls.delete(call.callId)
    this.#inboundCalls -= 1
    return true
  }

  #limitReached(): FoundationError {
    const message = `it works on ${String(this.#options.maxInbound)} calls already; try later`
    return new FoundationError('FND_LIMIT_REACHED', message)
  }

  #tooLarge(bytes: number): FoundationError {
    const message =
      `is ${String(bytes)} bytes, more than rpc.messageMaxBytes ` +
      `(${String(this.#options.messageMaxBytes)}); return less, or publish it on the bulk channel`
    return new FoundationError('FND_MESSAGE_TOO_LARGE', message)
  }
}

function handlerUnknown(name: string): FoundationError {
  const message = `it exports no handler "${name}"; register it there with rpc.handle()`
  return new FoundationError('FND_HANDLER_UNKNOWN', message)
}

function deadlinePassed({ name }: ServedCall, timeoutMs: number): FoundationError {
  const message = `Nobody waits for "${name}" any more: ${String(timeoutMs)} ms have passed`
  return new FoundationError('FND_TIMED_OUT', message)
}

function resultRefused({ name }: ServedCall, thrown: unknown): FoundationError {
  const known = isFoundationError(thrown)
  const message = `The result of handler "${name}": ${failureOf(thrown, false).message}`
  return new FoundationError(known ? thrown.code : 'FND_MESSAGE_INVALID', message)
}

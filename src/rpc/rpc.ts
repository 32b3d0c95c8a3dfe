/**
 * Rpc: one request, one reply, one deadline between two nodes. A call is delivered at most once and
 * never sent again. Calls to the node itself take the same way, codec included, so that code does
 * not come to depend on where it runs.
 */
import {
  FoundationError,
  invalid,
  toError,
  type Host,
  type Lifecycle,
  type LifecycleState,
  type Log,
  type Telemetry,
} from '../kernel/index.ts'
import type { Router, SendOutcome } from '../transport/index.ts'
import { messageCodes } from '../wire/index.ts'
import { rpcTimeoutMaxMs, type RpcOptions } from './options.ts'
import { PendingCalls } from './pending-calls.ts'
import { callIdRange, handlerNameMaxBytes, requestPayload } from './rpc-frames.ts'
import type { RpcContext } from './served-call.ts'
import { Serving, type AnyRpcHandler, type ServingStats } from './serving.ts'

/** What {@link Rpc} talks to. */
export interface RpcDeps {
  readonly router: Pick<Router, 'handle' | 'send'>
  readonly host: Host
  readonly log: Log
  readonly telemetry: Telemetry
  /** The name of this node. */
  readonly self: () => string
  /** What membership says of a node; `alive` also while it is suspected. */
  readonly isPeer: (name: string) => 'alive' | 'down' | 'unknown'
  /** Names of all live members, this node included. */
  readonly everyone: () => readonly string[]
  /** True: stacks of errors are sent to callers. */
  readonly development: boolean
}

/** What every call takes. */
export interface CallOptions {
  /** Give up after this many milliseconds. 1 to 2^31-1; the default is an option of the part. */
  readonly timeoutMs?: number | undefined
  /** Abort tells the handler, and rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined
}

/** What {@link Rpc.multicall} takes. */
export interface MulticallOptions extends CallOptions {
  /** Asked at the same time; a name given twice is asked once. Default: every live member, this node too. */
  readonly nodes?: readonly string[] | undefined
}

/** What became of a call on one node. */
export type CallOutcome<T> =
  { readonly node: string; readonly value: T } | { readonly node: string; readonly error: Error }

/** Plain figures, for `status()`. */
export interface RpcStats extends ServingStats {
  /** Calls of this node without a reply yet. */
  readonly pendingCalls: number
  /** Replies that came when their call was over. */
  readonly lateReplies: number
}

/** Does the work behind a name. What it returns, or throws, goes to the caller. */
export type RpcHandler<A> = (args: A, context: RpcContext) => unknown

interface Prepared {
  readonly name: string
  readonly callId: number
  readonly timeoutMs: number
  readonly payload: Buffer
  readonly signal: AbortSignal | undefined
}

/** One a node. Made before the engine starts: it registers with the router at once. */
export class Rpc implements Lifecycle {
  readonly #deps: RpcDeps
  readonly #options: RpcOptions
  readonly #pending: PendingCalls
  readonly #serving: Serving
  readonly #receivers: ReadonlyMap<number, (body: Uint8Array, from: string) => void>
  #state: LifecycleState = 'idle'
  #lastCallId: number

  constructor(deps: RpcDeps, options: RpcOptions) {
    this.#deps = deps
    this.#options = options
    const send = this.#send.bind(this)
    this.#pending = new PendingCalls({ ...deps, send }, options)
    this.#serving = new Serving({ ...deps, send }, options)
    // A node that starts again under its name must not take a reply meant for its former life.
    this.#lastCallId = Math.floor(deps.host.random() * callIdRange)
    this.#receivers = new Map<number, (body: Uint8Array, from: string) => void>([
      [messageCodes.rpcRequest, this.#onRequest.bind(this)],
      [messageCodes.rpcReply, this.#pending.reply.bind(this.#pending)],
      [messageCodes.rpcAbort, this.#serving.abort.bind(this.#serving)],
    ])
    for (const [code, receive] of this.#receivers) {
      deps.router.handle(code, (body, inbound) => {
        receive(body, inbound.from)
      })
    }
  }

  start(): void {
    if (this.#state === 'idle') this.#state = 'running'
  }

  /** Calls that wait are rejected with `FND_NOT_RUNNING`; handlers at work see their signal abort. */
  stop(): void {
    this.#state = 'stopped'
    this.#pending.stop()
    this.#serving.stop()
  }

  /**
   * Exports a handler to every node of the cluster.
   *
   * @param name up to 255 bytes.
   * @returns takes it back; calls it works on go on.
   * @throws {FoundationError} `FND_HANDLER_EXISTS`, `FND_OPTION_INVALID`: not a usable name, or no function.
   */
  handle<A = unknown>(name: string, handler: RpcHandler<A>): () => void {
    checkName(name)
    if (typeof handler !== 'function') {
      throw invalid(`handler of "${name}"`, 'expected a function', handler)
    }
    return this.#serving.handle(name, handler as AnyRpcHandler)
  }

  /**
   * Calls a handler on one node.
   *
   * @param args anything the codec carries.
   * @returns what the handler returned, by value. `T` is the caller's word, not checked.
   * @throws {RemoteError} the handler threw.
   * @throws {FoundationError} `FND_NODE_UNKNOWN`, `FND_NODE_DOWN` (also at once when it dies or the
   *   link ends meanwhile), `FND_TIMED_OUT`, `FND_HANDLER_UNKNOWN`, `FND_LIMIT_REACHED` on either
   *   node, `FND_MESSAGE_INVALID` and `FND_MESSAGE_TOO_LARGE` for arguments or result,
   *   `FND_NOT_RUNNING`, `FND_OPTION_INVALID`. An abort rejects with `signal.reason`.
   */
  // eslint-disable-next-line max-params -- the public contract: node, name, arguments, options; one object would make every call longer
  async call<T = unknown>(
    nodeName: string,
    name: string,
    args?: unknown,
    options: CallOptions = {},
  ): Promise<T> {
    return (await this.#callOne(nodeName, this.#prepare(name, args, options))) as T
  }

  /**
   * Calls a handler on several nodes at once; the arguments are encoded once.
   *
   * @returns one outcome for each node, in the order given. One node's failure is not the call's.
   * @throws {FoundationError} what concerns all of them: `FND_MESSAGE_INVALID`,
   *   `FND_MESSAGE_TOO_LARGE`, `FND_NOT_RUNNING`, `FND_OPTION_INVALID`. An abort rejects with
   *   `signal.reason`.
   */
  async multicall<T = unknown>(
    name: string,
    args?: unknown,
    options: MulticallOptions = {},
  ): Promise<CallOutcome<T>[]> {
    const prepared = this.#prepare(name, args, options)
    const nodes = [...new Set(options.nodes ?? this.#deps.everyone())]
    const outcomes = nodes.map(async (node): Promise<CallOutcome<T>> => {
      try {
        return { node, value: (await this.#callOne(node, prepared)) as T }
      } catch (thrown) {
        if (options.signal?.aborted && thrown === options.signal.reason) throw thrown
        return { node, error: toError(thrown) }
      }
    })
    return Promise.all(outcomes)
  }

  /** The node is down: calls to it reject, calls of it are over. */
  nodeDown(name: string): void {
    this.#gone(name, 'the node is down')
  }

  /** The link ended, whether or not the node lives: a reply on its way is lost with it. */
  linkDown(name: string): void {
    this.#gone(name, 'the link to it ended')
  }

  stats(): RpcStats {
    const { size, lateReplies } = this.#pending
    return { ...this.#serving.stats(), pendingCalls: size, lateReplies }
  }

  #gone(name: string, why: string): void {
    this.#pending.nodeGone(name, why)
    this.#serving.callerGone(name)
  }

  #prepare(name: string, args: unknown, options: CallOptions): Prepared {
    if (this.#state !== 'running') {
      throw new FoundationError('FND_NOT_RUNNING', `Call of "${name}": this node is not running`)
    }
    const { signal } = options
    signal?.throwIfAborted()
    checkName(name)
    const timeoutMs = Math.ceil(options.timeoutMs ?? this.#options.timeoutMs)
    if (!(timeoutMs >= 1 && timeoutMs <= rpcTimeoutMaxMs)) {
      throw invalid('timeoutMs', `expected 1 to ${String(rpcTimeoutMaxMs)}`, options.timeoutMs)
    }
    this.#lastCallId = (this.#lastCallId + 1) % callIdRange
    const callId = this.#lastCallId
    const payload = requestPayload({ callId, timeoutMs, name }, args)
    this.#checkSize(name, payload)
    return { name, callId, timeoutMs, payload, signal }
  }

  async #callOne(node: string, prepared: Prepared): Promise<unknown> {
    this.#checkNode(node)
    const startedAtMs = this.#deps.host.nowMs()
    let outcome = 'failed'
    try {
      const value = await this.#pending.send({ node, ...prepared })
      outcome = 'ok'
      return value
    } finally {
      const durationMs = this.#deps.host.nowMs() - startedAtMs
      this.#deps.telemetry('rpc.call.done', { durationMs }, { node, name: prepared.name, outcome })
    }
  }

  #checkNode(node: string): void {
    if (node === this.#deps.self()) return
    const status = this.#deps.isPeer(node)
    if (status === 'alive') return
    const details = { nodeName: node }
    if (status === 'down') {
      throw new FoundationError('FND_NODE_DOWN', `Node "${node}" is down`, { details })
    }
    const message = `Node "${node}" is no member of this cluster; node.members() lists them`
    throw new FoundationError('FND_NODE_UNKNOWN', message, { details })
  }

  #checkSize(name: string, { length }: Buffer): void {
    const { messageMaxBytes } = this.#options
    if (length <= messageMaxBytes) return
    const message =
      `Arguments of "${name}" make a request of ${String(length)} bytes, more than ` +
      `rpc.messageMaxBytes (${String(messageMaxBytes)}); send less, or publish it on the bulk channel`
    throw new FoundationError('FND_MESSAGE_TOO_LARGE', message)
  }

  #onRequest(body: Uint8Array, from: string): void {
    if (this.#state === 'running') this.#serving.request(body, from)
    else {
      const message = `Node "${this.#deps.self()}" is not running`
      this.#serving.refuse(body, from, new FoundationError('FND_NOT_RUNNING', message))
    }
  }

  #send(node: string, payload: Buffer): SendOutcome {
    const self = this.#deps.self()
    if (node !== self) return this.#deps.router.send(node, 'control', payload)
    queueMicrotask(() => {
      this.#receiveOwn(payload, self)
    })
    return 'accepted'
  }

  #receiveOwn(payload: Buffer, self: string): void {
    try {
      this.#receivers.get(payload[0] ?? 0)?.(payload.subarray(1), self)
    } catch (thrown) {
      this.#deps.log.warn({ error: toError(thrown) }, 'rpc to this node itself failed')
    }
  }
}

function checkName(name: string): void {
  const bytes = typeof name === 'string' ? Buffer.byteLength(name) : 0
  if (bytes >= 1 && bytes <= handlerNameMaxBytes) return
  const problem = `expected text of 1 to ${String(handlerNameMaxBytes)} bytes`
  throw invalid('name of an rpc handler', problem, name)
}

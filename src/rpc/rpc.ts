/**
 * Rpc: one request, one reply, one deadline between two nodes. A call is delivered at most once and
 * never sent again. Calls to the node itself take the same way, codec included, so that code does
 * not come to depend on where it runs.
 */
import {
  FoundationError,
  invalid,
  isFoundationError,
  toError,
  type Host,
  type Lifecycle,
  type LifecycleState,
  type Log,
  type Telemetry,
} from '../kernel/index.ts'
import type { Router } from '../transport/index.ts'
import { messageCodes } from '../wire/index.ts'
import {
  checkCallOptions,
  checkHandlerName,
  checkMulticallOptions,
  orderOf,
  type CallOptions,
  type CallOrder,
  type CallOutcome,
  type MulticallOptions,
} from './call.ts'
import { Loopback } from './loopback.ts'
import type { RpcOptions } from './options.ts'
import { PendingCalls } from './pending-calls.ts'
import { callIdRange, readRequest, requestPayload } from './rpc-frames.ts'
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

/** Plain figures, for `status()`. */
export interface RpcStats extends ServingStats {
  /** Calls of this node without a reply yet. */
  readonly pendingCalls: number
  /** Replies that came when their call was over. */
  readonly lateReplies: number
}

/** Does the work behind a name. What it returns, or throws, goes to the caller. */
export type RpcHandler<A> = (args: A, context: RpcContext) => unknown

interface EncodedRequest {
  readonly callId: number
  readonly payload: Buffer
}

/** One a node. Made before the engine starts: it registers with the router at once. */
export class Rpc implements Lifecycle {
  readonly #deps: RpcDeps
  readonly #options: RpcOptions
  readonly #pending: PendingCalls
  readonly #serving: Serving
  /** `draining`: no new calls of others are taken. */
  #state: LifecycleState | 'draining' = 'idle'
  #lastCallId: number

  constructor(deps: RpcDeps, options: RpcOptions) {
    this.#deps = deps
    this.#options = options
    const loopback = new Loopback(deps)
    const { send } = loopback
    this.#pending = new PendingCalls({ ...deps, send }, options)
    this.#serving = new Serving({ ...deps, send }, options)
    // A node that starts again under its name must not take a reply meant for its former life.
    this.#lastCallId = Math.floor(deps.host.random() * callIdRange)
    loopback.handle(messageCodes.rpcRequest, this.#onRequest.bind(this))
    loopback.handle(messageCodes.rpcRequestTraced, this.#onTracedRequest.bind(this))
    loopback.handle(messageCodes.rpcReply, this.#pending.reply.bind(this.#pending))
    loopback.handle(messageCodes.rpcAbort, this.#serving.abort.bind(this.#serving))
  }

  start(): void {
    if (this.#state === 'idle') this.#state = 'running'
  }

  /**
   * Before a stop: takes no more calls of others, and waits for those at work, for at most
   * `drainTimeoutMs`. Calls of this node go on.
   */
  async drain(): Promise<void> {
    if (this.#state !== 'running') return
    this.#state = 'draining'
    await this.#serving.drained(this.#options.drainTimeoutMs)
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
    checkHandlerName(name)
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
    checkCallOptions(options, 'call')
    const order = this.#check(name, options)
    return (await this.#callOne(nodeName, order, () => this.#encode(order, args))) as T
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
    checkMulticallOptions(options)
    const order = this.#check(name, options)
    const request = this.#encode(order, args)
    const nodes = [...new Set(options.nodes ?? this.#deps.everyone())]
    const outcomes = nodes.map(async (node): Promise<CallOutcome<T>> => {
      try {
        return { node, value: (await this.#callOne(node, order, () => request)) as T }
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

  #check(name: string, options: CallOptions): CallOrder {
    if (this.#state !== 'running' && this.#state !== 'draining') {
      throw new FoundationError('FND_NOT_RUNNING', `Call of "${name}": this node is not running`)
    }
    return orderOf(name, options, this.#options.timeoutMs)
  }

  /** The request belongs to the trace it is encoded in. */
  #encode({ name, timeoutMs }: CallOrder, args: unknown): EncodedRequest {
    this.#lastCallId = (this.#lastCallId + 1) % callIdRange
    const callId = this.#lastCallId
    const payload = requestPayload({ callId, timeoutMs, name }, args)
    this.#checkSize(name, payload)
    return { callId, payload }
  }

  async #callOne(node: string, order: CallOrder, encode: () => EncodedRequest): Promise<unknown> {
    this.#checkNode(node)
    const startedAtMs = this.#deps.host.nowMs()
    const { telemetry, host } = this.#deps
    const { name } = order
    let outcome = 'aborted'
    try {
      const send = (): Promise<unknown> => this.#pending.send({ node, ...order, ...encode() })
      const value = await telemetry.span('rpc.call', () => ({ node, name }), send)
      outcome = 'ok'
      return value
    } catch (thrown) {
      if (isFoundationError(thrown)) outcome = thrown.code
      throw thrown
    } finally {
      const durationMs = host.nowMs() - startedAtMs
      telemetry.execute('rpc.call.done', { durationMs }, () => ({ node, name, outcome }))
    }
  }

  #checkNode(node: string): void {
    if (node === this.#deps.self()) return
    const status = this.#deps.isPeer(node)
    if (status === 'alive') return
    const details = { nodeName: node }
    if (status === 'down') {
      const message = `Node "${node}" is down; the call was not sent`
      throw new FoundationError('FND_NODE_DOWN', message, { details })
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

  #onTracedRequest(body: Uint8Array, from: string): void {
    this.#onRequest(body, from, true)
  }

  #onRequest(body: Uint8Array, from: string, isTraced = false): void {
    if (this.#state === 'running') this.#serving.request(readRequest(body, isTraced), from)
    else {
      const message = `Node "${this.#deps.self()}" takes no calls: it is stopping, or not running`
      this.#serving.refuse(body, from, new FoundationError('FND_NOT_RUNNING', message))
    }
  }
}

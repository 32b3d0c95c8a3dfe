/** The caller's side: every call without a reply yet, by node and number. */
import { FoundationError, type Host, type Timer } from '../kernel/index.ts'
import type { SendOutcome } from '../transport/index.ts'
import { valueOfReply } from './failures.ts'
import type { RpcOptions } from './options.ts'
import { abortPayload, readReply } from './rpc-frames.ts'

/** One request on its way. */
export interface OutboundCall {
  readonly node: string
  readonly name: string
  readonly callId: number
  readonly timeoutMs: number
  readonly payload: Buffer
  readonly signal: AbortSignal | undefined
}

interface PendingCall extends OutboundCall {
  readonly resolve: (value: unknown) => void
  readonly reject: (reason: unknown) => void
  readonly timer: Timer
  readonly onAbort: () => void
}

interface NodeCalls {
  readonly calls: Map<number, PendingCall>
  bytes: number
}

/** What {@link PendingCalls} talks to. */
export interface PendingCallsDeps {
  readonly host: Host
  readonly send: (node: string, payload: Buffer) => SendOutcome
}

/** Settles each call exactly once: reply, deadline, abort, or the end of the node. */
export class PendingCalls {
  readonly #deps: PendingCallsDeps
  readonly #options: Pick<RpcOptions, 'maxPending' | 'maxPendingBytes'>
  readonly #nodes = new Map<string, NodeCalls>()
  #lateReplies = 0

  constructor(deps: PendingCallsDeps, options: Pick<RpcOptions, 'maxPending' | 'maxPendingBytes'>) {
    this.#deps = deps
    this.#options = options
  }

  /** Replies to calls that were over. */
  get lateReplies(): number {
    return this.#lateReplies
  }

  /** Calls without a reply yet. */
  get size(): number {
    let size = 0
    for (const { calls } of this.#nodes.values()) size += calls.size
    return size
  }

  /** Sends a request and waits for its reply; rejects as `Rpc.call` says. */
  send(call: OutboundCall): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const entry = this.#entryOf(call.node)
      if (this.#isFull(entry, call)) {
        reject(limitReached(call))
        return
      }
      this.#add(entry, { resolve, reject, ...this.#watches(call), ...call })
      const outcome = this.#deps.send(call.node, call.payload)
      if (outcome !== 'accepted') this.#take(call.node, call.callId)?.reject(notSent(call, outcome))
    })
  }

  /**
   * Takes the reply of a node. Another node's call is never found: the sender is part of the key.
   *
   * @throws {FoundationError} `FND_FRAME_INVALID`: not even the number of the call can be read.
   */
  reply(body: Uint8Array, from: string): void {
    const reply = readReply(body)
    const call = this.#take(from, reply.callId)
    if (!call) {
      this.#lateReplies += 1
      return
    }
    try {
      call.resolve(valueOfReply(from, reply))
    } catch (error) {
      call.reject(error)
    }
  }

  /** Rejects every call to a node that is gone. */
  nodeGone(node: string, why: string): void {
    const calls = this.#nodes.get(node)?.calls.values() ?? []
    for (const call of [...calls]) {
      const message = `Call of "${call.name}" on node "${node}": ${why}; whether it ran is not known`
      this.#take(node, call.callId)?.reject(
        new FoundationError('FND_NODE_DOWN', message, { details: { nodeName: node } }),
      )
    }
    this.#nodes.delete(node)
  }

  /** Rejects every call. */
  stop(): void {
    for (const { calls } of [...this.#nodes.values()]) {
      for (const { node, callId, name } of [...calls.values()]) {
        const message = `Call of "${name}" on node "${node}": this node was stopped`
        this.#take(node, callId)?.reject(new FoundationError('FND_NOT_RUNNING', message))
      }
    }
    this.#nodes.clear()
  }

  #entryOf(node: string): NodeCalls {
    const known = this.#nodes.get(node)
    if (known) return known
    const entry = { calls: new Map<number, PendingCall>(), bytes: 0 }
    this.#nodes.set(node, entry)
    return entry
  }

  #isFull(entry: NodeCalls, call: OutboundCall): boolean {
    if (entry.calls.size >= this.#options.maxPending) return true
    return entry.calls.size > 0 && entry.bytes + call.payload.length > this.#options.maxPendingBytes
  }

  #add(entry: NodeCalls, call: PendingCall): void {
    entry.calls.set(call.callId, call)
    entry.bytes += call.payload.length
  }

  #watches(call: OutboundCall): Pick<PendingCall, 'timer' | 'onAbort'> {
    const timer = this.#deps.host.after(call.timeoutMs, () => {
      this.#take(call.node, call.callId)?.reject(timedOut(call))
    })
    const onAbort = (): void => {
      this.#abort(call)
    }
    call.signal?.addEventListener('abort', onAbort, { once: true })
    return { timer, onAbort }
  }

  #abort(call: OutboundCall): void {
    const pending = this.#take(call.node, call.callId)
    if (!pending) return
    this.#deps.send(call.node, abortPayload(call.callId))
    pending.reject(call.signal?.reason)
  }

  /** The call, no longer pending; nothing when it was settled before. */
  #take(node: string, callId: number): PendingCall | undefined {
    const entry = this.#nodes.get(node)
    const call = entry?.calls.get(callId)
    if (!entry || !call) return undefined
    entry.calls.delete(callId)
    entry.bytes -= call.payload.length
    call.timer.cancel()
    call.signal?.removeEventListener('abort', call.onAbort)
    return call
  }
}

function limitReached({ node, name }: OutboundCall): FoundationError {
  const message =
    `Call of "${name}" on node "${node}": too many calls to that node have no reply yet; ` +
    'wait for some, or raise rpc.maxPending or rpc.maxPendingBytes'
  return new FoundationError('FND_LIMIT_REACHED', message, { details: { nodeName: node } })
}

function notSent({ node, name }: OutboundCall, outcome: SendOutcome): FoundationError {
  const what = `Call of "${name}" on node "${node}"`
  const details = { nodeName: node }
  if (outcome === 'full') {
    return new FoundationError('FND_LIMIT_REACHED', `${what}: the queue to it is full`, { details })
  }
  return new FoundationError('FND_NODE_DOWN', `${what}: there is no link to it`, { details })
}

function timedOut({ node, name, timeoutMs }: OutboundCall): FoundationError {
  const message =
    `Call of "${name}" on node "${node}" got no reply in ${String(timeoutMs)} ms; ` +
    'whether it ran is not known'
  return new FoundationError('FND_TIMED_OUT', message, { details: { nodeName: node } })
}

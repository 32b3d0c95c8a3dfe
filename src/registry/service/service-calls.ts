/**
 * The calling side: remotes, and their calls on the way to wherever the name is. A call is delivered
 * at most once: it is sent again only when the node that got it says that it did not run.
 */
import { FoundationError, type Host } from '../../kernel/index.ts'
import type { CallOptions } from '../../rpc/index.ts'
import { CallLane, type LanedCall, type Locator } from './call-lane.ts'
import { remoteOf, type Remote } from './remote.ts'
import { unpackReply, type ServiceReply } from './replies.ts'
import { serviceHandlerName } from './service-host.ts'

/** What {@link ServiceCalls} talks to. */
export interface ServiceCallsDeps {
  readonly rpc: {
    call(node: string, name: string, args: unknown, options: CallOptions): Promise<unknown>
  }
  readonly host: Pick<Host, 'nowMs' | 'after'>
}

/** Bounds of {@link ServiceCalls}. */
export interface ServiceCallsOptions {
  /** Deadline of a call that names none, in milliseconds. */
  readonly timeoutMs: number
  /** Calls of this node to one name that may wait while it moves; then `FND_LIMIT_REACHED`. */
  readonly bufferMax: number
}

/** One a node. */
export class ServiceCalls {
  readonly #deps: ServiceCallsDeps
  readonly #options: ServiceCallsOptions
  readonly #lanes = new Map<Locator, Map<string, CallLane>>()
  #lastNumber = 0

  constructor(deps: ServiceCallsDeps, options: ServiceCallsOptions) {
    this.#deps = deps
    this.#options = options
  }

  /**
   * A service by name, wherever it is at each call. Nothing is sent before a method is called.
   *
   * Its methods reject with `RemoteError` when the service threw (its `code` is `remoteCode`), and
   * with {@link FoundationError} `FND_NAME_UNKNOWN`, `FND_NODE_DOWN` (at once when the node dies
   * meanwhile; whether the call ran is then not known), `FND_METHOD_UNKNOWN`, `FND_LIMIT_REACHED`,
   * `FND_TIMED_OUT`, `FND_MESSAGE_INVALID` or `FND_MESSAGE_TOO_LARGE`.
   *
   * @param options deadline and signal of each of its calls.
   */
  remote<T>(name: string, locator: Locator, options: CallOptions = {}): Remote<T> {
    return remoteOf<T>(name, (method, args) => this.#call(locator, { name, method, args }, options))
  }

  /** Calls that wait for a name to arrive are rejected with `FND_NOT_RUNNING`. */
  stop(): void {
    const reason = new FoundationError('FND_NOT_RUNNING', 'This node was stopped')
    for (const lanes of [...this.#lanes.values()]) {
      for (const lane of [...lanes.values()]) lane.stop(reason)
    }
  }

  #call(...[locator, call, options]: [Locator, LanedCall['call'], CallOptions]): Promise<unknown> {
    const { timeoutMs = this.#options.timeoutMs, signal } = options
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted()
      this.#lastNumber += 1
      const deadlineMs = this.#deps.host.nowMs() + timeoutMs
      const number = this.#lastNumber
      this.#laneOf(locator, call.name).add({
        ...{ number, call, deadlineMs, signal, resolve, reject },
        returns: 0,
      })
    })
  }

  #laneOf(locator: Locator, name: string): CallLane {
    const lanes = this.#lanes.get(locator) ?? new Map<string, CallLane>()
    this.#lanes.set(locator, lanes)
    const known = lanes.get(name)
    if (known) return known
    const lane = new CallLane({
      name,
      locator,
      host: this.#deps.host,
      send: (node, call) => this.#send(node, call),
      waitingMax: this.#options.bufferMax,
      idle: () => {
        if (lanes.get(name) === lane) lanes.delete(name)
      },
    })
    lanes.set(name, lane)
    return lane
  }

  async #send(node: string, { call, deadlineMs, signal }: LanedCall): Promise<ServiceReply> {
    const timeoutMs = Math.max(1, deadlineMs - this.#deps.host.nowMs())
    const packed = await this.#deps.rpc.call(node, serviceHandlerName, call, { timeoutMs, signal })
    return unpackReply(packed)
  }
}

/** Nodes with a service host each, over an rpc that carries copies, in the order they were sent. */
import { FoundationError, RemoteError, toError, type Host } from '../../kernel/index.ts'
import type { CallOptions, RpcContext, RpcHandler } from '../../rpc/index.ts'
import { decodeValue, encodeValue } from '../../wire/index.ts'
import type { Locator, Whereabouts } from './call-lane.ts'
import { ServiceCalls } from './service-calls.ts'
import { ServiceHost, type ServiceHostOptions } from './service-host.ts'

const hostDefaults: ServiceHostOptions = { mailboxMax: 100, bufferMax: 10, movedForMs: 60_000 }

/** One node of a {@link ServiceNet}. */
export interface ServiceNode {
  readonly name: string
  readonly services: ServiceHost
  readonly calls: ServiceCalls
}

/** Nodes that reach each other, and the one table of where names are. */
export class ServiceNet implements Locator {
  readonly host: Host
  /** What `locate` says. */
  readonly places: Map<string, Whereabouts> = new Map()
  readonly down: Set<string> = new Set()
  /** Calls that were sent, as `from>to method`. */
  readonly sent: string[] = []
  readonly #handlers = new Map<string, RpcHandler<unknown>>()
  readonly #listeners = new Set<() => void>()

  constructor(host: Host) {
    this.host = host
  }

  node(name: string, options: Partial<ServiceHostOptions> = {}): ServiceNode {
    const { host } = this
    const rpc = {
      handle: (_name: string, handler: RpcHandler<unknown>) => {
        this.#handlers.set(name, handler)
        return () => this.#handlers.delete(name)
      },
      call: (...[to, , args, given]: [string, string, unknown, CallOptions]) =>
        this.call({ from: name, to, args, given }),
    }
    const services = new ServiceHost({ rpc, host }, { ...hostDefaults, ...options })
    services.start()
    const calls = new ServiceCalls({ rpc, host }, { timeoutMs: 5_000, bufferMax: 1_000 })
    return { name, services, calls }
  }

  /** The name is there from now on, and everybody has heard of it. */
  place(name: string, where: Whereabouts): void {
    this.places.set(name, where)
    for (const listener of this.#listeners) listener()
  }

  locate(name: string): Whereabouts {
    return this.places.get(name)
  }

  onMoved(_name: string, listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** As rpc: by value, and what the handler throws arrives as a {@link RemoteError}. */
  async call(request: {
    readonly from: string
    readonly to: string
    readonly args: unknown
    readonly given?: CallOptions
  }): Promise<unknown> {
    const { from, to, args, given = {} } = request
    this.sent.push(`${from}>${to} ${(args as { method: string }).method}`)
    const bytes = encodeValue(args)
    await Promise.resolve()
    const handler = this.#handlers.get(to)
    if (!handler || this.down.has(to)) throw new FoundationError('FND_NODE_DOWN', `${to} is down`)
    const signal = given.signal ?? new AbortController().signal
    const context: RpcContext = { from, name: '', deadlineMs: 0, signal }
    try {
      return decodeValue(encodeValue(await handler(decodeValue(bytes), context)))
    } catch (thrown) {
      const { name, message, code } = toError(thrown) as Error & { code?: string }
      throw new RemoteError(to, { name, message, code })
    }
  }
}

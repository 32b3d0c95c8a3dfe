/** Nodes over a router that delivers bytes, under time that a test moves by hand. No tests here. */
import assert from 'node:assert/strict'
import { resolveRules, silentLog, toError, type Host, silentTelemetry } from '../kernel/index.ts'
import type { Inbound, MessageHandler, SendOutcome } from '../transport/index.ts'
import { rpcRules, type RpcOptions } from './options.ts'
import { Rpc } from './rpc.ts'

/** Time that a test moves by hand. */
export class ManualHost implements Host {
  #now = 1_000
  #timers = new Map<number, { at: number; run: () => void }>()
  #next = 0
  chance = 0

  get timers(): number {
    return this.#timers.size
  }
  nowMs(): number {
    return this.#now
  }
  wallClockMs(): number {
    throw new Error('the wall clock decides nothing here')
  }
  random(): number {
    return this.chance
  }
  randomBytes(count: number): Uint8Array {
    return new Uint8Array(count)
  }
  after(delayMs: number, run: () => void): { cancel(): void } {
    const id = this.#next++
    this.#timers.set(id, { at: this.#now + delayMs, run })
    return { cancel: () => this.#timers.delete(id) }
  }
  defer(run: () => void): void {
    this.after(0, run)
  }
  /** Lets what was sent arrive first, and leaves what then happens to the caller to await. */
  async advance(ms: number): Promise<void> {
    await quiet()
    this.#now += ms
    for (const [id, timer] of [...this.#timers].sort((a, b) => a[1].at - b[1].at)) {
      if (timer.at <= this.#now && this.#timers.delete(id)) timer.run()
    }
  }
}

/** Until nothing more happens without time passing. */
export const quiet = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** One node: its rpc, and a router of which only the bytes matter. */
export class Node {
  readonly name: string
  readonly rpc: Rpc
  readonly handlers: Map<number, MessageHandler> = new Map()
  readonly sent: { peer: string; payload: Buffer }[] = []
  readonly rejected: Error[] = []
  outcome: SendOutcome = 'accepted'
  /** Payloads to keep back instead of delivering. */
  holds: (payload: Uint8Array) => boolean = () => false
  held: (() => void)[] = []

  constructor(net: Net, name: string, given: { options?: object; development?: boolean } = {}) {
    this.name = name
    const router = {
      handle: (code: number, handler: MessageHandler) => this.handlers.set(code, handler),
      send: (peer: string, _class: string, payload: Uint8Array) => {
        if (this.outcome !== 'accepted') return this.outcome
        if (!net.nodes.has(peer)) return 'disconnected' as const
        this.sent.push({ peer, payload: Buffer.from(payload) })
        const deliver = (): void => net.nodes.get(peer)?.receive(name, payload)
        if (this.holds(payload)) this.held.push(deliver)
        else queueMicrotask(deliver)
        return 'accepted' as const
      },
    }
    const options: RpcOptions = resolveRules(rpcRules, given.options)
    this.rpc = new Rpc(
      {
        router,
        host: net.host,
        log: silentLog,
        telemetry: silentTelemetry,
        self: () => name,
        everyone: () => [name, ...net.statuses.keys()],
        isPeer: (peer) => net.statuses.get(peer) ?? 'unknown',
        development: given.development ?? false,
      },
      options,
    )
    this.rpc.start()
    net.nodes.set(name, this)
    net.statuses.set(name, 'alive')
  }

  /** As the real router: a handler that throws is counted, never more. */
  receive(from: string, payload: Uint8Array): void {
    const inbound: Inbound = { from, class: 'control', epoch: 1, sequence: 1, payload }
    try {
      this.handlers.get(payload[0] ?? 0)?.(new Uint8Array(payload).subarray(1), inbound)
    } catch (thrown) {
      this.rejected.push(toError(thrown))
    }
  }
}

/** Nodes that reach one another by name. */
export class Net {
  readonly host: ManualHost = new ManualHost()
  readonly nodes: Map<string, Node> = new Map()
  readonly statuses: Map<string, 'alive' | 'down' | 'unknown'> = new Map()

  /** Fails while anything is pending or at work, or a timer is left. */
  assertClean(): void {
    for (const { rpc } of this.nodes.values()) {
      const { pendingCalls, inboundCalls } = rpc.stats()
      assert.deepEqual({ pendingCalls, inboundCalls }, { pendingCalls: 0, inboundCalls: 0 })
    }
    assert.equal(this.host.timers, 0, 'timers left')
  }
}

/** Work that never ends. */
export const never = (): Promise<never> => new Promise<never>(() => undefined)

/** Two nodes that know each other. */
export function newPair(): { net: Net; a: Node; b: Node } {
  const net = new Net()
  return { net, a: new Node(net, 'a'), b: new Node(net, 'b') }
}

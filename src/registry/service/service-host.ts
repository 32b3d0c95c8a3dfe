/**
 * The services of this node by name, and what a call to each of them meets: a service that serves,
 * one that is sealed for a move, a place reserved for one that will come, or a mark that it moved.
 *
 * Calls come through one rpc handler. Those of this node itself take the same way, codec included,
 * so that code does not come to depend on where a service runs: arguments are always copies.
 */
import type { Host, Timer } from '../../kernel/index.ts'
import type { RpcContext, RpcHandler } from '../../rpc/index.ts'
import { HostedService, type ArrivedCall } from './hosted-service.ts'
import { packReply, serviceCallShape, type ServiceReply } from './replies.ts'

/** Bounds of a {@link ServiceHost}. */
export interface ServiceHostOptions {
  /** Calls that wait for one service; then `FND_LIMIT_REACHED`. */
  readonly mailboxMax: number
  /** Calls held for a service that is on its way; then `FND_LIMIT_REACHED`. */
  readonly bufferMax: number
  /** How long a node says where a service went, in milliseconds. */
  readonly movedForMs: number
}

/** What a {@link ServiceHost} talks to. */
export interface ServiceHostDeps {
  readonly rpc: { handle(name: string, handler: RpcHandler<unknown>): () => void }
  readonly host: Pick<Host, 'after'>
}

/** Name of the one rpc handler through which services are called. */
export const serviceHandlerName = 'foundation.service'

type Slot =
  | { readonly state: 'serving'; readonly service: HostedService }
  /** New calls go to `to`; what came before is worked off. */
  | { readonly state: 'sealed'; readonly service: HostedService; readonly to: string }
  | { readonly state: 'reserved'; readonly held: ArrivedCall[] }
  | { readonly state: 'moved'; readonly to: string; readonly timer: Timer }

/** Plain figures, for `status()`. */
export interface ServiceHostStats {
  readonly serving: number
  readonly reserved: number
  /** Calls that wait or run, over all services. */
  readonly calls: number
}

/** One a node. */
export class ServiceHost {
  readonly #deps: ServiceHostDeps
  readonly #options: ServiceHostOptions
  readonly #slots = new Map<string, Slot>()
  #unhandle: (() => void) | undefined

  constructor(deps: ServiceHostDeps, options: ServiceHostOptions) {
    this.#deps = deps
    this.#options = options
  }

  start(): void {
    this.#unhandle ??= this.#deps.rpc.handle(serviceHandlerName, (args, context) =>
      this.#receive(args, context),
    )
  }

  /** Held calls are told that the name is not here; calls that run go on. */
  stop(): void {
    this.#unhandle?.()
    this.#unhandle = undefined
    for (const name of [...this.#slots.keys()]) this.remove(name)
  }

  /** True when calls of the name are worked on here. */
  serves(name: string): boolean {
    return this.#slots.get(name)?.state === 'serving'
  }

  /**
   * Serves a name. Calls held for it flow first, in the order they came; what served it before no
   * longer does.
   *
   * @throws {FoundationError} `FND_OPTION_INVALID`: see {@link HostedService}.
   */
  serve(name: string, service: object): void {
    const hosted = new HostedService(service, this.#options.mailboxMax)
    const held = this.#heldBy(name)
    this.#put(name, { state: 'serving', service: hosted })
    for (const call of held) hosted.take(call)
  }

  /** Holds the calls of a name until `serve` or `remove`. A name that is served stays so. */
  reserve(name: string): void {
    const state = this.#slots.get(name)?.state
    if (state === undefined || state === 'moved') this.#put(name, { state: 'reserved', held: [] })
  }

  /**
   * The service ends, and another one is expected: calls are held from now on, those that wait too,
   * and those that a move was to work off. Resolves when those that run have ended.
   */
  async hold(name: string): Promise<void> {
    const slot = this.#slots.get(name)
    if (slot?.state !== 'serving' && slot?.state !== 'sealed') return
    const held: ArrivedCall[] = []
    this.#put(name, { state: 'reserved', held })
    slot.service.close((call) => {
      this.#hold(call, held)
    })
    await slot.service.drained()
  }

  /** New calls of the name are sent on to `to`; resolves when those that came before have ended. */
  async seal(name: string, to: string): Promise<void> {
    const slot = this.#slots.get(name)
    if (slot?.state !== 'serving' && slot?.state !== 'sealed') return
    this.#put(name, { state: 'sealed', service: slot.service, to })
    await slot.service.drained()
  }

  /** The move was given up: calls are worked on again. */
  unseal(name: string): void {
    const slot = this.#slots.get(name)
    if (slot?.state === 'sealed') this.#put(name, { state: 'serving', service: slot.service })
  }

  /**
   * The name is no longer here. With `movedTo` callers are told where it went, for `movedForMs`.
   * Calls that are held, or wait, are told the same; one that runs goes on.
   */
  remove(name: string, movedTo?: string): void {
    const slot = this.#slots.get(name)
    if (movedTo === undefined) this.#delete(name)
    else this.#put(name, this.#markOf(name, movedTo))
    const reply: ServiceReply =
      movedTo === undefined ? { outcome: 'unknown' } : { outcome: 'moved', to: movedTo }
    if (slot?.state === 'reserved') for (const call of slot.held) call.answer.resolve(reply)
    if (slot?.state === 'serving' || slot?.state === 'sealed') closeWith(slot.service, reply)
  }

  stats(): ServiceHostStats {
    let [serving, reserved, calls] = [0, 0, 0]
    for (const slot of this.#slots.values()) {
      if (slot.state === 'serving' || slot.state === 'sealed') {
        serving += 1
        calls += slot.service.size
      }
      if (slot.state === 'reserved') reserved += 1
    }
    return { serving, reserved, calls }
  }

  #receive(args: unknown, context: RpcContext): Promise<unknown> {
    const call = serviceCallShape.check(args, 'call')
    return new Promise<ServiceReply>((resolve, reject) => {
      this.#take({
        ...call,
        answer: { resolve, reject },
        isAbandoned: () => context.signal.aborted,
      })
    }).then(packReply)
  }

  #take(call: ArrivedCall): void {
    const slot = this.#slots.get(call.name)
    switch (slot?.state) {
      case 'serving':
        slot.service.take(call)
        return
      case 'reserved':
        this.#hold(call, slot.held)
        return
      case 'sealed':
      case 'moved':
        call.answer.resolve({ outcome: 'moved', to: slot.to })
        return
      case undefined:
        call.answer.resolve({ outcome: 'unknown' })
    }
  }

  #hold(call: ArrivedCall, held: ArrivedCall[]): void {
    if (held.length < this.#options.bufferMax) {
      held.push(call)
      return
    }
    const message = `Service "${call.name}" is on its way here and too many calls wait for it`
    call.answer.resolve({ outcome: 'refused', code: 'FND_LIMIT_REACHED', message })
  }

  #heldBy(name: string): readonly ArrivedCall[] {
    const slot = this.#slots.get(name)
    return slot?.state === 'reserved' ? slot.held : []
  }

  #markOf(name: string, to: string): Slot {
    const timer = this.#deps.host.after(this.#options.movedForMs, () => {
      const slot = this.#slots.get(name)
      if (slot?.state === 'moved' && slot.timer === timer) this.#slots.delete(name)
    })
    return { state: 'moved', to, timer }
  }

  #put(name: string, slot: Slot): void {
    this.#delete(name)
    this.#slots.set(name, slot)
  }

  #delete(name: string): void {
    const slot = this.#slots.get(name)
    if (slot?.state === 'moved') slot.timer.cancel()
    this.#slots.delete(name)
  }
}

function closeWith(service: HostedService, reply: ServiceReply): void {
  service.close((call) => {
    call.answer.resolve(reply)
  })
}

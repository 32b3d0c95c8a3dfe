/** One dial under way: its deadline, its single message on the road, its one outcome. */
import { deferred, type Deferred, type Host, type Timer } from '../../kernel/index.ts'
import type { DialFailure, NodeIdentity } from '../port/port.ts'
import type { Trip, Wires } from './network.ts'
import { dialError } from '../port/dial-errors.ts'

/** What an attempt works with. */
export interface AttemptDeps {
  readonly host: Host
  readonly network: Wires
  /** Called once, when the attempt is over. */
  readonly over: () => void
}

/** Ends exactly once: with a peer, or with a reason. */
export class Attempt {
  readonly address: string
  readonly #deps: AttemptDeps
  readonly #outcome: Deferred<NodeIdentity> = deferred<NodeIdentity>()
  readonly #deadline: Timer
  #trip: Trip | undefined
  #state: 'under-way' | 'over' = 'under-way'
  #callers = 0

  constructor(address: string, deps: AttemptDeps) {
    this.address = address
    this.#deps = deps
    // Whoever dialled may have given up by the time it fails.
    this.#outcome.promise.catch(() => undefined)
    this.#deadline = deps.host.after(deps.network.options.dialTimeoutMs, () => {
      this.fail('timeout')
    })
  }

  get isOver(): boolean {
    return this.#state === 'over'
  }

  get outcome(): Promise<NodeIdentity> {
    return this.#outcome.promise
  }

  /** One more caller shares this attempt. */
  join(): void {
    this.#callers += 1
  }

  /** A caller gave up; the last one to do so ends the attempt. */
  leave(): void {
    this.#callers -= 1
    if (this.#callers === 0) this.fail('broken')
  }

  /** Resolves when a message from `from` came to `to`; never when the attempt is over before. */
  travel(route: { from: string; to: string; host?: Host }): Promise<void> {
    return new Promise((resolve) => {
      if (!this.isOver) this.#trip = this.#deps.network.carry(route, resolve)
    })
  }

  /** Who was to answer is gone: that it was reset arrives in the place of an answer. */
  reset(route: { from: string; to: string; host: Host }): void {
    this.#trip?.cancel()
    if (this.isOver) return
    this.#trip = this.#deps.network.carry(route, () => {
      this.fail('broken')
    })
  }

  succeed(peer: NodeIdentity): void {
    if (this.#end()) this.#outcome.resolve(peer)
  }

  fail(reason: DialFailure): void {
    this.failWith(dialError(this.address, reason))
  }

  failWith(error: unknown): void {
    if (this.#end()) this.#outcome.reject(error)
  }

  #end(): boolean {
    if (this.isOver) return false
    this.#state = 'over'
    this.#deadline.cancel()
    this.#trip?.cancel()
    this.#deps.over()
    return true
  }
}

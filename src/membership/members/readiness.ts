/** Waiting until enough members are alive and the set has settled. */
import {
  checkGiven,
  deferred,
  integerCheck,
  waitChecks,
  within,
  wordCheck,
  type Deferred,
  type FoundationError,
  type GivenChecks,
  type Host,
  type Timer,
  type WaitOptions,
} from '../../kernel/index.ts'

/** What `ready` takes. */
export interface ReadyOptions extends WaitOptions {
  /** Other members that must be alive; those with the role `observer` are not counted. Default 0. */
  readonly minPeers?: number
  /** `continue` resolves at the deadline with the members there are. Default `fail`. */
  readonly onTimeout?: 'fail' | 'continue'
}

const readyChecks: GivenChecks<ReadyOptions> = {
  ...waitChecks,
  minPeers: integerCheck({ min: 0, max: 1_000_000 }),
  onTimeout: wordCheck(['fail', 'continue']),
}

interface Waiter {
  readonly minPeers: number
  readonly done: Deferred<void>
}

/** One a node. */
export class Readiness {
  readonly #host: Host
  readonly #stableMarginMs: number
  readonly #waiters = new Set<Waiter>()
  #alivePeers = 0
  #changedAtMs: number
  #timer: Timer | undefined

  constructor(host: Host, options: { readonly stableMarginMs: number }) {
    this.#host = host
    this.#stableMarginMs = options.stableMarginMs
    this.#changedAtMs = host.nowMs()
  }

  /** So many others are alive now. When that is a change the margin begins anew. */
  alive(alivePeers: number): void {
    if (alivePeers === this.#alivePeers) return
    this.#alivePeers = alivePeers
    this.#changedAtMs = this.#host.nowMs()
    this.#check()
  }

  /** Resolves when enough peers are alive and nothing changed for the margin; see {@link ReadyOptions}. */
  async wait(options: ReadyOptions): Promise<void> {
    checkGiven(readyChecks, options, 'ready')
    const waiter: Waiter = { minPeers: options.minPeers ?? 0, done: deferred() }
    // Nobody may be listening any more when it fails.
    waiter.done.promise.catch(() => undefined)
    this.#waiters.add(waiter)
    const giveUp =
      options.onTimeout === 'continue' && options.timeoutMs !== undefined
        ? this.#host.after(options.timeoutMs, waiter.done.resolve)
        : undefined
    this.#check()
    try {
      await within(this.#host, waiter.done.promise, {
        what: `Waiting for ${String(waiter.minPeers)} alive peers`,
        hint: () => this.#howItStands(waiter.minPeers),
        ...(options.signal && { signal: options.signal }),
        ...(options.timeoutMs !== undefined && !giveUp && { timeoutMs: options.timeoutMs }),
      })
    } finally {
      giveUp?.cancel()
      this.#waiters.delete(waiter)
      this.#check()
    }
  }

  /** Nobody who waits will be served. */
  fail(error: FoundationError): void {
    for (const waiter of this.#waiters) waiter.done.reject(error)
    this.#waiters.clear()
    this.#check()
  }

  #howItStands(minPeers: number): string {
    const alive = this.#alivePeers
    if (alive >= minPeers) return 'they are alive, but members still come and go'
    return `${alive === 0 ? 'none is' : `${String(alive)} of them are`} alive; "foundation doctor" says why`
  }

  #check(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    const served = [...this.#waiters].filter((waiter) => this.#alivePeers >= waiter.minPeers)
    if (served.length === 0) return
    const remainingMs = this.#changedAtMs + this.#stableMarginMs - this.#host.nowMs()
    if (remainingMs > 0) {
      this.#timer = this.#host.after(remainingMs, () => {
        this.#check()
      })
      return
    }
    for (const waiter of served) waiter.done.resolve()
  }
}

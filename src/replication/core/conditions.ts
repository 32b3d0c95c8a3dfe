/** Waiting until something that is looked at again and again holds. */
import {
  deferred,
  FoundationError,
  within,
  type Deferred,
  type Host,
  type WaitOptions,
} from '../../kernel/index.ts'

interface Waiter {
  readonly holds: () => boolean
  readonly done: Deferred<undefined>
}

/** Conditions somebody waits for. */
export class Conditions {
  readonly #host: Host
  readonly #max: number
  readonly #waiters = new Set<Waiter>()
  #isOpen = true

  constructor(host: Host, max: number) {
    this.#host = host
    this.#max = max
  }

  /**
   * Resolves once the condition holds.
   *
   * @throws {FoundationError} `FND_TIMED_OUT`, `FND_LIMIT_REACHED`, `FND_NOT_RUNNING`
   */
  async wait(holds: () => boolean, options: WaitOptions & { what: string }): Promise<void> {
    if (!this.#isOpen) throw notRunning(options.what)
    if (holds()) return
    if (this.#waiters.size >= this.#max) {
      const message = `${options.what}: ${String(this.#max)} calls wait already; await some first`
      throw new FoundationError('FND_LIMIT_REACHED', message)
    }
    const waiter: Waiter = { holds, done: deferred() }
    this.#waiters.add(waiter)
    try {
      await within(this.#host, waiter.done.promise, options)
    } finally {
      this.#waiters.delete(waiter)
    }
  }

  /** Something changed: looks at every condition again. */
  check(): void {
    for (const { holds, done } of this.#waiters) if (holds()) done.resolve(undefined)
  }

  /** Nobody waits any more. */
  stop(): void {
    this.#isOpen = false
    for (const { done } of this.#waiters) done.reject(notRunning('Waiting'))
  }
}

function notRunning(what: string): FoundationError {
  return new FoundationError('FND_NOT_RUNNING', `${what}: this node is not running`)
}

/**
 * How much one turn of the event loop may publish. A loop that awaits each broadcast would else go
 * on until a queue of megabytes is full, and until then nothing is written, read or answered.
 */
import { deferred, type Deferred, type Host } from '../kernel/index.ts'

/** Bytes after which a publisher that awaits gives the event loop a turn. */
export const turnMaxBytes: number = 128 * 1_024
/** What a message costs on top of its bytes. */
const messageOverheadBytes = 32
/** So long, at most, a publisher is held up for a queue that does not get shorter. */
const pauseMaxMs = 10

/** One a node. */
export class TurnBudget {
  readonly #host: Host
  #spentBytes = 0
  #pause: Deferred<void> | undefined

  constructor(host: Host) {
    this.#host = host
  }

  /** Counts one message to one peer. @returns whether it was within the budget of this turn. */
  spend(bytes: number): boolean {
    if (this.#spentBytes === 0) this.#host.defer(this.#onTurnEnd)
    this.#spentBytes += bytes + messageOverheadBytes
    return this.#spentBytes <= turnMaxBytes
  }

  /**
   * Resolves in a later turn, and not before `drained` has, unless that takes long. Who asks while
   * there is a pause shares it.
   *
   * @param drained asks the queues just written to.
   */
  pause(drained: () => Promise<unknown>): Promise<void> {
    if (this.#pause) return this.#pause.promise
    const pause: Deferred<void> = deferred()
    this.#pause = pause
    const end = (): void => {
      limit.cancel()
      if (this.#pause === pause) this.#pause = undefined
      pause.resolve()
    }
    const limit = this.#host.after(pauseMaxMs, end)
    this.#host.defer(() => {
      drained().then(end, end)
    })
    return pause.promise
  }

  readonly #onTurnEnd = (): void => {
    this.#spentBytes = 0
  }
}

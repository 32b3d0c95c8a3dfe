/**
 * Work that callers bring, a share of every turn of the event loop. A loop that awaits work done at
 * once never leaves its turn, and until it is over nothing is read, written or answered.
 */
import type { Host } from '../../kernel/index.ts'

/** How long the work of one turn may take. */
export const turnShareMs = 5

/** One queue, in the order work came. */
export class TurnShare {
  readonly #host: Pick<Host, 'nowMs' | 'defer'>
  readonly #waitingMax: number
  #waiting: (() => void)[] = []
  /** The first of `waiting` that was not done. */
  #next = 0
  /** When the share of this turn is used up; undefined before the first work of a turn. */
  #untilMs: number | undefined

  constructor(host: Pick<Host, 'nowMs' | 'defer'>, waitingMax: number) {
    this.#host = host
    this.#waitingMax = waitingMax
  }

  /**
   * Does work at once while there is time in this turn and nothing waits, else in a later one.
   *
   * @param work must not throw.
   * @returns false when too much waits: it will not be done.
   */
  run(work: () => void): boolean {
    if (this.#size >= this.#waitingMax) return false
    if (this.#size === 0 && this.#hasTime()) work()
    else this.#waiting.push(work)
    return true
  }

  /** Does all that waits, now. */
  finish(): void {
    while (this.#size > 0) this.#doNext()
  }

  get #size(): number {
    return this.#waiting.length - this.#next
  }

  #hasTime(): boolean {
    const nowMs = this.#host.nowMs()
    if (this.#untilMs === undefined) {
      this.#untilMs = nowMs + turnShareMs
      this.#host.defer(this.#onNextTurn)
    }
    return nowMs < this.#untilMs
  }

  readonly #onNextTurn = (): void => {
    this.#untilMs = undefined
    while (this.#size > 0 && this.#hasTime()) this.#doNext()
  }

  #doNext(): void {
    const work = this.#waiting[this.#next]
    this.#next += 1
    if (this.#size === 0) {
      this.#waiting = []
      this.#next = 0
    }
    work?.()
  }
}

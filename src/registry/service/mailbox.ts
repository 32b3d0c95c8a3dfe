/**
 * The calls of one service in the order they came, worked on one at a time, or as many as the
 * service allows. Bounded; overflow policy: refuse.
 */
import { deferred, type Deferred } from '../../kernel/index.ts'

/** Bounds of a {@link Mailbox}. */
export interface MailboxOptions {
  /** Calls worked on at once. 1 or more. */
  readonly concurrency: number
  /** Calls that wait. 0 or more. */
  readonly waitingMax: number
}

/** One call, as a mailbox knows it. */
export interface Work {
  /** Must not reject. */
  readonly run: () => Promise<void>
  /** It will never run. */
  readonly drop: () => void
}

/** One a service. */
export class Mailbox {
  readonly #options: MailboxOptions
  #waiting: Work[] = []
  /** Index of the next one; the array is cut when all of it was taken. */
  #next = 0
  #running = 0
  #drained: Deferred<undefined> | undefined

  constructor(options: MailboxOptions) {
    this.#options = options
  }

  /** Calls that wait or are worked on. */
  get size(): number {
    return this.#waiting.length - this.#next + this.#running
  }

  /** Takes work in. False when the mailbox is full. */
  add(work: Work): boolean {
    if (this.#running < this.#options.concurrency) {
      this.#run(work)
      return true
    }
    if (this.#waiting.length - this.#next >= this.#options.waitingMax) return false
    this.#waiting.push(work)
    return true
  }

  /** Resolves when nothing waits and nothing is worked on. */
  drained(): Promise<void> {
    if (this.size === 0) return Promise.resolve()
    this.#drained ??= deferred()
    return this.#drained.promise
  }

  /** Drops what waits; what runs goes on. */
  close(): void {
    const waiting = this.#waiting.slice(this.#next)
    this.#cut()
    for (const { drop } of waiting) drop()
  }

  #run(work: Work): void {
    this.#running += 1
    void work.run().then(() => {
      this.#running -= 1
      this.#advance()
    })
  }

  #advance(): void {
    const work = this.#waiting[this.#next]
    if (work) {
      this.#next += 1
      if (this.#next === this.#waiting.length) this.#cut()
      this.#run(work)
    } else if (this.#running === 0) {
      this.#drained?.resolve(undefined)
      this.#drained = undefined
    }
  }

  #cut(): void {
    this.#waiting = []
    this.#next = 0
  }
}

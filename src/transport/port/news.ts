/** Calls handlers one after the other, in the order things happened, never inside one another. */
import type { Host, Log } from '../../kernel/index.ts'

/** One a transport. A handler that throws is logged and harms nobody. */
export class News {
  readonly #host: Host
  readonly #log: Log
  #waiting: (() => void)[] = []
  #state: 'quiet' | 'telling' | 'silenced' = 'quiet'

  constructor(host: Host, log: Log) {
    this.#host = host
    this.#log = log
  }

  /** Calls now, or, from inside a handler, when that has returned. */
  tell(call: () => void): void {
    if (this.#state === 'silenced') return
    this.#waiting.push(call)
    this.#flush()
  }

  /** Calls when the current turn ends, or before the next thing told. */
  tellLater(call: () => void): void {
    this.#waiting.push(call)
    this.#host.defer(() => {
      this.#flush()
    })
  }

  /** Calls nothing any more. */
  silence(): void {
    this.#state = 'silenced'
    this.#waiting = []
  }

  #flush(): void {
    if (this.#state !== 'quiet') return
    this.#state = 'telling'
    for (let call = this.#waiting.shift(); call; call = this.#waiting.shift()) this.#run(call)
    if (this.#isTelling) this.#state = 'quiet'
  }

  get #isTelling(): boolean {
    return this.#state === 'telling'
  }

  #run(call: () => void): void {
    try {
      call()
    } catch (error) {
      this.#log.error({ error }, 'a transport handler threw')
    }
  }
}

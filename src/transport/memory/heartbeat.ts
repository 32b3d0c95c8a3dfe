/** The clock of one side of a link: asks for signs of life, counts silence, measures round trips. */
import type { Host, Timer } from '../../kernel/index.ts'
import type { MemoryOptions } from './options.ts'

/** What a heartbeat talks to. */
export interface HeartbeatDeps {
  readonly host: Host
  readonly ping: (sentAtMs: number) => void
  /** Nothing was heard for too long. */
  readonly silent: () => void
}

/** One a side of a link. */
export class Heartbeat {
  readonly #deps: HeartbeatDeps
  readonly #options: Pick<MemoryOptions, 'pingIntervalMs' | 'silentMaxMs'>
  #heardMs: number
  #rttMs: number | undefined
  #timer: Timer | undefined

  constructor(deps: HeartbeatDeps, options: Pick<MemoryOptions, 'pingIntervalMs' | 'silentMaxMs'>) {
    this.#deps = deps
    this.#options = options
    this.#heardMs = deps.host.nowMs()
  }

  /** Smoothed; undefined before the first answer. */
  get rttMs(): number | undefined {
    return this.#rttMs
  }

  get silentMs(): number {
    return this.#deps.host.nowMs() - this.#heardMs
  }

  start(): void {
    this.heard()
    this.#schedule()
  }

  stop(): void {
    this.#timer?.cancel()
  }

  heard(): void {
    this.#heardMs = this.#deps.host.nowMs()
  }

  /** The answer to a ping of that moment came. */
  answered(sentAtMs: number): void {
    const rttMs = this.#deps.host.nowMs() - sentAtMs
    this.#rttMs = this.#rttMs === undefined ? rttMs : this.#rttMs + (rttMs - this.#rttMs) / 8
  }

  #schedule(): void {
    const { host, ping, silent } = this.#deps
    const { pingIntervalMs, silentMaxMs } = this.#options
    const dueMs = host.nowMs() + pingIntervalMs
    this.#timer = host.after(pingIntervalMs, () => {
      // A process that was itself asleep has not read what came meanwhile: it judges nobody yet.
      const wasAsleep = host.nowMs() - dueMs > pingIntervalMs
      if (!wasAsleep && this.silentMs > silentMaxMs) {
        silent()
        return
      }
      ping(host.nowMs())
      this.#schedule()
    })
  }
}

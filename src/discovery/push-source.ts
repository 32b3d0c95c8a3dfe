/** A topology whose strategy tells by itself: it is started until that succeeds. */
import { sleep, toError, within } from '../kernel/index.ts'
import { backoffMs } from './port/backoff.ts'
import type { PushStrategy } from './port/port.ts'
import type { Source, SourceDeps } from './source.ts'

/** What a {@link PushSource} works on, and whom it tells. */
export interface PushSourceDeps extends SourceDeps {
  readonly startFailed: (error: Error) => void
}

/** One strategy that tells by itself. */
export class PushSource implements Source {
  readonly nextPollInMs = undefined
  readonly #deps: PushSourceDeps
  readonly #strategy: PushStrategy
  #starting: Promise<void> | undefined

  constructor(deps: PushSourceDeps, strategy: PushStrategy) {
    this.#deps = deps
    this.#strategy = strategy
  }

  start(): void {
    this.#starting ??= this.#start(this.#deps.context.signal)
  }

  refresh(): void {
    this.#deps.quietly(() => this.#strategy.refresh?.())
  }

  async farewell(reason: string): Promise<void> {
    await this.#strategy.stop(reason)
  }

  async stop(): Promise<void> {
    await this.#starting
  }

  /** What ends because the topology stops is no failure. */
  #failed(error: Error): void {
    if (!this.#deps.context.signal.aborted) this.#deps.startFailed(error)
  }

  async #start(signal: AbortSignal): Promise<void> {
    const { context, figures, host, options } = this.#deps
    const rhythm = { minMs: options.redialMinMs, maxMs: options.backoffMaxMs }
    for (let failures = 0; !signal.aborted; failures++) {
      figures.attempted(host.wallClockMs())
      try {
        // One that hangs is left behind when the topology stops.
        const started = (async () => this.#strategy.start(context))()
        await within(host, started, { what: 'Starting the strategy', signal })
        figures.succeeded(host.wallClockMs(), 0)
        return
      } catch (thrown) {
        this.#failed(toError(thrown))
      }
      await sleep(host, backoffMs(failures, rhythm, host.random()), signal)
    }
  }
}

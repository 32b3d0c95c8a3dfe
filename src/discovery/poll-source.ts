/** A topology whose strategy is asked again and again: its loop, its announcement of this node. */
import { type FoundationError } from '../kernel/index.ts'
import type { CheckedLookup } from './hints.ts'
import { PollLoop } from './poll-loop.ts'
import type { PollStrategy } from './port/port.ts'
import type { Source, SourceDeps } from './source.ts'

/** What a {@link PollSource} works on, and whom it tells. */
export interface PollSourceDeps extends SourceDeps {
  readonly succeeded: (result: CheckedLookup, durationMs: number) => void | Promise<void>
  readonly failed: (error: FoundationError, durationMs: number) => void
}

/** One polled strategy. */
export class PollSource implements Source {
  readonly #deps: PollSourceDeps
  readonly #strategy: PollStrategy
  readonly #loop: PollLoop
  #isRegistered = false

  constructor(deps: PollSourceDeps, strategy: PollStrategy) {
    const { host, timers, topology, options, succeeded, failed } = deps
    this.#deps = deps
    this.#strategy = strategy
    this.#loop = new PollLoop(
      {
        host,
        timers,
        what: `"${topology.name}" (${topology.strategyName})`,
        lookup: (signal) => this.#lookup(signal),
        succeeded,
        failed,
      },
      { ...topology.poll, backoffMaxMs: options.backoffMaxMs },
    )
  }

  get nextPollInMs(): number | undefined {
    return this.#loop.nextPollInMs
  }

  start(): void {
    const { context, quietly } = this.#deps
    quietly(() =>
      this.#strategy.watch?.(context, () => {
        this.refresh()
      }),
    )
    this.#loop.start()
  }

  refresh(): void {
    this.#loop.refresh()
  }

  /** Takes the announcement back, if there is one. */
  async farewell(): Promise<void> {
    if (!this.#isRegistered || !this.#strategy.deregister) return
    const { host, context, options } = this.#deps
    const attempt = new AbortController()
    const timer = host.after(options.stopTimeoutMs, () => {
      attempt.abort()
    })
    try {
      await this.#strategy.deregister(context, attempt.signal)
    } finally {
      timer.cancel()
    }
  }

  async stop(): Promise<void> {
    await this.#loop.stop()
  }

  async #lookup(signal: AbortSignal): Promise<unknown> {
    const { context, figures, host, topology } = this.#deps
    const strategy = this.#strategy
    figures.attempted(host.wallClockMs())
    if (strategy.register && !this.#isRegistered) {
      await strategy.register(context, signal)
      this.#isRegistered = true
    }
    const { name, strategyName } = topology
    return context.telemetry.span(
      'discovery.lookup',
      () => ({ topology: name, strategy: strategyName }),
      async () => strategy.lookup(context, signal),
    )
  }
}

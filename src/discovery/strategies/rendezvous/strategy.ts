/** A push strategy that meets others at a server. Each kind of server brings only its connection. */
import type { PushStrategy, StrategyContext } from '../../port/port.ts'
import { Rendezvous, type RendezvousOptions } from './rendezvous.ts'

/** Prepares a run: loads the client library, works out names. May reject: it is tried again. */
export type PrepareRendezvous = (context: StrategyContext) => Promise<RendezvousOptions>

/** A strategy around one {@link Rendezvous} at a time. */
export class RendezvousStrategy implements PushStrategy {
  readonly kind = 'push'
  readonly #prepare: PrepareRendezvous
  #state: 'idle' | 'starting' | 'running' | 'stopped' = 'idle'
  #rendezvous: Rendezvous | undefined

  constructor(prepare: PrepareRendezvous) {
    this.#prepare = prepare
  }

  /** @throws {FoundationError} (rejects) `FND_PACKAGE_MISSING` */
  async start(context: StrategyContext): Promise<void> {
    if (this.#state === 'starting' || this.#state === 'running') return
    this.#state = 'starting'
    try {
      const options = await this.#prepare(context)
      if (context.signal.aborted) return
      this.#rendezvous = new Rendezvous(context, options)
      this.#rendezvous.start()
      this.#state = 'running'
    } catch (error) {
      this.#state = 'idle'
      throw error
    }
  }

  async stop(): Promise<void> {
    this.#state = 'stopped'
    const rendezvous = this.#rendezvous
    this.#rendezvous = undefined
    await rendezvous?.stop()
  }

  refresh(): void {
    this.#rendezvous?.refresh()
  }

  figures(): Record<string, unknown> {
    return this.#rendezvous?.figures() ?? {}
  }
}

/**
 * The instances of a service: fetched once, then kept current by blocking queries, each of which
 * the agent answers when something changed. When one fails the feed ends, and the next lookup
 * begins with a plain query again: the poll loop above does the retries.
 */
import { jitter, sleep, toError, within } from '../../../kernel/index.ts'
import type { PeerHint, StrategyContext } from '../../port/port.ts'
import type { ConsulAgent } from './consul-agent.ts'
import { nextIndex, peersOfHealth } from './health.ts'

/** What is asked for. */
export interface HealthFeedOptions {
  readonly service: string
  readonly tag: string | undefined
  readonly datacenter: string | undefined
  readonly passingOnly: boolean
  readonly waitMs: number
}

/** Changes that follow each other are taken together, and an agent that never waits is not flooded. */
const restMs = 1_000
/** The agent adds up to a sixteenth to the wait; beyond that and this the connection is dead. */
const overtimeMs = 10_000

/** One service. */
export class HealthFeed {
  readonly #context: StrategyContext
  readonly #agent: ConsulAgent
  readonly #options: HealthFeedOptions
  #peers: readonly PeerHint[] = []
  #isFollowing = false
  #queries = 0

  constructor(context: StrategyContext, agent: ConsulAgent, options: HealthFeedOptions) {
    this.#context = context
    this.#agent = agent
    this.#options = options
  }

  /** Plain figures. */
  figures(): Readonly<Record<string, unknown>> {
    const { length: instances } = this.#peers
    return { isFollowing: this.#isFollowing, instances, queries: this.#queries }
  }

  /** The instances, as current as they can be. @throws (rejects) when Consul cannot be asked. */
  async peers(signal: AbortSignal): Promise<readonly PeerHint[]> {
    if (this.#isFollowing) return this.#peers
    const index = await this.#ask(undefined, signal)
    if (index !== undefined && !this.#context.signal.aborted) void this.#follow(index)
    return this.#peers
  }

  /** Never rejects. */
  async #follow(first: number): Promise<void> {
    const { host, signal, log } = this.#context
    this.#isFollowing = true
    try {
      let index: number | undefined = first
      while (
        index !== undefined &&
        (await sleep(host, jitter(restMs, 0.2, host.random()), signal))
      ) {
        index = nextIndex(index, await this.#askAndWait(index))
      }
    } catch (error) {
      log.debug({ error: toError(error) }, 'the blocking query ended')
    } finally {
      this.#isFollowing = false
    }
  }

  async #askAndWait(index: number): Promise<number | undefined> {
    const { host, signal } = this.#context
    const { waitMs } = this.#options
    const attempt = new AbortController()
    const stop = (): void => {
      attempt.abort()
    }
    signal.addEventListener('abort', stop, { once: true })
    try {
      const asked = this.#ask(index, attempt.signal)
      const timeoutMs = waitMs + waitMs / 16 + overtimeMs
      return await within(host, asked, { what: 'A blocking query', timeoutMs })
    } finally {
      signal.removeEventListener('abort', stop)
      attempt.abort()
    }
  }

  /** @returns the index to wait for a change from, if there is one. */
  async #ask(index: number | undefined, signal: AbortSignal): Promise<number | undefined> {
    const { service, tag, datacenter, passingOnly, waitMs } = this.#options
    const waiting = index !== undefined && { index: String(index), wait: `${String(waitMs)}ms` }
    const query = {
      ...(passingOnly && { passing: '1' }),
      ...(tag !== undefined && { tag }),
      ...(datacenter !== undefined && { dc: datacenter }),
      ...waiting,
    }
    this.#queries += 1
    const path = `/v1/health/service/${encodeURIComponent(service)}`
    const { headers, document } = await this.#agent.get(path, query, signal)
    this.#hold(peersOfHealth(document))
    const told = Number(headers['x-consul-index'])
    return Number.isInteger(told) && told > 0 ? told : undefined
  }

  /** Newcomers are told at once; who is gone shows in the next lookup. */
  #hold(peers: readonly PeerHint[]): void {
    const known = new Set(this.#peers.map(nameOf))
    this.#peers = peers
    if (!this.#isFollowing) return
    for (const peer of peers)
      if (!known.has(nameOf(peer))) this.#context.emit({ type: 'seen', peer })
  }
}

function nameOf({ host, port, meta }: PeerHint): string {
  return [host, String(port), meta?.incarnation].join(' ')
}

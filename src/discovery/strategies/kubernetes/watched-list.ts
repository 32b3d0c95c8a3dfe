/**
 * A list that the API keeps telling us about: fetched once, then kept current by a watch that is
 * opened again where the last one ended, until the server no longer knows that place (410).
 * There is no retry loop here: the poll loop above asks at its own pace, which costs nothing while
 * the watch is open.
 */
import { isFoundationError, jitter, toError } from '../../../kernel/index.ts'
import type { StrategyContext } from '../../port/port.ts'
import { textLines } from '../../port/text-lines.ts'
import { ApiRefusal, type ApiCall, type ApiClient } from './api-client.ts'
import type { ObjectCache } from './object-cache.ts'
import type { Resource } from './resources.ts'

/** What a {@link WatchedList} works on. */
export interface WatchedListDeps {
  readonly context: StrategyContext
  readonly client: ApiClient
  readonly cache: ObjectCache
  readonly resource: Resource
  readonly labelSelector: string
  /** The watch brought something. */
  readonly changed: () => void
}

/** How long the server keeps one watch open, moved by up to 20 %. */
const watchMs = 300_000
/** A watch that outlives its term by this is dead without having said so. */
const overtimeMs = 30_000
/** How long a missing permission to watch is taken for granted. */
const deniedMs = 300_000
/** A slice may name 1 000 endpoints; etcd keeps no object above 1.5 MB. */
const lineMaxBytes = 4 * 1_024 * 1_024

interface OpenWatch {
  readonly endsMs: number
  readonly stop: () => void
}

/** List, then watch. */
export class WatchedList {
  readonly #deps: WatchedListDeps
  #watch: OpenWatch | undefined
  #deniedUntilMs = -Infinity
  #lists = 0
  #watches = 0

  constructor(deps: WatchedListDeps) {
    this.#deps = deps
  }

  /** Plain figures. */
  figures(): Readonly<Record<string, unknown>> {
    const { cache, resource } = this.#deps
    return {
      source: resource.name,
      isWatching: this.#watch !== undefined,
      objects: cache.size,
      skipped: cache.skipped,
      lists: this.#lists,
      watches: this.#watches,
    }
  }

  /**
   * Makes the cache current and sees to it that it stays so.
   *
   * @throws (rejects) when it could not; the cache is as it was.
   */
  async sync(signal: AbortSignal): Promise<void> {
    if (this.#isWatching()) return
    if (await this.#open(signal)) return
    await this.#list(signal)
    await this.#open(signal)
  }

  #isWatching(): boolean {
    const isOverdue = (this.#watch?.endsMs ?? 0) + overtimeMs < this.#deps.context.host.nowMs()
    if (isOverdue) this.#watch?.stop()
    return this.#watch !== undefined && !isOverdue
  }

  /** `resourceVersion=0`: from the API server's memory, not from etcd. */
  async #list(signal: AbortSignal): Promise<void> {
    this.#lists += 1
    const query = { resourceVersion: '0' }
    this.#deps.cache.replace(await this.#deps.client.list(this.#call('list', query), signal))
  }

  /** Goes on watching from the cache's version. @returns false when only a list can help. */
  async #open(signal: AbortSignal): Promise<boolean> {
    const { cache, client, context } = this.#deps
    const { host } = context
    if (cache.version === undefined || host.nowMs() < this.#deniedUntilMs) return false
    const termMs = jitter(watchMs, 0.2, host.random())
    const query = {
      watch: '1',
      allowWatchBookmarks: 'true',
      resourceVersion: cache.version,
      timeoutSeconds: String(Math.round(termMs / 1_000)),
    }
    const link = abortedWith([context.signal, signal])
    try {
      const { chunks } = await client.open(this.#call('watch', query), link.signal)
      // From here on it lives as long as the topology, not as long as this lookup.
      link.release(signal)
      this.#watches += 1
      this.#watch = { endsMs: host.nowMs() + termMs, stop: link.abort }
      void this.#follow(chunks, this.#watch)
      return true
    } catch (error) {
      link.abort()
      return this.#notOpened(error)
    }
  }

  #notOpened(error: unknown): false {
    if (!(error instanceof ApiRefusal)) throw error
    if (error.status === 410) {
      this.#deps.cache.expire()
      return false
    }
    if (error.status !== 403) throw error
    const { host, emit } = this.#deps.context
    this.#deniedUntilMs = host.nowMs() + deniedMs
    const detail = `${error.message}. Until then the list is asked for again and again`
    emit({ type: 'notice', code: 'watch-denied', detail })
    return false
  }

  /** Never rejects: however a watch ends, the next look opens another. */
  async #follow(chunks: AsyncIterable<Uint8Array>, watch: OpenWatch): Promise<void> {
    const { cache, changed, context } = this.#deps
    try {
      for await (const line of textLines(chunks, lineMaxBytes)) {
        const step = cache.apply(line)
        if (step === 'changed') changed()
        if (step === 'stale') break
      }
    } catch (error) {
      context.log.debug({ error: toError(error) }, 'the watch was cut')
      // A line over the bound would come again from the same version.
      if (isFoundationError(error)) cache.expire()
    } finally {
      watch.stop()
      if (this.#watch === watch) this.#watch = undefined
    }
  }

  #call(verb: ApiCall['verb'], query: ApiCall['query']): ApiCall {
    const { resource, labelSelector } = this.#deps
    return { resource, verb, query: { labelSelector, ...query } }
  }
}

/** A signal that aborts with any of several, each of which may be let go of. */
function abortedWith(signals: readonly AbortSignal[]): {
  readonly signal: AbortSignal
  readonly abort: () => void
  readonly release: (signal: AbortSignal) => void
} {
  const controller = new AbortController()
  const release = (signal: AbortSignal): void => {
    signal.removeEventListener('abort', abort)
  }
  const abort = (): void => {
    signals.forEach(release)
    controller.abort()
  }
  for (const signal of signals) signal.addEventListener('abort', abort)
  if (signals.some(({ aborted }) => aborted)) abort()
  return { signal: controller.signal, abort, release }
}

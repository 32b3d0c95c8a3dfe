/** Delivers cluster events to listeners and streams, in order; a listener that throws harms nobody. */
import {
  BoundedStream,
  checkFunction,
  checkGiven,
  checkWord,
  integerCheck,
  signalCheck,
  toError,
  type GivenChecks,
  type Log,
} from '../kernel/index.ts'
import {
  clusterEventTypes,
  type ClusterEvent,
  type ClusterEventOf,
  type ClusterEventType,
} from './cluster-event.ts'

type Listener = (event: ClusterEvent) => unknown

/** How `watch` behaves. */
export interface WatchOptions {
  /** Ends the stream. */
  readonly signal?: AbortSignal
  /** Events kept for a slow reader; beyond it the oldest is dropped. Default 1 024. */
  readonly bufferMax?: number
}

const watchBufferMax = 1024

const watchChecks: GivenChecks<WatchOptions> = {
  signal: signalCheck,
  bufferMax: integerCheck({ min: 1, max: 1_000_000 }),
}

/** One a node. */
export class EventHub {
  readonly #log: Log
  readonly #listeners = new Map<ClusterEventType, Set<Listener>>()
  readonly #streams = new Set<BoundedStream<ClusterEvent>>()
  #state: 'open' | 'closed' = 'open'

  constructor(log: Log) {
    this.#log = log
  }

  /**
   * Calls `listener` for each event of the type until the returned function is called.
   *
   * @throws {FoundationError} `FND_OPTION_INVALID`
   */
  on<T extends ClusterEventType>(
    type: T,
    listener: (event: ClusterEventOf<T>) => unknown,
  ): () => void {
    checkWord('type of a cluster event', type, Object.keys(clusterEventTypes))
    checkFunction('listener', listener)
    const listeners = this.#listeners.get(type) ?? new Set()
    this.#listeners.set(type, listeners)
    // A wrapper of its own: the same function given twice is called, and removed, twice.
    const entry: Listener = (event) => listener(event as ClusterEventOf<T>)
    listeners.add(entry)
    return () => {
      listeners.delete(entry)
    }
  }

  /** All events from now on, as a stream that ends with the node or the signal. */
  watch(options: WatchOptions = {}): AsyncIterable<ClusterEvent> {
    checkGiven(watchChecks, options, 'watch')
    const { signal, bufferMax = watchBufferMax } = options
    const end = (): void => {
      stream.end()
    }
    const stream = new BoundedStream<ClusterEvent>({
      bufferMax,
      onEnd: () => {
        this.#streams.delete(stream)
        signal?.removeEventListener('abort', end)
      },
    })
    this.#streams.add(stream)
    signal?.addEventListener('abort', end, { once: true })
    if (signal?.aborted || this.#state === 'closed') end()
    return stream
  }

  /** Tells everyone, listeners first. */
  emit(event: ClusterEvent): void {
    for (const listener of [...(this.#listeners.get(event.type) ?? [])]) this.#tell(listener, event)
    for (const stream of this.#streams) stream.push(event)
  }

  /** Ends every stream, later ones too, and forgets every listener. */
  close(): void {
    this.#state = 'closed'
    for (const stream of [...this.#streams]) stream.end()
    this.#listeners.clear()
  }

  #tell(listener: Listener, event: ClusterEvent): void {
    try {
      const result = listener(event)
      if (result instanceof Promise) result.catch(this.#failed(event, 'rejected'))
    } catch (thrown) {
      this.#failed(event, 'threw')(thrown)
    }
  }

  #failed({ type }: ClusterEvent, how: string): (thrown: unknown) => void {
    return (thrown) => {
      this.#log.error({ event: type, error: toError(thrown) }, `a cluster event listener ${how}`)
    }
  }
}

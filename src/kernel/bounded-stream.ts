/** A bounded queue read as an async iterable: the pull side of every push in this package. */
import { deferred, type Deferred } from './waiting.ts'

/** How a {@link BoundedStream} behaves. */
export interface BoundedStreamOptions {
  /** Items kept for a reader that is behind; beyond it the oldest is dropped. 1 or more. */
  readonly bufferMax: number
  /** Called with the running total each time an item is dropped. */
  readonly onDrop?: (dropped: number) => void
  /** Called once when the reader is done (loop left, `return`) or the stream was ended. */
  readonly onEnd?: () => void
}

/** One writer, one reader. Overflow policy: drop-oldest, counted. */
export class BoundedStream<T> implements AsyncIterableIterator<T> {
  readonly #options: BoundedStreamOptions
  readonly #items: T[] = []
  readonly #readers: Deferred<IteratorResult<T>>[] = []
  #dropped = 0
  #ended = false

  constructor(options: BoundedStreamOptions) {
    this.#options = options
  }

  /** Items lost because the reader was too slow. */
  get dropped(): number {
    return this.#dropped
  }

  /** Hands an item to a waiting reader, or keeps it. After the end: nothing happens. */
  push(item: T): void {
    if (this.#ended) return
    const reader = this.#readers.shift()
    if (reader) {
      reader.resolve({ value: item, done: false })
      return
    }
    this.#items.push(item)
    if (this.#items.length <= this.#options.bufferMax) return
    this.#items.shift()
    this.#dropped += 1
    this.#options.onDrop?.(this.#dropped)
  }

  /** No more items: the reader gets what is kept, then the end. */
  end(): void {
    if (this.#ended) return
    this.#ended = true
    for (const reader of this.#readers.splice(0)) reader.resolve({ value: undefined, done: true })
    this.#options.onEnd?.()
  }

  next(): Promise<IteratorResult<T>> {
    if (this.#items.length > 0) {
      return Promise.resolve({ value: this.#items.shift() as T, done: false })
    }
    if (this.#ended) return Promise.resolve({ value: undefined, done: true })
    const reader = deferred<IteratorResult<T>>()
    this.#readers.push(reader)
    return reader.promise
  }

  return(): Promise<IteratorResult<T>> {
    this.#items.length = 0
    this.end()
    return Promise.resolve({ value: undefined, done: true })
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

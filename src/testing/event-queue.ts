/** A priority queue of things that happen at a virtual time (a binary heap). */

/** One thing that will happen. */
export interface QueuedEvent {
  /** When it runs. */
  readonly atMs: number
  /** When it was meant to run: earlier than `atMs` when its node was paused meanwhile. */
  readonly dueMs: number
  /** Seeded order among nodes at the same time. */
  readonly tie: number
  /** Order among the rest: first in, first out. */
  readonly order: number
}

/** Earliest first. */
export class EventQueue<T extends QueuedEvent> {
  readonly #heap: T[] = []

  get length(): number {
    return this.#heap.length
  }

  get first(): T | undefined {
    return this.#heap[0]
  }

  push(event: T): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(event)
    while (at > 0) {
      const parentAt = (at - 1) >> 1
      const parent = heap[parentAt]
      if (!parent || isBefore(parent, event)) break
      heap[at] = parent
      at = parentAt
    }
    heap[at] = event
  }

  /** Takes the earliest out. */
  shift(): T | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (last && heap.length > 0) this.#sink(last)
    return first
  }

  #sink(event: T): void {
    const heap = this.#heap
    let at = 0
    for (;;) {
      const childAt = this.#earlierChild(at)
      const child = heap[childAt]
      if (!child || isBefore(event, child)) break
      heap[at] = child
      at = childAt
    }
    heap[at] = event
  }

  #earlierChild(at: number): number {
    const left = this.#heap[2 * at + 1]
    const right = this.#heap[2 * at + 2]
    return left && right && isBefore(right, left) ? 2 * at + 2 : 2 * at + 1
  }
}

function isBefore(a: QueuedEvent, b: QueuedEvent): boolean {
  if (a.atMs !== b.atMs) return a.atMs < b.atMs
  if (a.dueMs !== b.dueMs) return a.dueMs < b.dueMs
  if (a.tie !== b.tie) return a.tie < b.tie
  return a.order < b.order
}

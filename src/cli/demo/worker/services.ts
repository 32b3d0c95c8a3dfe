/** What the supervisor may start on a process of the demo. */
import type { ServiceContext } from '../../../supervisor/index.ts'

/** A child that only has to be somewhere. */
export class Job {
  readonly #node: string

  constructor({ node }: ServiceContext) {
    this.#node = node
  }

  where(): string {
    return this.#node
  }
}

/** A child with something to lose: what it has counted. */
export class Counter {
  static readonly version = 1
  readonly #node: string
  #value = 0

  constructor({ node }: ServiceContext) {
    this.#node = node
  }

  start(state?: number): void {
    this.#value = state ?? 0
  }

  handoff(): number {
    return this.#value
  }

  add(by: number): { value: number; node: string } {
    this.#value += by
    return { value: this.#value, node: this.#node }
  }
}

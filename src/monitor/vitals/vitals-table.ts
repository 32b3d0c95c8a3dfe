/** The vital signs last heard of each node, and since when a node's settings differ from ours. Pure. */
import type { VitalSigns } from './vital-signs.ts'

/** One node's vital signs. */
export interface HeardVitals {
  readonly signs: VitalSigns
  readonly heardAtMs: number
  /** Since when its settings differ from this node's; absent while they are equal. */
  readonly differsSinceMs: number | undefined
}

/** One a node. Holds who is linked, and is told when somebody is not any more. */
export class VitalsTable {
  readonly #heard = new Map<string, HeardVitals>()

  /** @param ownConfig digest of this node's settings. */
  note(
    name: string,
    signs: VitalSigns,
    at: { nowMs: number; ownConfig: string | undefined },
  ): void {
    const known = this.#heard.get(name)
    const { nowMs, ownConfig } = at
    const differs =
      signs.config !== undefined && ownConfig !== undefined && signs.config !== ownConfig
    const differsSinceMs = differs ? (known?.differsSinceMs ?? nowMs) : undefined
    this.#heard.set(name, { signs, heardAtMs: nowMs, differsSinceMs })
  }

  forget(name: string): void {
    this.#heard.delete(name)
  }

  /** By name, in the order they were first heard. */
  [Symbol.iterator](): IterableIterator<[string, HeardVitals]> {
    return this.#heard.entries()
  }
}

/** What each setting was, and what lost against it: bounded, oldest forgotten first. */
import type { Version } from '../replication/index.ts'
import type { ConfigOptions } from './options.ts'

/** One value a setting had, or nearly had. */
export interface HistoryEntry {
  readonly path: string
  /** Undefined: the setting was deleted. */
  readonly value: unknown
  readonly version: Version
  /** The node that wrote it. */
  readonly origin: string
  readonly verb: 'set' | 'commit' | 'delete'
  readonly txid?: string | undefined
  /** `lost`: committed without knowledge of the value that won, on the other side of a partition. */
  readonly outcome: 'applied' | 'lost'
}

/** One a node. */
export class ConfigHistory {
  readonly #options: Pick<ConfigOptions, 'historyMax' | 'historyPerPathMax'>
  readonly #byPath = new Map<string, HistoryEntry[]>()
  /** Paths in the order of their entries. */
  readonly #order: string[] = []

  constructor(options: Pick<ConfigOptions, 'historyMax' | 'historyPerPathMax'>) {
    this.#options = options
  }

  add(entry: HistoryEntry): void {
    const entries = this.#byPath.get(entry.path) ?? []
    this.#byPath.set(entry.path, entries)
    entries.push(entry)
    this.#order.push(entry.path)
    if (entries.length > this.#options.historyPerPathMax) this.#forget(entry.path)
    while (this.#order.length > this.#options.historyMax) this.#forget(this.#order[0] ?? '')
  }

  /** Oldest first. */
  of(path: string): HistoryEntry[] {
    return [...(this.#byPath.get(path) ?? [])]
  }

  #forget(path: string): void {
    const entries = this.#byPath.get(path)
    entries?.shift()
    if (entries?.length === 0) this.#byPath.delete(path)
    const at = this.#order.indexOf(path)
    if (at !== -1) this.#order.splice(at, 1)
  }
}

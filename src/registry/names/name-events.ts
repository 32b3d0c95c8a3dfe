/** Who wants to hear of names. A listener that throws harms nobody but itself. */
import { toError, type Log } from '../../kernel/index.ts'
import type { HeldEntry } from '../../replication/index.ts'
import type { NameChange } from './name-table.ts'
import { entryOf, recordOf, type Entry } from './record.ts'

/** Why something happened to a name. */
export type NameCause =
  | 'normal' // its owner said so
  | 'node-up' // its owner is up again
  | 'node-down' // its owner left or is down
  | 'move' // the supervisor moved it
  | 'conflict' // another owner of it was met

/** Something happened to a name, as this node sees it. */
export type NameEvent =
  | { readonly type: 'registered'; readonly cause: NameCause; readonly entry: Entry }
  | {
      readonly type: 'updated'
      readonly cause: NameCause
      readonly entry: Entry
      readonly previous: Entry
    }
  /** `entry` is what it was. */
  | { readonly type: 'unregistered'; readonly cause: NameCause; readonly entry: Entry }
  /** The name has two owners; `entry` keeps it. */
  | {
      readonly type: 'conflict'
      readonly cause: 'conflict'
      readonly entry: Entry
      readonly loser: Entry
    }

/** Which names to hear of; absent parts match everything. */
export interface NameFilter {
  /** Names that begin so. */
  readonly prefix?: string | undefined
  /** Names of this node. */
  readonly node?: string | undefined
  /** Only entries this is true of. */
  readonly where?: ((entry: Entry) => boolean) | undefined
}

/** Told of events. What it throws, or rejects with, is logged. */
export type NameListener = (event: NameEvent) => unknown

/** Whether an entry passes a filter. */
export function matches({ prefix, node, where }: NameFilter, entry: Entry): boolean {
  if (prefix !== undefined && !entry.name.startsWith(prefix)) return false
  if (node !== undefined && entry.node !== node) return false
  return where?.(entry) ?? true
}

/** What a change of the table is to those who watch; undefined when they would see no difference. */
export function eventOf({ before, after }: NameChange, cause: NameCause): NameEvent | undefined {
  if (before === after) return undefined
  if (!before) return after && { type: 'registered', cause, entry: entryOf(after) }
  if (!after) return { type: 'unregistered', cause, entry: entryOf(before) }
  const why = isMove(before, after) ? 'move' : cause
  return { type: 'updated', cause: why, entry: entryOf(after), previous: entryOf(before) }
}

/** A child is briefly on two nodes while it moves: that is no conflict. */
export function isMove(a: HeldEntry, b: HeldEntry): boolean {
  const isChild = (held: HeldEntry): boolean => recordOf(held).kind === 'adopted'
  return a.log.owner !== b.log.owner && isChild(a) && isChild(b)
}

interface Watcher {
  readonly filter: NameFilter
  readonly listener: NameListener
}

/** The watchers of one node. */
export class NameWatchers {
  readonly #log: Log
  readonly #watchers = new Set<Watcher>()
  /** By name, for those who wait for one. */
  readonly #byName = new Map<string, Set<() => void>>()

  constructor(log: Log) {
    this.#log = log
  }

  /** True while nobody hears of events. */
  get isEmpty(): boolean {
    return this.#watchers.size === 0
  }

  watch(filter: NameFilter, listener: NameListener): () => void {
    const watcher = { filter, listener }
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  /** Calls `listener` after each change of who owns the name. */
  onMoved(name: string, listener: () => void): () => void {
    // Wrapped, so that one function added twice is removed once.
    const own = (): void => {
      listener()
    }
    const listeners = this.#byName.get(name) ?? new Set<() => void>()
    this.#byName.set(name, listeners.add(own))
    return () => {
      listeners.delete(own)
      if (listeners.size === 0 && this.#byName.get(name) === listeners) this.#byName.delete(name)
    }
  }

  moved(name: string): void {
    for (const listener of [...(this.#byName.get(name) ?? [])]) this.#call(listener, name)
  }

  tell(event: NameEvent): void {
    for (const { filter, listener } of [...this.#watchers]) {
      this.#call(() => {
        const hears = matches(filter, event.entry) || isOf(filter, event)
        return hears ? listener(event) : undefined
      }, event.entry.name)
    }
  }

  #call(work: () => unknown, name: string): void {
    const failed = (thrown: unknown): void => {
      this.#log.error({ name, error: toError(thrown) }, 'registry watcher threw')
    }
    try {
      const result = work()
      if (result instanceof Promise) result.catch(failed)
    } catch (thrown) {
      failed(thrown)
    }
  }
}

/** A watcher also hears that an entry it would match is no more. */
function isOf(filter: NameFilter, event: NameEvent): boolean {
  if (event.type === 'updated') return matches(filter, event.previous)
  return event.type === 'conflict' && matches(filter, event.loser)
}

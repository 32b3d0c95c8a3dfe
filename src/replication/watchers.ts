/** Who wants to hear of changes, by space. A listener that throws harms nobody but itself. */
import { toError, type Log } from '../kernel/index.ts'
import type { HeldEntry } from './held-entry.ts'
import type { LogName } from './messages.ts'

/** One change of the visible entries. */
export interface LogChange {
  readonly owner: string
  readonly incarnation: string
  readonly space: string
  readonly key: string
  readonly type: 'put' | 'delete'
  /** Absent on `delete`. Read-only: everybody gets the same one. */
  readonly value?: unknown
  /** The entry. Absent on `delete`. */
  readonly held: HeldEntry | undefined
  /** True for changes this node made itself. */
  readonly isOwn: boolean
  /** `write`: the owner changed it. `member`: the owner went down, came back or was replaced. */
  readonly cause: 'write' | 'member'
}

/** What became of an entry of another node, told to who watches. */
export function changeOf(
  { owner, incarnation }: LogName,
  { space, key, held }: Pick<LogChange, 'space' | 'key' | 'held'>,
  cause: LogChange['cause'],
): LogChange {
  const common = { owner, incarnation, space, key, isOwn: false, cause }
  return held
    ? { ...common, type: 'put', value: held.value, held }
    : { ...common, type: 'delete', held: undefined }
}

/** What became of an entry of this node. */
export function ownChangeOf(
  { owner, incarnation }: LogName,
  { space, key, held }: Pick<LogChange, 'space' | 'key' | 'held'>,
): LogChange {
  const common = { owner, incarnation, space, key, isOwn: true, cause: 'write' } as const
  return held
    ? { ...common, type: 'put', value: held.value, held }
    : { ...common, type: 'delete', held: undefined }
}

/** Told of changes. */
export type LogListener = (change: LogChange) => void

/** The listeners of one owner log. */
export class Watchers {
  readonly #log: Log
  /** Replaced, never changed, so that a round of calls is over the listeners at its start. */
  readonly #listeners = new Map<string, readonly LogListener[]>()

  constructor(log: Log) {
    this.#log = log
  }

  add(space: string, listener: LogListener): () => void {
    // Wrapped, so that one function added twice is removed once.
    const own: LogListener = (change) => {
      listener(change)
    }
    this.#listeners.set(space, [...(this.#listeners.get(space) ?? []), own])
    return () => {
      const others = (this.#listeners.get(space) ?? []).filter((each) => each !== own)
      if (others.length > 0) this.#listeners.set(space, others)
      else this.#listeners.delete(space)
    }
  }

  tell(change: LogChange): void {
    for (const listener of this.#listeners.get(change.space) ?? []) {
      try {
        listener(change)
      } catch (thrown) {
        const { space, owner, key } = change
        this.#log.error({ space, owner, key, error: toError(thrown) }, 'log listener threw')
      }
    }
  }
}

/** Who wants to know of which settings. */
import { isDeepStrictEqual } from 'node:util'
import { matchesPattern } from '../pubsub/index.ts'
import type { Version } from '../replication/index.ts'
import { overlap, patternTokens, tokensOf, type ConfigPath } from './record/path.ts'
import type { SettingChange } from './settings.ts'
import { valueAt } from './tree.ts'

/** A setting has changed. */
export interface ConfigChange {
  readonly path: string
  /** The value now, a default where nothing is set; undefined when there is none. */
  readonly value: unknown
  readonly previous: unknown
  readonly version: Version
  /** The node that wrote it. */
  readonly origin: string
  readonly verb: 'set' | 'commit' | 'delete'
  readonly txid?: string | undefined
}

/** Called with each change. */
export type ConfigHandler = (change: ConfigChange) => unknown

/** What a subscriber holds. */
export interface ConfigSubscription extends Disposable {
  /** No listener call after this. */
  unsubscribe(): void
}

interface Entry {
  readonly tokens: readonly string[]
  readonly path: string | undefined
  readonly handler: ConfigHandler
}

/** What it tells of handlers that fail. */
type Failed = (path: string, thrown: unknown) => void

/** One a node. */
export class ConfigSubscriptions {
  readonly #entries = new Set<Entry>()
  readonly #failed: Failed

  constructor(failed: Failed) {
    this.#failed = failed
  }

  get size(): number {
    return this.#entries.size
  }

  add(pattern: ConfigPath, handler: ConfigHandler): ConfigSubscription {
    const tokens = patternTokens(pattern)
    const isPattern = tokens.some((token) => token === '*' || token === '>')
    const entry: Entry = { tokens, path: isPattern ? undefined : tokens.join('.'), handler }
    this.#entries.add(entry)
    const unsubscribe = (): void => {
      this.#entries.delete(entry)
    }
    return { unsubscribe, [Symbol.dispose]: unsubscribe }
  }

  /** Tells everybody whom the change concerns. Never throws. */
  tell(change: SettingChange): void {
    for (const entry of [...this.#entries]) {
      const path = pathFor(entry, change)
      if (path !== undefined) this.#call(entry.handler, changeAt(path, change))
    }
  }

  clear(): void {
    this.#entries.clear()
  }

  #call(handler: ConfigHandler, change: ConfigChange): void {
    try {
      const result = handler(change)
      if (result instanceof Promise) {
        result.catch((thrown: unknown) => {
          this.#failed(change.path, thrown)
        })
      }
    } catch (thrown) {
      this.#failed(change.path, thrown)
    }
  }
}

/** The change of a record as the change of the setting at a path. */
export function changeAt(path: string, change: SettingChange): ConfigChange {
  const tokens = tokensOf(path)
  const { record, version } = change
  return {
    path,
    value: valueAt(change.after, tokens),
    previous: valueAt(change.before, tokens),
    version,
    origin: version.writer,
    verb: record?.verb ?? 'delete',
    ...(record?.txid !== undefined && { txid: record.txid }),
  }
}

/**
 * A pattern is told of every record it matches. A path is told when its value has changed, whether by
 * a record at it, above it or below it.
 */
function pathFor({ path, tokens }: Entry, change: SettingChange): string | undefined {
  if (path === undefined) {
    return matchesPattern(tokens, tokensOf(change.path)) ? change.path : undefined
  }
  if (!overlap(path, change.path)) return undefined
  const before = valueAt(change.before, tokensOf(path))
  return isDeepStrictEqual(before, valueAt(change.after, tokensOf(path))) ? undefined : path
}

/** One space of a versioned map: what the parts above read and write. */
import type { WaitOptions } from '../../kernel/index.ts'
import type { Version, VersionBase } from './version.ts'

/** A value and its version. */
export interface Versioned {
  /** Read-only: everybody gets the same one. */
  readonly value: unknown
  readonly version: Version
}

/** A change of one key that has won. */
export interface MapChange {
  readonly key: string
  /** Undefined when the key was deleted. */
  readonly value: unknown
  /** What it was; undefined when there was none. */
  readonly previous: unknown
  readonly version: Version
  /** True for `put`, `delete` and `adopt` of this node. */
  readonly isOwn: boolean
}

/** Told of changes. A listener that throws harms nobody but itself. */
export type MapListener = (change: MapChange) => void

/** What `acknowledged` takes. */
export interface AcknowledgedOptions extends WaitOptions {
  /** How many other members must hold it. */
  readonly peers: number
}

/** A part of a versioned map under a name of its own. */
export interface MapSpace {
  get(key: string): Versioned | undefined
  /** Live entries, in the order in which their keys came. */
  entries(): Iterable<[string, Versioned]>
  /** The version of what is known of the key, its deletion included. */
  versionOf(key: string): Version | undefined
  /**
   * Applied here at once, and sent to every peer within a batch. Newer than what this node knows of
   * the key, however wrong clocks are.
   *
   * @param value anything the codec carries but `undefined`; kept by value.
   * @throws {FoundationError} `FND_LIMIT_REACHED`, `FND_MESSAGE_INVALID`
   */
  put(key: string, value: unknown): Version
  /** As `put`. A key nobody here knows is deleted too: its record may be on its way. */
  delete(key: string): Version
  /**
   * For who asks others before it writes.
   *
   * @param valueBytes what the value has as encoded, or more.
   * @throws {FoundationError} `FND_LIMIT_REACHED` where `put` would.
   */
  requireRoom(key: string, valueBytes: number): void
  /**
   * A record decided elsewhere; `undefined` is a deletion. There is room for it: see `requireRoom`.
   *
   * @returns true if it is newer than what was known, and so applied and sent on.
   * @throws {FoundationError} `FND_MESSAGE_INVALID`
   */
  adopt(key: string, value: unknown, version: VersionBase): boolean
  /**
   * As `adopt`, but not sent on: see `spread`. Who does not hear of it in another way hears of it when
   * digests are compared. The value is kept as it is: it must have come through the codec, and nobody
   * may change it.
   */
  adoptHere(key: string, value: unknown, version: VersionBase): boolean
  /** Sends what is held of the key to every linked peer but those that hear of it in another way. */
  spread(key: string, informed: ReadonlySet<string>): void
  /** Calls `listener` for every change from now on, until the returned function is called. */
  watch(listener: MapListener): () => void
  /**
   * Resolves when that many other members hold the key's record as it is now, or a newer one.
   *
   * @throws {FoundationError} `FND_TIMED_OUT`, `FND_LIMIT_REACHED`, `FND_NOT_RUNNING`
   */
  acknowledged(key: string, options: AcknowledgedOptions): Promise<void>
  /** True while this node holds everything some linked peer held, or has no peer. */
  readonly isSynced: boolean
  /** Resolves once `isSynced`. */
  synced(options?: WaitOptions): Promise<void>
}

/**
 * The settings as this node knows them: the records of the versioned map, laid over the application's
 * own in the order of their versions, so that every node with the same records has the same settings.
 */
import { createHash } from 'node:crypto'
import { toError, type Log } from '../kernel/index.ts'
import {
  compareVersions,
  type MapChange,
  type MapSpace,
  type Version,
  type VersionBase,
} from '../replication/index.ts'
import { encodeValue } from '../wire/index.ts'
import { txidText, type CommitEntry, type Proposal } from './commit/transaction.ts'
import { copied } from './record/carriable.ts'
import { pathsAbove, tokensOf } from './record/path.ts'
import {
  isConcurrent,
  lineageAfter,
  settingRecord,
  versionId,
  type SettingRecord,
} from './record/record.ts'
import { frozen, frozenCopy, valueAt, withValue, type Tree } from './tree.ts'

/** A record and its version. */
export interface KeptSetting {
  readonly record: SettingRecord
  readonly version: Version
}

/** One record has changed. */
export interface SettingChange {
  readonly path: string
  /** Undefined: it was deleted. */
  readonly record: SettingRecord | undefined
  readonly version: Version
  /** All settings before and after. */
  readonly before: Tree
  readonly after: Tree
}

/** What settings talk to. */
export interface SettingsDeps {
  readonly space: MapSpace
  readonly log: Log
  readonly changed: (change: SettingChange) => void
  /** A committed value was replaced by one written without knowledge of it. */
  readonly lost: (path: string, loser: KeptSetting) => void
}

/** Entries that are as large together hold no record that is too large. */
const smallBytes = 8_192

/** One a node. */
export class Settings {
  readonly #deps: SettingsDeps
  readonly #defaults: Tree
  readonly #kept = new Map<string, KeptSetting>()
  /** How many records stand below each path. */
  readonly #below = new Map<string, number>()
  readonly #unwatch: () => void
  #tree: Tree

  constructor(deps: SettingsDeps, defaults: Readonly<Record<string, unknown>> = {}) {
    this.#deps = deps
    this.#defaults = frozenCopy(defaults)
    this.#tree = this.#defaults
    this.#unwatch = deps.space.watch((change) => {
      this.#onChange(change)
    })
  }

  stop(): void {
    this.#unwatch()
  }

  /** All settings. */
  get tree(): Tree {
    return this.#tree
  }

  /** How many the cluster has set. */
  get size(): number {
    return this.#kept.size
  }

  get(path: string): unknown {
    return valueAt(this.#tree, tokensOf(path))
  }

  /** The version of the latest record that has a say in the value; undefined for a default. */
  versionOf(path: string): Version | undefined {
    const versions = [path, ...pathsAbove(path)].flatMap((key) => {
      const kept = this.#kept.get(key)
      return kept ? [kept.version] : []
    })
    return versions.toSorted(compareVersions).at(-1)
  }

  /** The record at exactly that path. */
  keptAt(path: string): KeptSetting | undefined {
    return this.#kept.get(path)
  }

  /** What is known of the path itself, a deletion included. */
  recordVersion(path: string): Version | undefined {
    return this.#deps.space.versionOf(path)
  }

  /** 16 hexadecimal digits: equal on nodes with the same settings. Undefined when nothing is set. */
  digest(): string | undefined {
    if (this.#kept.size === 0) return undefined
    const lines = [...this.#kept].map(([path, { version }]) => {
      return `${path} ${versionId(version)} ${version.hash}\n`
    })
    return createHash('sha256').update(lines.toSorted().join('')).digest('hex').slice(0, 16)
  }

  /** Last writer wins. Undefined deletes. */
  set(path: string, value: unknown): Version {
    if (value === undefined) return this.#delete(path)
    const record: SettingRecord = { value, verb: 'set', after: this.#lineage(path) }
    return this.#deps.space.put(path, record)
  }

  /** Writes again what is there now, as something new: what is on its way comes too late. */
  affirm(path: string): void {
    const kept = this.#kept.get(path)
    if (kept) this.set(path, kept.record.value)
    else this.#delete(path)
  }

  /** The paths, and below a path that is deleted all others that stand there. */
  entriesFor(changes: ReadonlyMap<string, unknown>): CommitEntry[] {
    const entries: CommitEntry[] = []
    for (const [path, value] of changes) entries.push(this.#entryFor(path, value))
    for (const [path, value] of changes) {
      if (value !== undefined) continue
      const below = this.#keysBelow(path).filter((key) => !changes.has(key))
      for (const key of below) entries.push(this.#entryFor(key, undefined))
    }
    return entries
  }

  /**
   * All settings as they would be. The values become read-only: it is these that are applied when
   * nobody refuses them.
   */
  treeWith(entries: readonly Pick<CommitEntry, 'path' | 'value'>[]): Tree {
    const deleted = new Set(
      entries.filter(({ value }) => value === undefined).map(({ path }) => path),
    )
    const base = deleted.size === 0 ? this.#tree : this.#laid(deleted)
    return entries.reduce<Tree>(
      (tree, { path, value }) =>
        value === undefined ? tree : withValue(tree, tokensOf(path), frozen(value)),
      base,
    )
  }

  /**
   * What a transaction would make of its settings. Asked before anybody votes: afterwards nobody can
   * refuse it any more.
   *
   * @param entriesBytes what all entries together have as encoded.
   * @throws {FoundationError} `FND_LIMIT_REACHED`
   */
  requireRoom({ txid, entries }: Pick<Proposal, 'txid' | 'entries'>, entriesBytes: number): void {
    // A record has little more than its entry: only where all are large does it matter how much.
    const isSmall = entriesBytes <= smallBytes
    for (const entry of entries) {
      const bytes = isSmall ? entriesBytes : bytesOf(committed(entry, txidText(txid)))
      this.#deps.space.requireRoom(entry.path, bytes)
    }
  }

  /** A transaction is committed. Its participants hear the decision, and so it is not sent to anybody. */
  apply({ txid, entries }: Proposal, version: VersionBase): void {
    for (const entry of entries) {
      const { path } = entry
      const record = committed(entry, txidText(txid))
      const isKept = this.#deps.space.adoptHere(path, record, version)
      if (isKept || !record) continue
      const winner = this.#kept.get(path)
      const loser = { record, version: { ...version, hash: '' } }
      if (winner && winner.record.txid !== record.txid && isConcurrent(loser, winner.record)) {
        this.#deps.lost(path, loser)
      }
    }
  }

  /** Those that had no vote in a transaction that is applied are told what its settings are. */
  spread({ participants, entries }: Proposal): void {
    const informed = new Set(participants.map(({ name }) => name))
    for (const { path } of entries) this.#deps.space.spread(path, informed)
  }

  #entryFor(path: string, value: unknown): CommitEntry {
    const base = this.recordVersion(path)
    return {
      path,
      after: this.#lineage(path),
      ...(value !== undefined && { value: copied(path, value) }),
      ...(base && { base }),
    }
  }

  #delete(path: string): Version {
    for (const key of this.#keysBelow(path)) this.#deps.space.delete(key)
    return this.#deps.space.delete(path)
  }

  #keysBelow(path: string): string[] {
    if (!this.#below.has(path)) return []
    return [...this.#kept.keys()].filter((key) => key.startsWith(`${path}.`))
  }

  #lineage(path: string): readonly string[] {
    return lineageAfter(this.#kept.get(path))
  }

  #onChange({ key, value, version }: MapChange): void {
    const record = value === undefined ? undefined : this.#recordOf(key, value)
    const former = this.#kept.get(key)
    const before = this.#tree
    this.#keep(key, record && { record, version })
    this.#tree = this.#treeAfter(key, record)
    this.#deps.changed({ path: key, record, version, before, after: this.#tree })
    if (former?.record.verb === 'commit' && record && isConcurrent(former, record)) {
      this.#deps.lost(key, former)
    }
  }

  #keep(path: string, kept: KeptSetting | undefined): void {
    const more = Number(kept !== undefined) - Number(this.#kept.has(path))
    if (kept) this.#kept.set(path, kept)
    else this.#kept.delete(path)
    for (const above of more === 0 ? [] : pathsAbove(path)) {
      const count = (this.#below.get(above) ?? 0) + more
      if (count === 0) this.#below.delete(above)
      else this.#below.set(above, count)
    }
  }

  /** A record no version of this package wrote is as good as none. */
  #recordOf(key: string, value: unknown): SettingRecord | undefined {
    try {
      const record = settingRecord.check(value, key)
      return { ...record, value: frozen(record.value) }
    } catch (thrown) {
      this.#deps.log.warn({ path: key, error: toError(thrown) }, 'setting of a peer not understood')
      return undefined
    }
  }

  /** Records that do not overlap may be laid in any order; else the order of versions decides. */
  #treeAfter(path: string, record: SettingRecord | undefined): Tree {
    const overlaps =
      this.#below.has(path) || pathsAbove(path).some((above) => this.#kept.has(above))
    // What a deleted record had covered is only known from the ground up.
    if (!record || overlaps) return this.#laid()
    return withValue(this.#tree, tokensOf(path), record.value)
  }

  #laid(without: ReadonlySet<string> = new Set()): Tree {
    return [...this.#kept]
      .filter(([path]) => !without.has(path))
      .toSorted((a, b) => compareVersions(a[1].version, b[1].version))
      .reduce<Tree>(
        (tree, [path, { record }]) => withValue(tree, tokensOf(path), record.value),
        this.#defaults,
      )
  }
}

/** The record of a setting that was committed; undefined when it is deleted. */
function committed(
  { value, after }: Pick<CommitEntry, 'value' | 'after'>,
  txid: string,
): SettingRecord | undefined {
  return value === undefined ? undefined : { value, verb: 'commit', txid, after }
}

function bytesOf(record: SettingRecord | undefined): number {
  return record ? encodeValue(record).length : 0
}

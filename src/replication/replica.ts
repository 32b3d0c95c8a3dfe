/**
 * What this node holds of one other owner: its entries and how far they go. Pure. Applying is a
 * generator that stops after every entry, so that the caller can spread it over several turns.
 */
import { integerColumn, type Column } from '../kernel/index.ts'
import { decodeValue } from '../wire/index.ts'
import { EntryTable } from './entry-table.ts'
import { Fingerprint, hashEntry, type EntryHash } from './core/fingerprint.ts'
import type { HeldEntry } from './held-entry.ts'
import type { LogDelta, LogDigest, LogName, LogSnapshot, Operation } from './messages.ts'

/** The entries of a space. */
interface ReplicaSpace {
  readonly entries: EntryTable
  /** The snapshot that last confirmed the entry of a row. */
  readonly snapshots: Column<number>
}

/** A key of a space, which may not be there yet; a row of -1: the key is not. */
interface Place<S = ReplicaSpace | undefined> {
  readonly space: S
  readonly name: string
  readonly key: string
  readonly row: number
}

/** Told of every change of an entry. */
export type EntryChanged = (space: string, key: string, entry: HeldEntry | undefined) => void

/**
 * `empty`: no whole state was heard yet. `loading`: slices of a snapshot arrive. `known`: every change up
 * to `sequence` is applied. `stale`: that was so over a link that ended; the changes since will follow.
 * `refused`: the owner broke a bound and is no longer followed.
 */
export type ReplicaState = 'empty' | 'loading' | 'known' | 'stale' | 'refused'

/** What to do about a message. Fetching from 0 asks for a snapshot. */
export type Verdict = { readonly kind: 'fine' | 'ignore' } | Fetch
interface Fetch {
  readonly kind: 'fetch'
  readonly from: number
  /** True when equal sequences had different entries: a bug somewhere. */
  readonly isAlarm: boolean
}

const fine: Verdict = { kind: 'fine' }
const ignore: Verdict = { kind: 'ignore' }
const fetchAll: Verdict = { kind: 'fetch', from: 0, isAlarm: false }

/** One (owner, incarnation). */
export class Replica {
  readonly owner: string
  readonly incarnation: string
  /** Whether membership says this incarnation is up: only then its entries are shown. */
  isUp = false
  /** When the last fetch was sent, on the host's clock. */
  fetchedAtMs: number = Number.NEGATIVE_INFINITY
  readonly #log: LogName
  readonly #entriesMax: number
  readonly #spaces = new Map<string, ReplicaSpace>()
  readonly #fingerprint = new Fingerprint()
  #state: ReplicaState = 'empty'
  #sequence = 0
  #snapshot = 0
  #slices = 0
  /** Entries the snapshot under way has confirmed. */
  #confirmed = 0
  #size = 0

  constructor(owner: string, incarnation: string, entriesMax: number) {
    this.#log = { owner, incarnation }
    this.owner = owner
    this.incarnation = incarnation
    this.#entriesMax = entriesMax
  }

  get state(): ReplicaState {
    return this.#state
  }

  get sequence(): number {
    return this.#sequence
  }

  get size(): number {
    return this.#size
  }

  get hash(): string {
    return this.#fingerprint.toString()
  }

  /** For the acknowledgement. */
  get progress(): { sequence: number; snapshot: number; slices: number } {
    return { sequence: this.#sequence, snapshot: this.#snapshot, slices: this.#slices }
  }

  spaces(): Iterable<string> {
    return this.#spaces.keys()
  }

  /** May be read while entries change. */
  *entries(space: string): Generator<HeldEntry, void> {
    const entries = this.#spaces.get(space)?.entries
    if (!entries) return
    for (const row of entries.rows()) {
      yield { log: this.#log, key: entries.keyOf(row), value: entries.valueOf(row) }
    }
  }

  /** The link ended: there may be changes that were not heard of. A snapshot cut short is of no use. */
  cutOff(): void {
    if (this.#state === 'known') this.#state = 'stale'
    if (this.#state === 'loading') this.#state = 'empty'
  }

  /** The change to ask for on a new link; 0 asks for the whole state. */
  get resumesFrom(): number {
    return this.#state === 'stale' ? this.#sequence + 1 : 0
  }

  /** Applies what is contiguous. The verdict is the generator's return value. */
  *applyDelta(delta: LogDelta, changed: EntryChanged): Generator<void, Verdict> {
    if (this.#state === 'refused') return ignore
    if (!this.#isWhole()) return fetchAll
    if (delta.from > this.#sequence + 1) {
      return { kind: 'fetch', from: this.#sequence + 1, isAlarm: false }
    }
    const known = this.#sequence + 1 - delta.from
    for (const operation of delta.operations.slice(known)) {
      this.#apply(operation, changed)
      if (this.#isTooLarge()) return ignore
      this.#sequence += 1
      yield
    }
    return fine
  }

  /** Applies one slice; after the last one, entries the snapshot did not have are gone. */
  *applySlice(slice: LogSnapshot, changed: EntryChanged): Generator<void, Verdict> {
    if (this.#state === 'refused') return ignore
    if (slice.index === 0) this.#begin(slice.snapshot)
    else if (!this.#expects(slice)) return this.#state === 'known' ? ignore : fetchAll
    for (const operation of slice.operations) {
      this.#apply(operation, changed)
      if (this.#isTooLarge()) return ignore
      yield
    }
    this.#slices = slice.index + 1
    if (!slice.isLast) return fine
    if (this.#confirmed < this.#size) yield* this.#sweep(changed)
    this.#sequence = slice.sequence
    this.#state = 'known'
    return fine
  }

  /** Compares what the owner has told with what is held. */
  judge(digest: LogDigest): Verdict {
    if (this.#state === 'refused') return ignore
    if (digest.snapshot !== 0) return this.#isLoading(digest) ? fine : fetchAll
    if (!this.#isWhole()) return fetchAll
    if (digest.sequence > this.#sequence) {
      return { kind: 'fetch', from: this.#sequence + 1, isAlarm: false }
    }
    if (digest.sequence < this.#sequence || digest.hash === '') return fine
    if (digest.hash !== this.hash) return { kind: 'fetch', from: 0, isAlarm: true }
    // The owner gives a hash when it has told all it had to say.
    this.#state = 'known'
    return fine
  }

  /** The entries are those of change `sequence`. */
  #isWhole(): boolean {
    return this.#state === 'known' || this.#state === 'stale'
  }

  #begin(snapshot: number): void {
    this.#state = 'loading'
    this.#snapshot = snapshot
    this.#slices = 0
    this.#confirmed = 0
  }

  #expects({ snapshot, index }: LogSnapshot): boolean {
    return this.#state === 'loading' && snapshot === this.#snapshot && index === this.#slices
  }

  #isLoading({ snapshot, slices }: LogDigest): boolean {
    if (slices === 0) return true // Its first slice is still to come.
    return this.#state === 'loading' && snapshot === this.#snapshot && slices === this.#slices
  }

  #isTooLarge(): boolean {
    if (this.#size > this.#entriesMax) this.#state = 'refused'
    return this.#state === 'refused'
  }

  #apply({ space: name, key, value }: Operation, changed: EntryChanged): void {
    const space = this.#spaces.get(name)
    const row = space?.entries.find(key) ?? -1
    if (value !== undefined) this.#put({ space, name, key, row }, value, changed)
    else if (space && row >= 0) this.#remove({ space, name, key, row }, changed)
  }

  #put({ space, name, key, row }: Place, value: Uint8Array, changed: EntryChanged): void {
    const hash = hashEntry(name, key, value)
    if (row < 0 || space?.snapshots.get(row) !== this.#snapshot) this.#confirmed += 1
    const isSame = row >= 0 && space?.entries.hasHash(row, hash) === true
    // A snapshot repeats much that is known. A change made by the owner is news even when equal.
    if (isSame && this.#state === 'loading') {
      space.snapshots.set(row, this.#snapshot)
      return
    }
    // Bytes that do not decode throw here and end the job; the digest then asks for a snapshot.
    const decoded = isSame ? space.entries.valueOf(row) : decodeValue(value)
    this.#write({ space: space ?? this.#addSpace(name), name, key, row }, decoded, hash)
    changed(name, key, { log: this.#log, key, value: decoded })
  }

  #write(at: Place<ReplicaSpace>, value: unknown, hash: EntryHash): void {
    const { entries, snapshots } = at.space
    if (at.row < 0) this.#size += 1
    else this.#fingerprint.remove(entries.hashOf(at.row))
    this.#fingerprint.add(hash)
    const row = at.row < 0 ? entries.add(at.key) : at.row
    entries.write(row, value, hash)
    snapshots.set(row, this.#snapshot)
  }

  #addSpace(name: string): ReplicaSpace {
    const space = { entries: new EntryTable(), snapshots: integerColumn() }
    this.#spaces.set(name, space)
    return space
  }

  #remove({ space, name, key, row }: Place<ReplicaSpace>, changed: EntryChanged): void {
    const { entries } = space
    this.#fingerprint.remove(entries.hashOf(row))
    entries.remove(row)
    if (entries.size === 0) this.#spaces.delete(name)
    this.#size -= 1
    changed(name, key, undefined)
  }

  *#sweep(changed: EntryChanged): Generator<void, void> {
    for (const [name, space] of this.#spaces) {
      for (const row of space.entries.rows()) {
        const isGone = space.snapshots.get(row) !== this.#snapshot
        if (isGone) this.#remove({ space, name, key: space.entries.keyOf(row), row }, changed)
        yield
      }
    }
  }
}

/**
 * What this node holds of one other owner: its entries and how far they go. Pure. Applying is a
 * generator that stops after every entry, so that the caller can spread it over several turns.
 */
import { decodeValue } from '../wire/index.ts'
import { Fingerprint, hashEntry, type EntryHash } from './fingerprint.ts'
import type { LogDelta, LogDigest, LogSnapshot, Operation } from './messages.ts'

/** One entry of another owner. */
export interface ReplicaEntry {
  readonly value: unknown
  readonly hash: EntryHash
  /** The snapshot that last confirmed the entry. */
  readonly snapshot: number
}

/** Told of every change of an entry. */
export type EntryChanged = (space: string, key: string, entry: ReplicaEntry | undefined) => void

/**
 * `empty`: nothing was heard yet. `loading`: slices of a snapshot arrive. `known`: every change up
 * to `sequence` is applied. `stale`: it was known over a link that ended; a snapshot will follow.
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
  readonly #entriesMax: number
  readonly #spaces = new Map<string, Map<string, ReplicaEntry>>()
  readonly #fingerprint = new Fingerprint()
  #state: ReplicaState = 'empty'
  #sequence = 0
  #snapshot = 0
  #slices = 0
  #size = 0

  constructor(owner: string, incarnation: string, entriesMax: number) {
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

  space(space: string): ReadonlyMap<string, ReplicaEntry> | undefined {
    return this.#spaces.get(space)
  }

  spaces(): Iterable<[string, ReadonlyMap<string, ReplicaEntry>]> {
    return this.#spaces
  }

  /** A new link: the owner numbers its messages anew and begins with a snapshot. */
  expectSnapshot(): void {
    if (this.#state === 'known' || this.#state === 'loading') this.#state = 'stale'
  }

  /** Applies what is contiguous. The verdict is the generator's return value. */
  *applyDelta(delta: LogDelta, changed: EntryChanged): Generator<void, Verdict> {
    if (this.#state === 'refused') return ignore
    if (this.#state !== 'known') return fetchAll
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
    yield* this.#sweep(changed)
    this.#sequence = slice.sequence
    this.#state = 'known'
    return fine
  }

  /** Compares what the owner has told with what is held. */
  judge(digest: LogDigest): Verdict {
    if (this.#state === 'refused') return ignore
    if (digest.snapshot !== 0) return this.#isLoading(digest) ? fine : fetchAll
    if (this.#state !== 'known') return fetchAll
    if (digest.sequence > this.#sequence) {
      return { kind: 'fetch', from: this.#sequence + 1, isAlarm: false }
    }
    const isEqual =
      digest.sequence < this.#sequence || digest.hash === '' || digest.hash === this.hash
    return isEqual ? fine : { kind: 'fetch', from: 0, isAlarm: true }
  }

  #begin(snapshot: number): void {
    this.#state = 'loading'
    this.#snapshot = snapshot
    this.#slices = 0
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

  #apply({ space, key, value }: Operation, changed: EntryChanged): void {
    const former = this.#spaces.get(space)?.get(key)
    if (value === undefined) {
      if (former) this.#remove(space, key, changed)
      return
    }
    const hash = hashEntry(space, key, value)
    const isSame = former?.hash.high === hash.high && former.hash.low === hash.low
    // Bytes that do not decode throw here and end the job; the digest then asks for a snapshot.
    const decoded = isSame ? former.value : decodeValue(value)
    const entry = { value: decoded, hash, snapshot: this.#snapshot }
    this.#set(space, key, entry)
    // A snapshot repeats much that is known. A change made by the owner is news even when equal.
    if (!isSame || this.#state === 'known') changed(space, key, entry)
  }

  #set(space: string, key: string, entry: ReplicaEntry): void {
    const entries = this.#spaces.get(space) ?? new Map<string, ReplicaEntry>()
    this.#spaces.set(space, entries)
    const former = entries.get(key)
    if (former) this.#fingerprint.remove(former.hash)
    else this.#size += 1
    this.#fingerprint.add(entry.hash)
    entries.set(key, entry)
  }

  #remove(space: string, key: string, changed: EntryChanged): void {
    const entries = this.#spaces.get(space)
    const former = entries?.get(key)
    if (!entries || !former) return
    entries.delete(key)
    if (entries.size === 0) this.#spaces.delete(space)
    this.#fingerprint.remove(former.hash)
    this.#size -= 1
    changed(space, key, undefined)
  }

  *#sweep(changed: EntryChanged): Generator<void, void> {
    for (const [space, entries] of this.#spaces) {
      for (const [key, entry] of entries) {
        if (entry.snapshot !== this.#snapshot) this.#remove(space, key, changed)
        yield
      }
    }
  }
}

/**
 * The records of a versioned map: by space and key, and by bucket with a hash of each bucket. Pure.
 * Merging is commutative, associative and idempotent: of two records of a key the newer one stays.
 */
import { Fingerprint, hashEntry, type EntryHash } from '../core/fingerprint.ts'
import { bucketCount, bucketHashBytes } from './map-messages.ts'
import { compareVersions, versionText, type Version } from './version.ts'

/** What is known of a key. Replaced as a whole, never changed. */
export interface MapRecord {
  readonly version: Version
  /** The encoded value; absent for a deletion (a tombstone). */
  readonly bytes?: Uint8Array | undefined
  /** The value. Read-only: everybody gets the same one. */
  readonly value?: unknown
}

/** The place of one key. */
export interface Cell {
  readonly space: string
  readonly key: string
  readonly bucket: number
  record: MapRecord
  hash: EntryHash
  /** `live`, or a tombstone; an expired one no longer counts in the hash of its bucket. */
  state: 'live' | 'tombstone' | 'expired' | 'collected'
  /** When the tombstone began, on the host's clock. */
  bornMs: number
}

/** A record that was merged and has won. */
export interface Merged {
  readonly cell: Cell
  readonly previous: MapRecord | undefined
}

const noBytes = new Uint8Array(0)

/** All records of one node. */
export class MapTable {
  readonly #spaces = new Map<string, Map<string, Cell>>()
  readonly #buckets: Set<Cell>[] = Array.from({ length: bucketCount }, () => new Set())
  readonly #hashes: Fingerprint[] = Array.from({ length: bucketCount }, () => new Fingerprint())
  readonly #changedMs = new Float64Array(bucketCount).fill(Number.NEGATIVE_INFINITY)
  /** In the order in which they were made. */
  readonly #tombstones = new Set<Cell>()
  #size = 0

  /** Records, tombstones included. */
  get size(): number {
    return this.#size
  }

  get tombstones(): ReadonlySet<Cell> {
    return this.#tombstones
  }

  cell(space: string, key: string): Cell | undefined {
    return this.#spaces.get(space)?.get(key)
  }

  cells(space: string): Iterable<Cell> {
    return this.#spaces.get(space)?.values() ?? []
  }

  inBucket(bucket: number): Iterable<Cell> {
    return this.#buckets[bucket] ?? []
  }

  /** When a record of the bucket last changed, on the host's clock. */
  changedMs(bucket: number): number {
    return this.#changedMs[bucket] ?? 0
  }

  /** The hash of every bucket, one after the other. */
  digest(): Buffer {
    const bytes = Buffer.alloc(bucketCount * bucketHashBytes)
    for (const [bucket, hash] of this.#hashes.entries())
      hash.writeTo(bytes, bucket * bucketHashBytes)
    return bytes
  }

  /** Whether a digest of somebody says the same of this bucket. */
  agrees(bucket: number, digest: Uint8Array): boolean {
    return this.#hashes[bucket]?.equalsAt(digest, bucket * bucketHashBytes) ?? false
  }

  /**
   * Takes a record in, unless what is held is as new or newer.
   *
   * @param at now, and when a tombstone began.
   * @returns undefined when it changed nothing.
   */
  merge(
    place: { readonly space: string; readonly key: string },
    record: MapRecord,
    at: { readonly nowMs: number; readonly bornMs: number },
  ): Merged | undefined {
    const known = this.cell(place.space, place.key)
    if (known && compareVersions(record.version, known.record.version) <= 0) return undefined
    const previous = known?.record
    const cell = known ?? this.#create(place, record)
    if (known) this.#leaveHash(known)
    cell.record = record
    cell.hash = hashOf(cell)
    cell.bornMs = at.bornMs
    cell.state = record.bytes ? 'live' : 'tombstone'
    this.#hashes[cell.bucket]?.add(cell.hash)
    this.#tombstones.delete(cell)
    if (cell.state === 'tombstone') this.#tombstones.add(cell)
    this.#changedMs[cell.bucket] = at.nowMs
    return { cell, previous }
  }

  /** The tombstone no longer counts in the hash of its bucket, but is still there to win. */
  expire(cell: Cell): void {
    if (cell.state !== 'tombstone') return
    this.#leaveHash(cell)
    cell.state = 'expired'
  }

  /** Forgets a tombstone. */
  collect(cell: Cell): void {
    this.#leaveHash(cell)
    cell.state = 'collected'
    this.#tombstones.delete(cell)
    this.#buckets[cell.bucket]?.delete(cell)
    const cells = this.#spaces.get(cell.space)
    if (cells?.delete(cell.key)) this.#size -= 1
    if (cells?.size === 0) this.#spaces.delete(cell.space)
  }

  #create({ space, key }: { space: string; key: string }, record: MapRecord): Cell {
    const bucket = (hashEntry(space, key, noBytes).low >>> 0) % bucketCount
    const hash = { high: 0, low: 0 }
    const cell: Cell = { space, key, bucket, record, hash, state: 'live', bornMs: 0 }
    const cells = this.#spaces.get(space) ?? new Map<string, Cell>()
    this.#spaces.set(space, cells)
    cells.set(key, cell)
    this.#buckets[bucket]?.add(cell)
    this.#size += 1
    return cell
  }

  #leaveHash(cell: Cell): void {
    if (cell.state === 'live' || cell.state === 'tombstone') {
      this.#hashes[cell.bucket]?.remove(cell.hash)
    }
  }
}

/** The version holds the hash of the content, so it stands for the whole record. */
function hashOf({ space, key, record }: Cell): EntryHash {
  return hashEntry(space, key, Buffer.from(versionText(record.version)))
}

/** The content hash of a version: of the encoded value, empty for a deletion. */
export function contentHash(bytes: Uint8Array | undefined): string {
  if (!bytes) return ''
  const fingerprint = new Fingerprint()
  fingerprint.add(hashEntry('', '', bytes))
  return fingerprint.toString()
}

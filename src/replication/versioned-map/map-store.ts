/** The local half of a versioned map: stamps, checks and merges records, and tells who listens. */
import {
  FoundationError,
  RepeatGate,
  toError,
  type Host,
  type Log,
  type Telemetry,
} from '../../kernel/index.ts'
import { decodeValue, encodeValue } from '../../wire/index.ts'
import type { HybridClock } from './hybrid-clock.ts'
import type { WireRecord } from './map-messages.ts'
import type { VersionedMapOptions } from './map-options.ts'
import type { MapListener } from './map-space.ts'
import { contentHash, MapTable, type Cell, type MapRecord } from './map-table.ts'
import type { Version, VersionBase } from './version.ts'

/** What the store talks to. */
export interface MapStoreDeps {
  readonly host: Host
  readonly log: Log
  readonly telemetry: Telemetry
  readonly self: string
  readonly clock: HybridClock
  /** A record of this node must reach the peers. */
  readonly changed: (cell: Cell) => void
}

interface Place {
  readonly space: string
  readonly key: string
}

/** How often the same trouble is logged. */
const quietMs = 60_000

/** One a map. */
export class MapStore {
  readonly table: MapTable = new MapTable()
  readonly #deps: MapStoreDeps
  readonly #options: VersionedMapOptions
  /** Replaced, never changed, so that a round of calls is over the listeners at its start. */
  readonly #listeners = new Map<string, readonly MapListener[]>()
  readonly #gate = new RepeatGate({ quietMs, keysMax: 64 })
  #refused = 0

  constructor(deps: MapStoreDeps, options: VersionedMapOptions) {
    this.#deps = deps
    this.#options = options
  }

  /** Records of peers that had no room here. */
  get refused(): number {
    return this.#refused
  }

  /** See `MapSpace.put` and `delete`. */
  write(place: Place, value: unknown): Version {
    const known = this.table.cell(place.space, place.key)
    const isDeleted = known !== undefined && known.state !== 'live'
    if (value === undefined && isDeleted) return known.record.version
    const { clock, self: writer } = this.#deps
    const record = recordOf(value, { ...clock.now(known?.record.version), writer })
    this.requireRoom(place, record.bytes?.length ?? 0)
    this.#merge(place, record, ownChange)
    return record.version
  }

  /** See `MapSpace.adopt`. */
  adopt(place: Place, value: unknown, base: VersionBase): boolean {
    return this.#adoptRecord(place, recordOf(value, base), ownChange)
  }

  /** See `MapSpace.adoptHere`. */
  adoptHere(place: Place, value: unknown, base: VersionBase): boolean {
    return this.#adoptRecord(place, recordAround(value, base), unsentChange)
  }

  /**
   * Records of a peer. All are read before the first is merged.
   *
   * @throws {FoundationError} `FND_FRAME_INVALID`
   */
  receive(records: readonly WireRecord[]): void {
    const read = records.map(({ value: bytes, wallMs, counter, writer, ...rest }) => ({
      ...rest,
      record: received(bytes, { wallMs, counter, writer }),
    }))
    for (const { space, key, record, ageMs = 0 } of read) {
      this.#observe(record.version)
      if (this.#isWorthless({ space, key }, record, ageMs)) continue
      if (this.#isFullFor({ space, key })) this.#refuse(space)
      else this.#merge({ space, key }, record, { isOwn: false, isSent: false, ageMs })
    }
  }

  watch(space: string, listener: MapListener): () => void {
    // Wrapped, so that one function added twice is removed once.
    const own: MapListener = (change) => {
      listener(change)
    }
    this.#listeners.set(space, [...(this.#listeners.get(space) ?? []), own])
    return () => {
      const others = (this.#listeners.get(space) ?? []).filter((each) => each !== own)
      if (others.length > 0) this.#listeners.set(space, others)
      else this.#listeners.delete(space)
    }
  }

  /** One decided elsewhere: others have it, so that it is taken also when there is no room any more. */
  #adoptRecord(place: Place, record: MapRecord, origin: ChangeOrigin): boolean {
    this.#observe(record.version)
    return this.#merge(place, record, origin)
  }

  /** @returns true when it won. */
  #merge(place: Place, record: MapRecord, of: ChangeOrigin): boolean {
    const nowMs = this.#deps.host.nowMs()
    const merged = this.table.merge(place, record, { nowMs, bornMs: nowMs - of.ageMs })
    if (!merged) return false
    if (of.isSent) this.#deps.changed(merged.cell)
    const { value, version } = record
    const { value: previous } = merged.previous ?? {}
    // A deletion of what nobody here knew is no news.
    if (record.bytes || merged.previous?.bytes) {
      this.#tell(place.space, { key: place.key, value, previous, version, isOwn: of.isOwn })
    }
    return true
  }

  #tell(space: string, change: Parameters<MapListener>[0]): void {
    for (const listener of this.#listeners.get(space) ?? []) {
      try {
        listener(change)
      } catch (thrown) {
        const fields = { space, key: change.key, error: toError(thrown) }
        this.#deps.log.error(fields, 'map listener threw')
      }
    }
  }

  /** A deletion that is old enough to be forgotten, of a key nobody here knows. */
  #isWorthless({ space, key }: Place, record: MapRecord, ageMs: number): boolean {
    if (record.bytes || ageMs < this.#options.tombstoneKeepMs) return false
    return this.table.cell(space, key) === undefined
  }

  #observe(stamp: VersionBase): void {
    if (this.#deps.clock.observe(stamp)) return
    if (!this.#gate.opens(`clock ${stamp.writer}`, this.#deps.host.nowMs())) return
    const fields = { writer: stamp.writer, wallMs: stamp.wallMs }
    this.#deps.log.warn(
      fields,
      'a record is stamped far ahead of this clock; check the clocks of both machines',
    )
  }

  #isFullFor({ space, key }: Place): boolean {
    return this.table.size >= this.#options.recordsMax && !this.table.cell(space, key)
  }

  #refuse(space: string): void {
    this.#refused += 1
    this.#deps.telemetry.execute('replication.map.full', { count: 1 }, () => ({ space }))
    if (!this.#gate.opens('full', this.#deps.host.nowMs())) return
    const { recordsMax } = this.#options
    const what =
      'the versioned map is full, a record was refused: remove settings or children not in use'
    this.#deps.log.error({ space, recordsMax }, what)
  }

  /** See `MapSpace.requireRoom`. */
  requireRoom(place: Place, valueBytes: number): void {
    const { keyMaxBytes, valueMaxBytes, recordsMax } = this.#options
    const tooLong = [place.space, place.key].find((text) => Buffer.byteLength(text) > keyMaxBytes)
    if (tooLong !== undefined) {
      throw limit(`"${tooLong.slice(0, 40)}…" is longer than ${String(keyMaxBytes)} bytes`)
    }
    if (valueBytes > valueMaxBytes) {
      const sizes = `${String(valueBytes)} bytes, at most ${String(valueMaxBytes)} are allowed`
      throw limit(`the value of "${place.key}" has ${sizes}`)
    }
    if (this.#isFullFor(place)) throw limit(`it has ${String(recordsMax)} records already`)
  }
}

/** Where a record comes from. */
interface ChangeOrigin {
  readonly isOwn: boolean
  /** Whether peers are told of it by this node. */
  readonly isSent: boolean
  /** How old a deletion is. */
  readonly ageMs: number
}

const ownChange: ChangeOrigin = { isOwn: true, isSent: true, ageMs: 0 }
const unsentChange: ChangeOrigin = { ...ownChange, isSent: false }

/** Kept by value: what this node reads is what every other node reads. */
function recordOf(value: unknown, base: VersionBase): MapRecord {
  return received(value === undefined ? undefined : encodeValue(value), base)
}

/** Around a value that came through the codec: reading its bytes would give the same again. */
function recordAround(value: unknown, base: VersionBase): MapRecord {
  if (value === undefined) return received(undefined, base)
  const bytes = encodeValue(value)
  return { version: versionOf(bytes, base), bytes, value }
}

function received(bytes: Uint8Array | undefined, base: VersionBase): MapRecord {
  const version = versionOf(bytes, base)
  return bytes ? { version, bytes, value: decodeValue(bytes) } : { version }
}

function versionOf(
  bytes: Uint8Array | undefined,
  { wallMs, counter, writer }: VersionBase,
): Version {
  return { wallMs, counter, writer, hash: contentHash(bytes) }
}

function limit(what: string): FoundationError {
  return new FoundationError('FND_LIMIT_REACHED', `Versioned map: ${what}`)
}

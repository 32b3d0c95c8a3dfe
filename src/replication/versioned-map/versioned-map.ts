/**
 * The versioned map: what belongs to nobody, known to all. Every node may write every key; of two
 * records of a key the newer one stays, on every node. It promises convergence of all members that
 * can reach each other, directly or through others; it does not promise an order between keys.
 * @source last-writer-wins maps with bucketed anti-entropy: Dynamo, Akka Distributed Data.
 */
import { messageCodes } from '../../wire/index.ts'
import type { Router } from '../../transport/index.ts'
import {
  FoundationError,
  type Host,
  type Lifecycle,
  type Log,
  type Telemetry,
} from '../../kernel/index.ts'
import { Conditions } from '../core/conditions.ts'
import type { HybridClock } from './hybrid-clock.ts'
import { bucketCount, bucketHashBytes, mapAck, mapDigest, mapRecords } from './map-messages.ts'
import { versionedMapDefaults, type VersionedMapOptions } from './map-options.ts'
import type { MapSpace, Versioned } from './map-space.ts'
import { MapStore } from './map-store.ts'
import { MapSync } from './map-sync.ts'
import type { Cell } from './map-table.ts'

/** What the map talks to. */
export interface VersionedMapDeps {
  readonly router: Pick<Router, 'handle' | 'send' | 'whenWritable'>
  readonly host: Host
  readonly log: Log
  readonly telemetry: Telemetry
  readonly clock: HybridClock
  readonly self: { readonly name: string }
}

/** Figures, for `status()`. */
export interface VersionedMapStats {
  /** Live records and remembered deletions. */
  readonly records: number
  readonly tombstones: number
  /** Records on their way to peers that are behind. */
  readonly waiting: number
  /** Records of peers that had no room here. Anything but 0 means that nodes differ. */
  readonly refused: number
  /** Deletions forgotten early, because there were too many. */
  readonly forgotten: number
  readonly isSynced: boolean
}

/** One a node. */
export class VersionedMap implements Lifecycle {
  readonly #store: MapStore
  readonly #sync: MapSync
  readonly #conditions: Conditions
  readonly #host: Host

  constructor(deps: VersionedMapDeps, options: VersionedMapOptions = versionedMapDefaults) {
    this.#host = deps.host
    this.#conditions = new Conditions(deps.host, options.waitersMax)
    const changed = (cell: Cell): void => {
      this.#sync.changed(cell)
    }
    this.#store = new MapStore({ ...deps, self: deps.self.name, changed }, options)
    const moved = (): void => {
      this.#conditions.check()
    }
    this.#sync = new MapSync({ ...deps, table: this.#store.table, moved }, options)
    this.#listen(deps.router)
  }

  start(): void {
    this.#sync.start()
  }

  stop(): void {
    this.#sync.stop()
    this.#conditions.stop()
  }

  /** The part of the map under a name; the same name is the same part on every node. */
  space(name: string): MapSpace {
    const store = this.#store
    const cellOf = (key: string): Cell | undefined => store.table.cell(name, key)
    const { isSynced, synced } = this.#sharedBySpaces()
    return {
      get: (key) => versionedOf(cellOf(key)),
      entries: () => liveEntries(store.table.cells(name)),
      versionOf: (key) => cellOf(key)?.record.version,
      put: (key, value) => {
        if (value === undefined) throw undefinedValue(key)
        return store.write({ space: name, key }, value)
      },
      delete: (key) => store.write({ space: name, key }, undefined),
      requireRoom: (key, valueBytes) => {
        store.requireRoom({ space: name, key }, valueBytes)
      },
      adopt: (key, value, version) => store.adopt({ space: name, key }, value, version),
      adoptHere: (key, value, version) => store.adoptHere({ space: name, key }, value, version),
      spread: (key, informed) => {
        const cell = cellOf(key)
        if (cell) this.#sync.spread(cell, informed)
      },
      watch: (listener) => store.watch(name, listener),
      acknowledged: (key, { peers, ...limits }) => {
        const what = `Acknowledgement of "${key}" by ${String(peers)} members`
        const isHeld = (): boolean => {
          const cell = cellOf(key)
          return cell === undefined || this.#sync.holders(cell) >= peers
        }
        return this.#conditions.wait(isHeld, { ...limits, what })
      },
      get isSynced() {
        return isSynced()
      },
      synced,
    }
  }

  /** The node calls this when a link is up, before any frame of it is handled. */
  linkUp(peer: { readonly name: string }): void {
    this.#sync.linkUp(peer.name)
  }

  linkDown(name: string): void {
    this.#sync.linkDown(name)
  }

  memberUp(name: string, incarnation: string): void {
    this.#sync.owed.up(name, incarnation)
  }

  /** @param cause membership's word on why: a process that is gone takes its records with it. */
  memberDown(name: string, incarnation: string, cause?: string): void {
    this.#sync.owed.down(name, incarnation, { cause, nowMs: this.#host.nowMs() })
  }

  /** Hash over everything: equal on nodes that hold the same. For tests and status. */
  digest(): Uint8Array {
    return this.#store.table.digest()
  }

  stats(): VersionedMapStats {
    const { table, refused } = this.#store
    const { waiting, forgotten, isSynced } = this.#sync
    const counts = { records: table.size, tombstones: table.tombstones.size }
    return { ...counts, waiting, refused, forgotten, isSynced }
  }

  #sharedBySpaces(): { isSynced: () => boolean; synced: MapSpace['synced'] } {
    const isSynced = (): boolean => this.#sync.isSynced
    const what = 'The state of a linked peer'
    return {
      isSynced,
      synced: (options = {}) => this.#conditions.wait(isSynced, { ...options, what }),
    }
  }

  #listen(router: Pick<Router, 'handle'>): void {
    router.handle(messageCodes.mapRecords, (body, { from }) => {
      const { records, ...progress } = mapRecords.decode(body)
      this.#store.receive(records)
      this.#sync.applied(from, progress)
    })
    router.handle(messageCodes.mapAck, (body, { from }) => {
      this.#sync.acknowledged(from, mapAck.decode(body).batch)
    })
    router.handle(messageCodes.mapDigest, (body, { from }) => {
      const digest = mapDigest.decode(body)
      if (digest.hashes.length !== bucketCount * bucketHashBytes) {
        throw new FoundationError('FND_FRAME_INVALID', 'Map digest: wrong number of buckets')
      }
      this.#sync.digest(from, digest)
    })
  }
}

function versionedOf(cell: Cell | undefined): Versioned | undefined {
  if (cell?.state !== 'live') return undefined
  const { value, version } = cell.record
  return { value, version }
}

function* liveEntries(cells: Iterable<Cell>): Generator<[string, Versioned], void> {
  for (const cell of cells) {
    const entry = versionedOf(cell)
    if (entry) yield [cell.key, entry]
  }
}

function undefinedValue(key: string): FoundationError {
  const message = `Versioned map: "${key}" cannot be undefined; use delete`
  return new FoundationError('FND_MESSAGE_INVALID', message)
}

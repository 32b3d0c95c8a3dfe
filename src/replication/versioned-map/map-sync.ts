/**
 * The sending half of a versioned map. What changes here is sent to every linked peer; on link up
 * and from time to time both sides compare a hash of each bucket and send the buckets that differ.
 */
import { jitter, type Host, type Timer } from '../../kernel/index.ts'
import type { Router } from '../../transport/index.ts'
import {
  bucketCount,
  mapAck,
  mapDigest,
  mapRecords,
  type MapDigest,
  type WireRecord,
} from './map-messages.ts'
import type { VersionedMapOptions } from './map-options.ts'
import { MapStream, type Batch } from './map-stream.ts'
import type { Cell, MapTable } from './map-table.ts'
import { OwedMembers } from './owed-members.ts'

/** What it talks to. */
export interface MapSyncDeps {
  readonly host: Host
  readonly router: Pick<Router, 'send' | 'whenWritable'>
  readonly table: MapTable
  /** Somebody holds more than before, or a peer is gone. */
  readonly moved: () => void
}

/** Of this many comparisons one counts every bucket, those that have just changed too. */
const thoroughEvery = 6
const nobody: ReadonlySet<string> = new Set()

/** One a map. */
export class MapSync {
  readonly owed: OwedMembers
  readonly #deps: MapSyncDeps
  readonly #options: VersionedMapOptions
  readonly #streams = new Map<string, MapStream>()
  #state: 'idle' | 'running' | 'stopped' = 'idle'
  #batchTimer: Timer | undefined
  #digestTimer: Timer | undefined
  #rounds = 0
  #forgotten = 0

  constructor(deps: MapSyncDeps, options: VersionedMapOptions) {
    this.#deps = deps
    this.#options = options
    this.owed = new OwedMembers(options.forgetMemberAfterMs)
  }

  /** Tombstones forgotten before their time, because there were too many. */
  get forgotten(): number {
    return this.#forgotten
  }

  /** Records that wait to be sent, over all peers. */
  get waiting(): number {
    return [...this.#streams.values()].reduce((sum, { waiting }) => sum + waiting, 0)
  }

  /** See `MapSpace.isSynced`. */
  get isSynced(): boolean {
    if (this.#streams.size === 0) return true
    for (const stream of this.#streams.values()) if (stream.isSource) return true
    return false
  }

  /** How many linked peers hold the record of a cell as it is now. */
  holders(cell: Cell): number {
    let count = 0
    for (const stream of this.#streams.values()) if (stream.holds(cell)) count += 1
    return count
  }

  start(): void {
    if (this.#state !== 'idle') return
    this.#state = 'running'
    this.#scheduleRound()
  }

  stop(): void {
    this.#state = 'stopped'
    this.#batchTimer?.cancel()
    this.#digestTimer?.cancel()
    this.#streams.clear()
  }

  linkUp(peer: string): void {
    if (this.#state === 'stopped') return
    const stream = new MapStream(this.#options)
    this.#streams.set(peer, stream)
    this.#sendDigest(peer, true)
  }

  linkDown(peer: string): void {
    this.#streams.delete(peer)
    this.#deps.moved()
  }

  /** A record of this node is new. It is sent with the others of its batch. */
  changed(cell: Cell): void {
    this.spread(cell, nobody)
  }

  /** Sends a record to every peer but those that hear of it in another way. */
  spread(cell: Cell, informed: ReadonlySet<string>): void {
    if (this.#state === 'stopped') return
    let isAnyBehind = false
    for (const [peer, stream] of this.#streams) {
      if (informed.has(peer)) continue
      stream.add(cell)
      isAnyBehind = true
    }
    if (!isAnyBehind) return
    this.#batchTimer ??= this.#deps.host.after(this.#options.batchMs, () => {
      this.#batchTimer = undefined
      this.#pumpAll()
    })
  }

  /** Records of a peer were applied. */
  applied(peer: string, { batch, isComplete }: { batch: number; isComplete: boolean }): void {
    const stream = this.#streams.get(peer)
    if (!stream) return
    this.#deps.router.send(peer, 'control', mapAck.encode({ batch }))
    if (!isComplete || stream.isSource) return
    stream.isSource = true
    this.#deps.moved()
  }

  acknowledged(peer: string, batch: number): void {
    const stream = this.#streams.get(peer)
    if (!stream) return
    stream.acknowledge(batch)
    this.#deps.moved()
    this.#pump(peer, stream)
  }

  /** A peer has said what it holds: it is sent the buckets in which that is something else. */
  digest(peer: string, { hashes, isThorough }: MapDigest): void {
    const stream = this.#streams.get(peer)
    if (!stream) return
    const { table, host } = this.#deps
    const settledMs = host.nowMs() - this.#options.settleMs
    const isFirst = stream.digest === undefined
    for (let bucket = 0; bucket < bucketCount; bucket++) {
      if (table.agrees(bucket, hashes)) continue
      if (!isThorough && !isFirst && table.changedMs(bucket) > settledMs) continue
      for (const cell of table.inBucket(bucket)) stream.add(cell)
    }
    stream.digest = hashes
    stream.judged()
    this.#pump(peer, stream)
    this.#deps.moved()
  }

  #scheduleRound(): void {
    const { host } = this.#deps
    const delayMs = jitter(this.#options.digestIntervalMs, 0.25, host.random())
    this.#digestTimer = host.after(delayMs, () => {
      this.#scheduleRound()
      this.#round()
    })
  }

  #round(): void {
    this.#rounds += 1
    const nowMs = this.#deps.host.nowMs()
    this.#sweep(nowMs)
    for (const [peer, stream] of this.#streams) {
      stream.resend(nowMs - this.#options.resendAfterMs)
      this.#pump(peer, stream)
      // What still waits is no loss, and would only be sent twice.
      if (stream.waiting === 0) this.#sendDigest(peer, this.#rounds % thoroughEvery === 0)
    }
  }

  /** Old tombstones leave the hashes, and go once every member has what they stand for. */
  #sweep(nowMs: number): void {
    const { table } = this.#deps
    const { tombstoneKeepMs, tombstonesMax } = this.#options
    const owed = this.owed.names(nowMs).map((name) => this.#streams.get(name))
    for (const cell of [...table.tombstones]) {
      if (nowMs - cell.bornMs >= tombstoneKeepMs) table.expire(cell)
      if (cell.state === 'expired' && owed.every((stream) => this.#isLevel(stream, cell))) {
        this.#forget(cell)
      }
    }
    for (const cell of table.tombstones) {
      if (table.tombstones.size <= tombstonesMax) break
      this.#forgotten += 1
      this.#forget(cell)
    }
  }

  #isLevel(stream: MapStream | undefined, { bucket }: Cell): boolean {
    return stream?.digest !== undefined && this.#deps.table.agrees(bucket, stream.digest)
  }

  #forget(cell: Cell): void {
    this.#deps.table.collect(cell)
    for (const stream of this.#streams.values()) stream.drop(cell)
  }

  #sendDigest(peer: string, isThorough: boolean): void {
    const payload = mapDigest.encode({ hashes: this.#deps.table.digest(), isThorough })
    this.#deps.router.send(peer, 'control', payload)
  }

  #pumpAll(): void {
    for (const [peer, stream] of this.#streams) this.#pump(peer, stream)
  }

  #pump(peer: string, stream: MapStream): void {
    while (!stream.isBlocked && this.#streams.get(peer) === stream) {
      const batch = stream.next()
      if (!batch) return
      const outcome = this.#deps.router.send(peer, 'control', this.#encode(batch))
      if (outcome === 'accepted') stream.sent(batch, this.#deps.host.nowMs())
      else if (outcome === 'disconnected') return
      else this.#resumeLater(peer, stream)
    }
  }

  #resumeLater(peer: string, stream: MapStream): void {
    stream.isBlocked = true
    const resume = (): void => {
      stream.isBlocked = false
      this.#pump(peer, stream)
    }
    this.#deps.router.whenWritable(peer, 'control').then(resume, resume)
  }

  #encode({ number, isComplete, cells }: Batch): Uint8Array {
    const nowMs = this.#deps.host.nowMs()
    const records = cells.map((cell) => wireRecordOf(cell, nowMs))
    return mapRecords.encode({ batch: number, isComplete, records })
  }
}

function wireRecordOf({ space, key, record, bornMs }: Cell, nowMs: number): WireRecord {
  const { wallMs, counter, writer } = record.version
  const common = { space, key, wallMs, counter, writer }
  if (record.bytes) return { ...common, value: record.bytes }
  return { ...common, ageMs: Math.max(0, Math.floor(nowMs - bornMs)) }
}

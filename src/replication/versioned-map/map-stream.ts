/**
 * What one linked peer has still to be told of the map, and what is on its way there. Pure: decides
 * which records come next; the map sends them. A record is named by its cell, so that of many
 * changes of one key only the last is sent.
 */
import { batchMaxRecords } from './map-messages.ts'
import type { Cell } from './map-table.ts'

/** The bounds a stream needs. */
export interface StreamBounds {
  readonly batchMaxBytes: number
  readonly windowMaxBytes: number
}

/** Records to send in one message. */
export interface Batch {
  readonly number: number
  readonly cells: readonly Cell[]
  readonly bytes: number
  readonly isComplete: boolean
}

interface InFlight {
  readonly cells: readonly Cell[]
  readonly bytes: number
  readonly sentAtMs: number
}

/** Bytes a record takes beside its texts and value: field names and headers. An estimate. */
const recordOverheadBytes = 80

/** One linked peer. */
export class MapStream {
  readonly #bounds: StreamBounds
  readonly #waiting = new Set<Cell>()
  readonly #inFlight = new Map<number, InFlight>()
  /** How many batches under way have a cell. */
  readonly #underWay = new Map<Cell, number>()
  /**
   * `unjudged`: its digest has not come. `filling`: it is being told what it lacks.
   * `level`: it was told everything once, and since then what changed.
   */
  #state: 'unjudged' | 'filling' | 'level' = 'unjudged'
  #inFlightBytes = 0
  #lastBatch = 0
  /** What the peer last said it holds. */
  digest: Uint8Array | undefined
  /** True once it has said that this node holds all it does. */
  isSource = false
  /** True while somebody waits for the peer's queue to have room. */
  isBlocked = false

  constructor(bounds: StreamBounds) {
    this.#bounds = bounds
  }

  /** Records that wait to be sent. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** The peer must be told of this record. */
  add(cell: Cell): void {
    this.#waiting.add(cell)
  }

  /** Its digest was compared, and what it lacks was added. */
  judged(): void {
    if (this.#state === 'unjudged') this.#state = 'filling'
  }

  /** Whether the peer has applied the record, or a newer one, for all that is known here. */
  holds(cell: Cell): boolean {
    return this.#state !== 'unjudged' && !this.#waiting.has(cell) && !this.#underWay.has(cell)
  }

  /** What to send next; undefined when there is nothing, or enough is under way. */
  next(): Batch | undefined {
    if (this.#inFlightBytes >= this.#bounds.windowMaxBytes) return undefined
    if (this.#waiting.size === 0 && this.#state !== 'filling') return undefined
    const cells: Cell[] = []
    let bytes = 0
    for (const cell of this.#waiting) {
      if (cells.length >= batchMaxRecords || bytes >= this.#bounds.batchMaxBytes) break
      cells.push(cell)
      bytes += recordBytes(cell)
    }
    const isComplete = this.#state !== 'unjudged' && cells.length === this.#waiting.size
    return { number: this.#lastBatch + 1, cells, bytes, isComplete }
  }

  /** The batch was taken by the transport. */
  sent({ number, cells, bytes, isComplete }: Batch, nowMs: number): void {
    this.#lastBatch = number
    this.#inFlight.set(number, { cells, bytes, sentAtMs: nowMs })
    this.#inFlightBytes += bytes
    if (isComplete) this.#state = 'level'
    for (const cell of cells) {
      this.#waiting.delete(cell)
      this.#underWay.set(cell, (this.#underWay.get(cell) ?? 0) + 1)
    }
  }

  /** The peer has applied a batch. */
  acknowledge(number: number): void {
    const batch = this.#inFlight.get(number)
    if (!batch) return
    this.#inFlight.delete(number)
    this.#inFlightBytes -= batch.bytes
    for (const cell of batch.cells) {
      const others = (this.#underWay.get(cell) ?? 1) - 1
      if (others === 0) this.#underWay.delete(cell)
      else this.#underWay.set(cell, others)
    }
  }

  /** Batches sent before `beforeMs` and not acknowledged count as lost: their records wait again. */
  resend(beforeMs: number): void {
    for (const [number, { cells, sentAtMs }] of this.#inFlight) {
      if (sentAtMs > beforeMs) continue
      this.acknowledge(number)
      for (const cell of cells) if (cell.state !== 'collected') this.#waiting.add(cell)
    }
  }

  /** The tombstone is forgotten here. */
  drop(cell: Cell): void {
    this.#waiting.delete(cell)
  }
}

function recordBytes({ space, key, record }: Cell): number {
  const { version, bytes } = record
  const texts = space.length + key.length + version.writer.length
  return recordOverheadBytes + texts + (bytes?.length ?? 0)
}

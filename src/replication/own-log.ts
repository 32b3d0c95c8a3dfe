/**
 * What this node says of itself: the entries, and the numbered changes that led to them, of which
 * the latest are retained. Pure: `seal` ends a batch; who sends it, and when, is the outbox's.
 */
import { anyColumn, FoundationError, numberColumn, type Column } from '../kernel/index.ts'
import { encodePayload } from '../wire/index.ts'
import { EntryTable } from './entry-table.ts'
import { Fingerprint, hashEntry } from './core/fingerprint.ts'
import type { HeldEntry } from './held-entry.ts'
import { operationsMax, type LogName, type Operation } from './messages.ts'
import type { OwnerLogOptions } from './options.ts'

/** The own entries of a space. Their values are what was given to `put`. */
interface OwnSpace {
  readonly entries: EntryTable
  /** Encoded values that could be others later: of objects, which may change. */
  readonly bytes: Column<Uint8Array | undefined>
  /** Numbers of the changes that made the entries. */
  readonly sequences: Column<number>
}

/** A run of retained changes. */
export interface OperationRange {
  readonly from: number
  readonly to: number
  readonly operations: readonly Operation[]
}

/** Bytes a change takes beside its texts and value: field names and headers. An estimate. */
const operationOverheadBytes = 32

/** Size of one change on the wire, roughly. */
export function operationBytes({ space, key, value }: Operation): number {
  return operationOverheadBytes + space.length + key.length + (value?.length ?? 0)
}

/** The own part of an owner log. */
export class OwnLog {
  readonly #self: LogName
  readonly #options: OwnerLogOptions
  readonly #spaces = new Map<string, OwnSpace>()
  readonly #fingerprint = new Fingerprint()
  /** Retained changes; the first has the number `#firstRetained`. Those after `#sealed` wait. */
  readonly #history: Operation[] = []
  #firstRetained = 1
  #historyBytes = 0
  #sequence = 0
  #sealed = 0
  #size = 0
  #openBytes = 0

  constructor(self: LogName, options: OwnerLogOptions) {
    this.#self = self
    this.#options = options
  }

  /** Number of the last change, sent or not. */
  get sequence(): number {
    return this.#sequence
  }

  /** Number of the last change that may be sent. */
  get sealed(): number {
    return this.#sealed
  }

  get size(): number {
    return this.#size
  }

  get hash(): string {
    return this.#fingerprint.toString()
  }

  /** True when the waiting changes are enough for a message of their own. */
  get isBatchFull(): boolean {
    const waiting = this.#sequence - this.#sealed
    const { batchMaxOperations, sliceMaxBytes } = this.#options
    return waiting >= batchMaxOperations || this.#openBytes >= sliceMaxBytes
  }

  /** May be read while entries change. */
  *entries(space: string): Generator<HeldEntry, void> {
    const entries = this.#spaces.get(space)?.entries
    if (!entries) return
    for (const row of entries.rows()) {
      yield { log: this.#self, key: entries.keyOf(row), value: entries.valueOf(row) }
    }
  }

  /**
   * The whole state, as changes that lead to it. May be read while entries change: then some of what
   * comes is later than its beginning, and the changes after its beginning, applied once more, lead to
   * the same state.
   */
  *operations(): Generator<Operation, undefined> {
    for (const [space, { entries, bytes }] of [...this.#spaces]) {
      for (const row of entries.rows()) {
        const value = bytes.get(row) ?? encodePayload(entries.valueOf(row), 0)
        yield { space, key: entries.keyOf(row), value }
      }
    }
  }

  /** See `OwnerLog.put`. */
  put(name: string, key: string, value: unknown): number {
    const bytes = encodePayload(value, 0)
    this.#check(name, key, bytes)
    const space = this.#spaces.get(name) ?? this.#addSpace(name)
    const { entries } = space
    const known = entries.find(key)
    if (known < 0) this.#size += 1
    else this.#fingerprint.remove(entries.hashOf(known))
    const hash = hashEntry(name, key, bytes)
    this.#fingerprint.add(hash)
    const former = known < 0 ? 0 : (space.sequences.get(known) ?? 0)
    const sequence = this.#record({ space: name, key, value: bytes }, former)
    const row = known < 0 ? entries.add(key) : known
    entries.write(row, value, hash)
    space.sequences.set(row, sequence)
    const mayChange = typeof value === 'object'
    if (mayChange || space.bytes.get(row)) space.bytes.set(row, mayChange ? bytes : undefined)
    return sequence
  }

  /** See `OwnerLog.delete`. Undefined when there was no such entry. */
  delete(name: string, key: string): number | undefined {
    const space = this.#spaces.get(name)
    const row = space?.entries.find(key) ?? -1
    if (!space || row < 0) return undefined
    const { entries, sequences, bytes } = space
    this.#fingerprint.remove(entries.hashOf(row))
    entries.remove(row)
    if (bytes.get(row)) bytes.set(row, undefined)
    if (entries.size === 0) this.#spaces.delete(name)
    this.#size -= 1
    return this.#record({ space: name, key }, sequences.get(row) ?? 0)
  }

  /** Ends the batch: its changes may be sent, and can no longer be replaced. */
  seal(): void {
    this.#sealed = this.#sequence
    this.#openBytes = 0
    this.#trim()
  }

  /**
   * The sealed changes from number `from`, as many as fit one message.
   *
   * @returns undefined when they are no longer retained; no operations when there are none yet.
   */
  range(from: number): OperationRange | undefined {
    if (from < this.#firstRetained) return undefined
    const { batchMaxOperations, sliceMaxBytes } = this.#options
    const operations: Operation[] = []
    let size = 0
    for (let at = from; at <= this.#sealed && operations.length < batchMaxOperations; at++) {
      const operation = this.#history[at - this.#firstRetained]
      if (!operation || (size > 0 && size >= sliceMaxBytes)) break
      operations.push(operation)
      size += operationBytes(operation)
    }
    return { from, to: from + operations.length - 1, operations }
  }

  /** @param former number of the change that made the entry: within a batch it is taken once more. */
  #record(operation: Operation, former: number): number {
    const size = operationBytes(operation)
    const sequence = former > this.#sealed ? former : ++this.#sequence
    const index = sequence - this.#firstRetained
    const replaced = this.#history[index]
    const growth = size - (replaced ? operationBytes(replaced) : 0)
    this.#history[index] = operation
    this.#historyBytes += growth
    this.#openBytes += growth
    return sequence
  }

  #has(space: string, key: string): boolean {
    return (this.#spaces.get(space)?.entries.find(key) ?? -1) >= 0
  }

  #addSpace(name: string): OwnSpace {
    const space = {
      entries: new EntryTable(),
      bytes: anyColumn<Uint8Array>(),
      sequences: numberColumn(),
    }
    this.#spaces.set(name, space)
    return space
  }

  #trim(): void {
    const { historyMaxOperations, historyMaxBytes } = this.#options
    let drop = 0
    let size = this.#historyBytes
    const limit = this.#history.length
    while (drop < limit && (limit - drop > historyMaxOperations || size > historyMaxBytes)) {
      size -= operationBytes(this.#history[drop] as Operation)
      drop += 1
    }
    // Cutting the array costs as much as it is long: do it once for many.
    if (drop === 0 || (drop < limit / 4 && drop < operationsMax)) return
    this.#history.splice(0, drop)
    this.#firstRetained += drop
    this.#historyBytes = size
  }

  #check(space: string, key: string, value: Uint8Array): void {
    const { keyMaxBytes, valueMaxBytes, entriesMaxPerOwner } = this.#options
    const tooLong = [space, key].find((text) => {
      // A character is at most three bytes: short texts need no counting.
      return text.length * 3 > keyMaxBytes && Buffer.byteLength(text) > keyMaxBytes
    })
    if (tooLong !== undefined) {
      throw limit(`"${tooLong.slice(0, 40)}…" is longer than ${String(keyMaxBytes)} bytes`)
    }
    if (value.length > valueMaxBytes) {
      const sizes = `${String(value.length)} bytes, at most ${String(valueMaxBytes)} are allowed`
      throw limit(`the value of "${key}" has ${sizes}`)
    }
    if (this.#size >= entriesMaxPerOwner && !this.#has(space, key)) {
      throw limit(`this node has ${String(entriesMaxPerOwner)} entries already; delete some`)
    }
  }
}

function limit(what: string): FoundationError {
  return new FoundationError('FND_LIMIT_REACHED', `Owner log: ${what}`)
}

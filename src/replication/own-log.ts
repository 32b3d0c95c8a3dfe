/**
 * What this node says of itself: the entries, and the numbered changes that led to them, of which
 * the latest are retained. Pure: `seal` ends a batch; who sends it, and when, is the outbox's.
 */
import { FoundationError } from '../kernel/index.ts'
import { encodeValue } from '../wire/index.ts'
import { Fingerprint, hashEntry, type EntryHash } from './fingerprint.ts'
import { operationsMax, type Operation } from './messages.ts'
import type { OwnerLogOptions } from './options.ts'

/** One own entry. Replaced as a whole, never changed, so that a list of them is a snapshot. */
export interface OwnEntry {
  readonly space: string
  readonly key: string
  readonly value: Uint8Array
  /** What was given to `put`. */
  readonly decoded: unknown
  readonly hash: EntryHash
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
  readonly #options: OwnerLogOptions
  readonly #spaces = new Map<string, Map<string, OwnEntry>>()
  readonly #fingerprint = new Fingerprint()
  /** Retained changes; the first has the number `#firstRetained`. Those after `#sealed` wait. */
  #history: Operation[] = []
  #firstRetained = 1
  #historyBytes = 0
  #sequence = 0
  #sealed = 0
  #size = 0
  #openBytes = 0
  /** Number of the waiting change of a key, so that a second one in the same batch replaces it. */
  readonly #open = new Map<string, number>()

  constructor(options: OwnerLogOptions) {
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

  space(space: string): ReadonlyMap<string, OwnEntry> | undefined {
    return this.#spaces.get(space)
  }

  /** The whole state now, in the order the entries were made. */
  entries(): OwnEntry[] {
    return [...this.#spaces.values()].flatMap((entries) => [...entries.values()])
  }

  /** See `OwnerLog.put`. */
  put(space: string, key: string, decoded: unknown): number {
    const value = encodeValue(decoded)
    this.#check(space, key, value)
    const entries = this.#spaces.get(space) ?? new Map<string, OwnEntry>()
    this.#spaces.set(space, entries)
    const former = entries.get(key)
    const hash = hashEntry(space, key, value)
    if (former) this.#fingerprint.remove(former.hash)
    else this.#size += 1
    this.#fingerprint.add(hash)
    entries.set(key, { space, key, value, decoded, hash })
    return this.#record({ space, key, value })
  }

  /** See `OwnerLog.delete`. Undefined when there was no such entry. */
  delete(space: string, key: string): number | undefined {
    const entries = this.#spaces.get(space)
    const former = entries?.get(key)
    if (!entries || !former) return undefined
    entries.delete(key)
    if (entries.size === 0) this.#spaces.delete(space)
    this.#fingerprint.remove(former.hash)
    this.#size -= 1
    return this.#record({ space, key })
  }

  /** Ends the batch: its changes may be sent, and can no longer be replaced. */
  seal(): void {
    this.#sealed = this.#sequence
    this.#open.clear()
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

  #record(operation: Operation): number {
    const id = `${operation.space}\0${operation.key}`
    const size = operationBytes(operation)
    const waiting = this.#open.get(id)
    const sequence = waiting ?? ++this.#sequence
    const index = sequence - this.#firstRetained
    const replaced = this.#history[index]
    const growth = size - (replaced ? operationBytes(replaced) : 0)
    this.#history[index] = operation
    this.#historyBytes += growth
    this.#openBytes += growth
    this.#open.set(id, sequence)
    return sequence
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
    this.#history = this.#history.slice(drop)
    this.#firstRetained += drop
    this.#historyBytes = size
  }

  #check(space: string, key: string, value: Uint8Array): void {
    const { keyMaxBytes, valueMaxBytes, entriesMaxPerOwner } = this.#options
    const tooLong = [space, key].find((text) => Buffer.byteLength(text) > keyMaxBytes)
    if (tooLong !== undefined) {
      throw limit(`"${tooLong.slice(0, 40)}…" is longer than ${String(keyMaxBytes)} bytes`)
    }
    if (value.length > valueMaxBytes) {
      const sizes = `${String(value.length)} bytes, at most ${String(valueMaxBytes)} are allowed`
      throw limit(`the value of "${key}" has ${sizes}`)
    }
    if (this.#size >= entriesMaxPerOwner && !this.#spaces.get(space)?.has(key)) {
      throw limit(`this node has ${String(entriesMaxPerOwner)} entries already; delete some`)
    }
  }
}

function limit(what: string): FoundationError {
  return new FoundationError('FND_LIMIT_REACHED', `Owner log: ${what}`)
}

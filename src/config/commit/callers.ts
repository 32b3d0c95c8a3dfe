/**
 * Those that wait for a commit of this node: for its decision, then for the others to have it. Each
 * wait has an end.
 */
import { deferred, FoundationError, type Deferred } from '../../kernel/index.ts'
import { txidText, type Outcome, type Proposal, type Txid } from './transaction.ts'

/** What a caller is told of its commit. */
export interface Decision {
  readonly outcome: Outcome
  /** Resolves when every member that can be reached has it, or the time is over: with their names. */
  readonly settled: Promise<readonly string[]>
}

interface Caller {
  readonly txid: Txid
  readonly timeoutMs: number
  readonly decided: Deferred<Decision>
  readonly settled: Deferred<readonly string[]>
  dueMs: number
}

/** Votes have a deadline of their own; this one is for a disk that does not answer. */
const decisionTimes = 2

/** One a protocol. */
export class Callers {
  readonly #waiting = new Map<string, Caller>()

  /** When the first wait ends; Infinity when nobody waits. */
  get dueMs(): number {
    let due = Infinity
    for (const caller of this.#waiting.values()) due = Math.min(due, caller.dueMs)
    return due
  }

  /**
   * Waits for the decision.
   *
   * @throws {FoundationError} (rejects) `FND_TIMED_OUT`, and what {@link stop} is given.
   */
  wait({ txid, timeoutMs }: Proposal, nowMs: number): Promise<Decision> {
    const dueMs = nowMs + decisionTimes * timeoutMs
    const caller: Caller = { txid, timeoutMs, decided: deferred(), settled: deferred(), dueMs }
    this.#waiting.set(txidText(txid), caller)
    return caller.decided.promise
  }

  /** From here on it waits for the others, to the deadline of its commit. */
  decided(txid: Txid, outcome: Outcome): void {
    const caller = this.#waiting.get(txidText(txid))
    if (!caller) return
    caller.dueMs -= (decisionTimes - 1) * caller.timeoutMs
    caller.decided.resolve({ outcome, settled: caller.settled.promise })
  }

  settled(txid: Txid, acknowledged: readonly string[]): void {
    const key = txidText(txid)
    this.#waiting.get(key)?.settled.resolve(acknowledged)
    this.#waiting.delete(key)
  }

  /**
   * Ends the waits that are over.
   *
   * @param acknowledged who has a decision by now.
   */
  tick(nowMs: number, acknowledged: (txid: Txid) => readonly string[]): void {
    for (const { txid, timeoutMs, decided, dueMs } of this.#waiting.values()) {
      if (dueMs > nowMs) continue
      // One that is decided already does not hear this.
      decided.reject(notDecided(decisionTimes * timeoutMs))
      this.settled(txid, acknowledged(txid))
    }
  }

  /** Nobody is left waiting. */
  stop(reason: Error): void {
    for (const { decided, settled } of this.#waiting.values()) {
      decided.reject(reason)
      settled.resolve([])
    }
    this.#waiting.clear()
  }
}

function notDecided(limitMs: number): FoundationError {
  const message =
    `Commit: not decided within ${String(limitMs)} ms; its outcome is not known here yet. Read the ` +
    'setting, or config.inDoubt(), before you commit it again'
  return new FoundationError('FND_TIMED_OUT', message)
}

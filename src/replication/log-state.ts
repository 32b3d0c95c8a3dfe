/** What an owner log shows of itself: entries, places in it, and what it holds. */
import type { ReplicaState } from './replica.ts'

/** A visible entry. */
export interface LogEntry {
  readonly owner: string
  readonly key: string
  /** Read-only: everybody gets the same one. */
  readonly value: unknown
}

/** A place in the log of one life of a node. */
export interface LogPosition {
  readonly owner: string
  readonly incarnation: string
  readonly sequence: number
}

/** What one log holds, for status and tests. Two nodes agree on an owner when these are equal. */
export interface LogState {
  readonly owner: string
  readonly incarnation: string
  readonly sequence: number
  /** Hash of the entries, independent of their order. */
  readonly hash: string
  readonly entries: number
  readonly state: 'own' | ReplicaState
}

/** Counters, for `status()`. */
export interface OwnerLogStats {
  readonly sequence: number
  /** Lowest sequence a linked peer has acknowledged. */
  readonly acknowledged: number
  readonly snapshotsSent: number
  readonly fetches: number
  /** Times a peer's entries differed at an equal sequence. Anything but 0 is a bug. */
  readonly alarms: number
  /** Messages of peers dropped because too many waited. They are fetched again. */
  readonly dropped: number
}

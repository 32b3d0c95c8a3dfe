/** What config tells the node. */
import type { FoundationError } from '../kernel/index.ts'
import type { HistoryEntry } from './history.ts'
import type { ConfigChange } from './subscriptions.ts'

/** A transaction without an outcome, for people. */
export interface Transaction {
  /** What `resolve` takes. */
  readonly txid: string
  readonly coordinator: string
  readonly participants: readonly string[]
  /** What would be set; undefined where a setting would be deleted. */
  readonly changes: Readonly<Record<string, unknown>>
}

/** News of config. */
export type ConfigNews =
  | ({ readonly type: 'config-changed' } & ConfigChange)
  /**
   * Two sides of a partition committed one path: the loser is in `history`, on every node that
   * hears of it.
   */
  | {
      readonly type: 'config-conflict'
      readonly path: string
      readonly loser: HistoryEntry
      readonly winner: { readonly value: unknown; readonly origin: string } | undefined
    }
  /** This node said yes and cannot learn the outcome: the old values stay; see `inDoubt`, `resolve`. */
  | ({ readonly type: 'config-in-doubt' } & Transaction)
  | { readonly type: 'trouble'; readonly error: FoundationError }

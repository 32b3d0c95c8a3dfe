/** Config 2.0: settings of the whole cluster, by last writer or by two-phase commit. */
export type { Decision } from './commit/callers.ts'
export { CommitProtocol } from './commit/commit-protocol.ts'
export type { JournalEntry } from './commit/effects.ts'
export type { CommitMessage } from './commit/messages.ts'
export {
  txidText,
  type Life,
  type Outcome,
  type Proposal,
  type Txid,
} from './commit/transaction.ts'
export type { Commit } from './commits.ts'
export type { ConfigDeps } from './config-deps.ts'
export { Config, type ConfigStats } from './config.ts'
export type { HistoryEntry } from './history.ts'
export type { ConfigFile, OpenConfigFile } from './journal/config-file.ts'
export { diskFiles } from './journal/disk-file.ts'
export type { ConfigNews, Transaction } from './news.ts'
export { configDefaults, configRules, type ConfigOptions } from './options.ts'
export type { ConfigPath } from './record/path.ts'
export type { ConfigChange, ConfigHandler, ConfigSubscription } from './subscriptions.ts'
export type { ValidationContext, Validator } from './validators.ts'

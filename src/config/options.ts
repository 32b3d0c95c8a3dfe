/** What an operator may tune of config. */
import {
  defaultsOf,
  flag,
  integer,
  optional,
  textCheck,
  type Check,
  type Rules,
} from '../kernel/index.ts'

/** Options of {@link Config}. All times are milliseconds. */
export interface ConfigOptions {
  /** The application's own settings; those of the cluster are laid over them. */
  readonly defaults: Readonly<Record<string, unknown>> | undefined
  /** Keeps settings, votes and decisions in this file, which is made when absent. Default: none, memory only. */
  readonly file: string | undefined
  /** Commits only while a majority of all members ever seen, those that left not counted, is in view. */
  readonly requireQuorum: boolean
  /** How long a commit that names no deadline may take. 10 to 600 000. */
  readonly commitTimeoutMs: number
  /** How long the validators of one member may take. 1 to 60 000. */
  readonly validatorTimeoutMs: number
  /** A vote or decision without an answer is sent again after this. 10 to 60 000. */
  readonly resendAfterMs: number
  /** A member that has voted yes and hears nothing is in doubt after this, beyond the deadline. 10 to 3 600 000. */
  readonly inDoubtAfterMs: number
  /** How often a member in doubt asks the others. 10 to 600 000. */
  readonly inquiryIntervalMs: number
  /** Transactions held undecided, and proposals of this node; beyond it they are refused. 1 to 65 536. */
  readonly transactionsMax: number
  /** Outcomes remembered; beyond it the oldest is forgotten. 16 to 1 000 000. */
  readonly outcomesMax: number
  /** Entries of one commit. 1 to 1 024. */
  readonly entriesMax: number
  /** Changes remembered by path, and altogether; beyond it the oldest is forgotten. 1 to 10 000. */
  readonly historyPerPathMax: number
  readonly historyMax: number
  /** For `requireQuorum`: a member that is away this long, without a goodbye, no longer counts. */
  readonly forgetMemberAfterMs: number
  /** For `requireQuorum`: members remembered; the one away longest is forgotten first. 16 to 65 536. */
  readonly namesMax: number
  /** Size of the file at which it is written anew without what is settled. Bytes. */
  readonly fileMaxBytes: number
}

const minute = 60_000

const recordCheck: Check = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? undefined
    : 'expected an object'

/** How each of {@link ConfigOptions} is checked. */
export const configRules: Rules<ConfigOptions> = {
  defaults: optional(recordCheck),
  file: optional(textCheck),
  requireQuorum: flag(false),
  commitTimeoutMs: integer(5_000, { min: 10, max: 10 * minute }),
  validatorTimeoutMs: integer(2_000, { min: 1, max: minute }),
  resendAfterMs: integer(500, { min: 10, max: minute }),
  inDoubtAfterMs: integer(5_000, { min: 10, max: 60 * minute }),
  inquiryIntervalMs: integer(1_000, { min: 10, max: 10 * minute }),
  transactionsMax: integer(1_024, { min: 1, max: 65_536 }),
  outcomesMax: integer(10_000, { min: 16, max: 1_000_000 }),
  entriesMax: integer(256, { min: 1, max: 1_024 }),
  historyPerPathMax: integer(20, { min: 1, max: 10_000 }),
  historyMax: integer(1_000, { min: 1, max: 1_000_000 }),
  forgetMemberAfterMs: integer(24 * 60 * minute, { min: 1_000, max: 720 * 60 * minute }),
  namesMax: integer(4_096, { min: 16, max: 65_536 }),
  fileMaxBytes: integer(16 * 1_048_576, { min: 4_096, max: 1_073_741_824 }),
}

/** Defaults of {@link ConfigOptions}. */
export const configDefaults: ConfigOptions = defaultsOf(configRules)

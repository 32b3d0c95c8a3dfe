/** What an operator may tune of the owner log. Every table and queue of it has its bound here. */
import { defaultsOf, integer, type Rules } from '../kernel/index.ts'

/** Options of the owner log. */
export interface OwnerLogOptions {
  /** Own changes wait this long for company before they are sent. Milliseconds, 0 to 1 000. */
  readonly batchMs: number
  /** A batch of this many changes is sent at once. 1 to 256. */
  readonly batchMaxOperations: number
  /** A delta or a slice of a snapshot is cut near this size. Bytes, 1 KiB to 128 KiB. */
  readonly sliceMaxBytes: number
  /**
   * Unacknowledged bytes under way to one peer. Beyond it the log waits for the peer. Also what is
   * encoded in one turn of the event loop, some milliseconds' worth. Bytes, 64 KiB to 4 MiB.
   */
  readonly windowMaxBytes: number
  /** Longest stretch of applying peers' changes in one turn of the event loop. Milliseconds. */
  readonly applyMaxMs: number
  /** Messages of peers waiting to be applied; beyond it the newest are dropped and fetched again. */
  readonly inboundMaxMessages: number
  /** How often each peer is told what it should hold by now. Moved by up to a quarter. Milliseconds. */
  readonly digestIntervalMs: number
  /** A range asked for is not asked for again, nor a whole snapshot begun again, sooner. Milliseconds. */
  readonly fetchRetryMs: number
  /** Entries of a member that is down are kept, hidden, for this long. Milliseconds. */
  readonly purgeAfterMs: number
  /** Entries one owner may have. Own: `put` fails. A peer's: it is no longer followed. */
  readonly entriesMaxPerOwner: number
  /** Longest space name or key. Bytes of UTF-8. */
  readonly keyMaxBytes: number
  /** Largest encoded value. Bytes. */
  readonly valueMaxBytes: number
  /** Own changes kept for peers that missed some; who missed more gets a snapshot. */
  readonly historyMaxOperations: number
  /** The same bound in bytes. */
  readonly historyMaxBytes: number
  /** Distinct sequences somebody waits for in `acknowledged`; beyond it the call fails. */
  readonly waitersMax: number
}

/** The rules of {@link OwnerLogOptions}. */
export const ownerLogRules: Rules<OwnerLogOptions> = {
  batchMs: integer(5, { min: 0, max: 1_000 }),
  batchMaxOperations: integer(256, { min: 1, max: 256 }),
  sliceMaxBytes: integer(64 * 1_024, { min: 1_024, max: 128 * 1_024 }),
  windowMaxBytes: integer(256 * 1_024, { min: 64 * 1_024, max: 4 * 1_024 * 1_024 }),
  applyMaxMs: integer(4, { min: 1, max: 50 }),
  inboundMaxMessages: integer(4_096, { min: 16, max: 65_536 }),
  digestIntervalMs: integer(1_500, { min: 50, max: 60_000 }),
  fetchRetryMs: integer(400, { min: 10, max: 60_000 }),
  purgeAfterMs: integer(600_000, { min: 100, max: 86_400_000 }),
  entriesMaxPerOwner: integer(1_000_000, { min: 1, max: 10_000_000 }),
  keyMaxBytes: integer(1_024, { min: 16, max: 4_096 }),
  valueMaxBytes: integer(32 * 1_024, { min: 16, max: 64 * 1_024 }),
  historyMaxOperations: integer(65_536, { min: 1, max: 1_048_576 }),
  historyMaxBytes: integer(8 * 1_024 * 1_024, { min: 1_024, max: 256 * 1_024 * 1_024 }),
  waitersMax: integer(65_536, { min: 1, max: 1_048_576 }),
}

/** The defaults of {@link OwnerLogOptions}. */
export const ownerLogDefaults: OwnerLogOptions = defaultsOf(ownerLogRules)

/** What an operator may tune of the versioned map. Every table and queue of it has its bound here. */
import { defaultsOf, integer, type Rules } from '../../kernel/index.ts'

/** Options of the versioned map. */
export interface VersionedMapOptions {
  /** Changes wait this long for company before they are sent. Milliseconds, 0 to 1 000. */
  readonly batchMs: number
  /** A batch is cut near this size. Bytes, 1 KiB to 128 KiB. */
  readonly batchMaxBytes: number
  /** Bytes sent to one peer that it has not acknowledged; beyond it records wait. */
  readonly windowMaxBytes: number
  /** How often peers compare what they hold. Moved by up to a quarter. Milliseconds. */
  readonly digestIntervalMs: number
  /** A batch that was not acknowledged for this long is sent again. Milliseconds. */
  readonly resendAfterMs: number
  /** A bucket that changed within this time is mostly not compared: the change may be on its way. */
  readonly settleMs: number
  /** A deletion is remembered at least this long, and until every member knows of it. Milliseconds. */
  readonly tombstoneKeepMs: number
  /** A member that is away this long is no longer waited for. As long as it is dialled. Milliseconds. */
  readonly forgetMemberAfterMs: number
  /** Records, deletions included. Beyond it `put` fails, and new keys of peers are refused. */
  readonly recordsMax: number
  /** Deletions remembered; beyond it the oldest is forgotten early. */
  readonly tombstonesMax: number
  /** Longest space name or key. Bytes of UTF-8. */
  readonly keyMaxBytes: number
  /** Largest encoded value. Bytes. */
  readonly valueMaxBytes: number
  /** Calls that wait in `acknowledged`; beyond it the call fails. */
  readonly waitersMax: number
}

/** The rules of {@link VersionedMapOptions}. */
export const versionedMapRules: Rules<VersionedMapOptions> = {
  batchMs: integer(5, { min: 0, max: 1_000 }),
  batchMaxBytes: integer(64 * 1_024, { min: 1_024, max: 128 * 1_024 }),
  windowMaxBytes: integer(256 * 1_024, { min: 64 * 1_024, max: 4 * 1_024 * 1_024 }),
  digestIntervalMs: integer(10_000, { min: 50, max: 600_000 }),
  resendAfterMs: integer(5_000, { min: 50, max: 600_000 }),
  settleMs: integer(1_000, { min: 0, max: 60_000 }),
  tombstoneKeepMs: integer(3_600_000, { min: 0, max: 2_592_000_000 }),
  forgetMemberAfterMs: integer(86_400_000, { min: 0, max: 2_592_000_000 }),
  recordsMax: integer(262_144, { min: 16, max: 4_194_304 }),
  tombstonesMax: integer(65_536, { min: 1, max: 4_194_304 }),
  keyMaxBytes: integer(1_024, { min: 16, max: 4_096 }),
  valueMaxBytes: integer(32 * 1_024, { min: 16, max: 64 * 1_024 }),
  waitersMax: integer(65_536, { min: 1, max: 1_048_576 }),
}

/** The defaults of {@link VersionedMapOptions}. */
export const versionedMapDefaults: VersionedMapOptions = defaultsOf(versionedMapRules)

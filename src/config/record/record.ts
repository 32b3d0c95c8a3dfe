/**
 * What the versioned map holds of a setting: its value, which verb wrote it, and after which versions,
 * so that a write that did not know of another can be told from one that followed it.
 */
import type { Version, VersionBase } from '../../replication/index.ts'
import {
  array,
  integer,
  object,
  oneOfWords,
  optionalOf,
  string,
  unknownValue,
  type Shape,
} from '../../wire/index.ts'

/** A setting as it is written. */
export interface SettingRecord {
  readonly value: unknown
  readonly verb: 'set' | 'commit'
  /** The transaction that wrote it. */
  readonly txid?: string
  /** Versions it was written after, latest first; see {@link versionId}. */
  readonly after: readonly string[]
}

/** Earlier versions a record remembers. */
const lineageMax = 8
const textMaxBytes = 512

/** Shape of a {@link SettingRecord}. */
export const settingRecord: Shape<SettingRecord> = object({
  value: unknownValue(),
  verb: oneOfWords(['set', 'commit']),
  txid: optionalOf(string(textMaxBytes)),
  after: array(string(textMaxBytes), lineageMax),
}) as Shape<SettingRecord>

/** Shape of a version. */
export const versionShape: Shape<Version> = object({
  wallMs: integer(0),
  counter: integer(0),
  writer: string(255),
  hash: string(64),
})

/** A version as text, without its content: who wrote, and when. */
export function versionId({ wallMs, counter, writer }: VersionBase): string {
  return `${String(wallMs)}.${String(counter)}.${writer}`
}

/** What the next record at a place remembers. */
export function lineageAfter(
  former: { readonly record: SettingRecord; readonly version: Version } | undefined,
): readonly string[] {
  if (!former) return []
  return [versionId(former.version), ...former.record.after].slice(0, lineageMax)
}

/**
 * True when the winner was written without knowledge of the loser. A winner that followed more
 * versions than it remembers counts as having known it.
 */
export function isConcurrent(
  loser: { readonly record: SettingRecord; readonly version: Version },
  winner: SettingRecord,
): boolean {
  if (winner.after.includes(versionId(loser.version))) return false
  // When they share an ancestor the winner's line would have the loser in it, had it known it.
  const common = loser.record.after.find((version) => winner.after.includes(version))
  return common !== undefined || winner.after.length < lineageMax
}

/**
 * Versions: which of two records of the same key is the newer one. A pure total order, so that every
 * node that has seen the same records keeps the same one, in whatever order they came.
 * @source hybrid logical clocks: Kulkarni, Demirbas and others, 2014.
 */

/** A moment of a hybrid logical clock. */
export interface Stamp {
  /** Milliseconds since 1970: the wall clock, or the latest stamp seen when that was ahead of it. */
  readonly wallMs: number
  /** Counts the stamps within one `wallMs`. */
  readonly counter: number
}

/** Who wrote a record, and when. */
export interface VersionBase extends Stamp {
  /** Name of the node. */
  readonly writer: string
}

/** The version of a record. */
export interface Version extends VersionBase {
  /** Of the encoded value, 16 hexadecimal digits; empty for a deletion. Decides only between equals. */
  readonly hash: string
}

/** Most stamps within one millisecond before the millisecond itself is moved on. */
export const counterMax: number = 2 ** 31

/** Negative when `a` is earlier, positive when it is later, 0 when both are the same moment. */
export function compareStamps(a: Stamp, b: Stamp): number {
  return a.wallMs - b.wallMs || a.counter - b.counter
}

/**
 * Negative when `a` is older, positive when it is newer; 0 only for the same record. The content
 * comes last: a writer that starts again with its clock set back may use a stamp a second time.
 */
export function compareVersions(a: Version, b: Version): number {
  return compareStamps(a, b) || compareTexts(a.writer, b.writer) || compareTexts(a.hash, b.hash)
}

/** The next stamp: later than `last`, and not earlier than `wallMs`. */
export function nextStamp(last: Stamp, wallMs: number): Stamp {
  if (wallMs > last.wallMs) return { wallMs, counter: 0 }
  if (last.counter + 1 >= counterMax) return { wallMs: last.wallMs + 1, counter: 0 }
  return { wallMs: last.wallMs, counter: last.counter + 1 }
}

/** The version as text: equal for equal versions. */
export function versionText({ wallMs, counter, writer, hash }: Version): string {
  return `${String(wallMs)}.${String(counter)}.${hash}.${writer}`
}

/** By UTF-16 code unit: the same on every machine, whatever its language. */
function compareTexts(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

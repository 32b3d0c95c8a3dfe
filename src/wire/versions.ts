/**
 * Which version of the protocol two nodes speak with each other: the highest that both know. Pure;
 * every engine decides by this.
 */

/** The versions one build speaks: every one from `lowest` to `highest`. */
export interface VersionRange {
  readonly lowest: number
  readonly highest: number
}

/** Versions of the protocol this build speaks. What may change them: `docs/operations.md`. */
export const protocolVersions: VersionRange = { lowest: 1, highest: 1 }

/** The highest version both ranges hold; undefined when they do not overlap. */
export function commonVersion(mine: VersionRange, theirs: VersionRange): number | undefined {
  const highest = Math.min(mine.highest, theirs.highest)
  return highest >= Math.max(mine.lowest, theirs.lowest) ? highest : undefined
}

/** A node as a party to that decision. */
export interface Speaker {
  readonly name: string
  readonly protocol: VersionRange
}

/** The sentence for two nodes without a {@link commonVersion}: who speaks what, and whom to update. */
export function noCommonVersion(one: Speaker, other: Speaker): string {
  const [older, newer] = one.protocol.highest < other.protocol.lowest ? [one, other] : [other, one]
  return (
    `Node "${older.name}" speaks protocol ${rangeText(older.protocol)} and node "${newer.name}" ` +
    `${rangeText(newer.protocol)}: they share no version; update "${older.name}"`
  )
}

function rangeText({ lowest, highest }: VersionRange): string {
  return lowest === highest ? String(lowest) : `${String(lowest)} to ${String(highest)}`
}

/** The few statistics the tables need. Pure. */

/**
 * A value below which `share` of the samples lie (nearest rank).
 *
 * @param {readonly number[]} samples
 * @param {number} share 0 to 1
 * @returns {number} NaN when there are no samples
 */
export function percentile(samples, share) {
  if (samples.length === 0) return Number.NaN
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
}

/** @param {readonly number[]} samples */
export function median(samples) {
  if (samples.length === 0) return Number.NaN
  const sorted = [...samples].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/**
 * Median with the smallest and the largest.
 *
 * @param {readonly number[]} samples
 * @returns {{ median: number, min: number, max: number, samples: readonly number[] }}
 */
export function spread(samples) {
  return { median: median(samples), min: Math.min(...samples), max: Math.max(...samples), samples }
}

/**
 * Ratios of two series round by round, so that a slow moment of the machine hits both sides.
 *
 * @param {readonly number[]} ours
 * @param {readonly number[]} theirs
 */
export function pairedRatios(ours, theirs) {
  return ours.slice(0, theirs.length).map((value, round) => value / theirs[round])
}

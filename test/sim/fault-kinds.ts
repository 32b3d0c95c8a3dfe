/** The kinds of fault a scenario has. */

/** Kinds of fault. */
export const faultKinds = [
  'delay',
  'clog',
  'swizzle-clog',
  'one-way-cut',
  'cut',
  'split',
  'ring',
  'bridge',
  'isolate-one',
  'kill',
  'leave',
  'pause',
  'wall-jump',
  'reset',
  'reset-class',
] as const
/** One of {@link faultKinds}. */
export type FaultKind = (typeof faultKinds)[number]

/** What a suite that lets every kind strike must have met. */
export const everyFault: readonly string[] = faultKinds.map((kind) => `fault ${kind}`)

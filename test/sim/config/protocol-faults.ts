/** Faults at single messages of the commit protocol, and the world they are given to. */

/**
 * What happens at one message. `-first`: before it was sent, or received; `-then`: after; `-last`: after
 * all that the sender does in the same moment, its own part included.
 */
export const faults = [
  'drop',
  'duplicate',
  'late',
  'kill-sender-first',
  'kill-sender-then',
  'kill-sender-last',
  'kill-receiver-first',
  'kill-receiver-then',
] as const
/** One of {@link faults}. */
export type Fault = (typeof faults)[number]

/** What a world is made of. */
export interface ProtocolWorldOptions {
  readonly seed: number
  /** Whether nodes have a file that outlives them. */
  readonly isDurable: boolean
  /** The fault at each message, by the order of sending. */
  readonly faults: ReadonlyMap<number, Fault>
  /** A killed node begins its next life after this; never without it. */
  readonly rebirthMs?: number | undefined
}

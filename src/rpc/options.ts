/** The options of rpc: deadlines and bounds. */
import { defaultsOf, integer, type Rules } from '../kernel/index.ts'

/** Longest deadline of a call in milliseconds: what a timer of the platform can hold. */
export const rpcTimeoutMaxMs = 2_147_483_647

/** Bounds of {@link Rpc}. Overflow policy of every one of them: refuse with `FND_LIMIT_REACHED`. */
export interface RpcOptions {
  /** Deadline of a call that names none, in milliseconds. 1 to 2^31-1. */
  readonly timeoutMs: number
  /** Calls to one node without a reply yet. 1 to 1 000 000. */
  readonly maxPending: number
  /** Bytes of requests to one node without a reply yet; half of what a link queues. 1 KiB to 1 GiB. */
  readonly maxPendingBytes: number
  /** Calls of other nodes this node works on at once. 1 to 1 000 000. */
  readonly maxInbound: number
  /**
   * Largest request or reply in bytes; beyond it `FND_MESSAGE_TOO_LARGE`. 1 KiB to 256 KiB: calls share
   * the control class with failure detection, so large data travels by pubsub on `bulk`.
   */
  readonly messageMaxBytes: number
  /** How long a node that stops waits for the calls it works on. 0 to 600 000 milliseconds. */
  readonly drainTimeoutMs: number
}

/** How each of {@link RpcOptions} is checked. */
export const rpcRules: Rules<RpcOptions> = {
  timeoutMs: integer(5_000, { min: 1, max: rpcTimeoutMaxMs }),
  maxPending: integer(4_096, { min: 1, max: 1_000_000 }),
  maxPendingBytes: integer(4 * 1_048_576, { min: 1_024, max: 1_073_741_824 }),
  maxInbound: integer(4_096, { min: 1, max: 1_000_000 }),
  messageMaxBytes: integer(262_144, { min: 1_024, max: 262_144 }),
  drainTimeoutMs: integer(1_000, { min: 0, max: 600_000 }),
}

/** Defaults of {@link RpcOptions}. */
export const rpcDefaults: RpcOptions = defaultsOf(rpcRules)

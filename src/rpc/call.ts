/** A call as whoever makes it gives it: what it takes, what is checked before it is sent, what comes of it. */
import {
  checkGiven,
  invalid,
  listOf,
  stringCheck,
  waitChecks,
  type GivenChecks,
} from '../kernel/index.ts'
import { rpcTimeoutMaxMs } from './options.ts'
import { handlerNameMaxBytes } from './rpc-frames.ts'

/** What every call takes. */
export interface CallOptions {
  /** Give up after this many milliseconds. 1 to 2^31-1; the default is an option of the part. */
  readonly timeoutMs?: number | undefined
  /** Abort tells the handler, and rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined
}

/** What {@link Rpc.multicall} takes. */
export interface MulticallOptions extends CallOptions {
  /** Asked at the same time; a name given twice is asked once. Default: every live member, this node too. */
  readonly nodes?: readonly string[] | undefined
}

const callChecks: GivenChecks<CallOptions> = waitChecks
const multicallChecks: GivenChecks<MulticallOptions> = { ...waitChecks, nodes: listOf(stringCheck) }

/** @throws {FoundationError} `FND_OPTION_INVALID` */
export function checkCallOptions(options: CallOptions, method: string): void {
  checkGiven(callChecks, options, method)
}

/** @throws {FoundationError} `FND_OPTION_INVALID` */
export function checkMulticallOptions(options: MulticallOptions): void {
  checkGiven(multicallChecks, options, 'multicall')
}

/** What became of a call on one node. */
export type CallOutcome<T> =
  { readonly node: string; readonly value: T } | { readonly node: string; readonly error: Error }

/** A call that may be made. */
export interface CallOrder {
  readonly name: string
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

/**
 * What somebody asks for, checked.
 *
 * @param timeoutMs of a call that names none.
 * @throws {FoundationError} `FND_OPTION_INVALID`; the signal's reason when it has aborted.
 */
export function orderOf(name: string, options: CallOptions, timeoutMs: number): CallOrder {
  const { signal } = options
  signal?.throwIfAborted()
  checkHandlerName(name)
  const wholeMs = Math.ceil(options.timeoutMs ?? timeoutMs)
  if (!(wholeMs >= 1 && wholeMs <= rpcTimeoutMaxMs)) {
    throw invalid('timeoutMs', `expected 1 to ${String(rpcTimeoutMaxMs)}`, options.timeoutMs)
  }
  return { name, timeoutMs: wholeMs, signal }
}

/** @throws {FoundationError} `FND_OPTION_INVALID`: it does not fit in a request, or is no text. */
export function checkHandlerName(name: string): void {
  const bytes = typeof name === 'string' ? Buffer.byteLength(name) : 0
  if (bytes >= 1 && bytes <= handlerNameMaxBytes) return
  const problem = `expected text of 1 to ${String(handlerNameMaxBytes)} bytes`
  throw invalid('name of an rpc handler', problem, name)
}

/**
 * The hooks around a topology, with libcluster's contract, called so that nothing they do can hurt:
 * a throw, a rejection, junk or silence is a failure with a reason.
 */
import { isFoundationError, toError, within, type Host } from '../kernel/index.ts'
import type { PeerHint } from './port/port.ts'

/** `false`: it could not be done. `'ignored'`: this node takes no part in the network. */
export type HookResult = boolean | 'ignored'

/**
 * What a hook gives, at once or later. `async () => 'ignored'` is a promise of any `string` to
 * TypeScript, so that is let through; every other word counts as a failure when it comes.
 */
export type HookAnswer = HookResult | Promise<HookResult> | Promise<string>

/** What a connect hook may want to know beside the node's name. */
export interface ConnectTarget {
  /** "host:port" to try. */
  readonly address: string
  readonly hint: PeerHint
  readonly topology: string
}

/** A user's own way to connect, disconnect and list. */
export interface Hooks {
  /** `node` is the node's name when known, else its address. */
  readonly connect?: (node: string, target: ConnectTarget) => HookAnswer
  /** Instead of closing the link, when a node is pruned. */
  readonly disconnect?: (node: string, topology: string) => HookAnswer
  /** Names (or addresses) of the nodes that are connected. */
  readonly listNodes?: () => readonly string[] | Promise<readonly string[]>
}

/** How a hook ended. `reason` is a word for telemetry, `detail` a sentence for people. */
export type HookOutcome =
  | { readonly ok: true; readonly value: HookResult }
  | { readonly ok: false; readonly reason: string; readonly detail: string }

/** Calls a connect or disconnect hook. Never throws. */
export async function callHook(
  host: Host,
  run: () => unknown,
  { what, timeoutMs, signal }: { what: string; timeoutMs: number; signal: AbortSignal },
): Promise<HookOutcome> {
  try {
    const work = promised(run)
    const value = await within(host, work, { what, timeoutMs, signal })
    if (value === true || value === false || value === 'ignored') return { ok: true, value }
    return {
      ok: false,
      reason: 'invalid',
      detail: `${what} gave neither true, false nor "ignored"`,
    }
  } catch (thrown) {
    return { ok: false, reason: reasonOf(thrown), detail: toError(thrown).message }
  }
}

/** Calls a list hook. @returns undefined when it failed: nothing is known. */
export async function callListHook(
  host: Host,
  list: () => readonly string[] | Promise<readonly string[]>,
  limits: { timeoutMs: number; signal: AbortSignal },
): Promise<ReadonlySet<string> | undefined> {
  try {
    const work = promised(list)
    const names = await within(host, work, { what: 'listNodes', ...limits })
    if (!Array.isArray(names)) return undefined
    return new Set(names.filter((name) => typeof name === 'string'))
  } catch {
    return undefined // An unknown list: the caller acts on nothing this round.
  }
}

/** A throw becomes a rejection. */
function promised(run: () => unknown): Promise<unknown> {
  return new Promise((resolve) => {
    resolve(run())
  })
}

function reasonOf(thrown: unknown): string {
  if (!isFoundationError(thrown)) return 'error'
  const reason = thrown.details?.reason
  if (typeof reason === 'string') return reason
  return thrown.code === 'FND_TIMED_OUT' ? 'timeout' : thrown.code
}

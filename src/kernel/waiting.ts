/** Waiting with a deadline and a signal: the one way every public async call ends early. */
import { FoundationError } from './errors.ts'
import type { Host } from './host.ts'

/** What every public async call takes. */
export interface WaitOptions {
  /** Give up after this many milliseconds with `FND_TIMED_OUT`. */
  readonly timeoutMs?: number
  /** Abort rethrows `signal.reason` untouched. */
  readonly signal?: AbortSignal
}

/** A promise with its two handles, for code that settles it elsewhere. */
export interface Deferred<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (reason: unknown) => void
}

/** Node 20 has no `Promise.withResolvers`. */
export function deferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void
  let reject!: (reason: unknown) => void
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue
    reject = onError
  })
  return { promise, resolve, reject }
}

/**
 * Settles as `work` does, unless the deadline or the signal comes first. Does not stop `work`.
 *
 * @param what names the thing waited for, for the message: `ready() of node "a"`; `hint` is asked at
 *   the deadline how things stand then, and what to do.
 * @throws {FoundationError} `FND_TIMED_OUT`
 */
export async function within<T>(
  host: Host,
  work: Promise<T>,
  { what, timeoutMs, signal, hint }: WaitOptions & { what: string; hint?: () => string },
): Promise<T> {
  if (timeoutMs === undefined && signal === undefined) return work
  if (signal?.aborted) {
    // The work began before we were called, and nobody else waits for it.
    work.catch(() => undefined)
    throw signal.reason
  }
  const early = deferred<never>()
  const onAbort = (): void => {
    early.reject(signal?.reason)
  }
  signal?.addEventListener('abort', onAbort, { once: true })
  const timer =
    timeoutMs === undefined
      ? undefined
      : host.after(timeoutMs, () => {
          early.reject(
            new FoundationError(
              'FND_TIMED_OUT',
              `${what} took longer than ${String(timeoutMs)} ms${hint ? `; ${hint()}` : ''}`,
            ),
          )
        })
  try {
    return await Promise.race([work, early.promise])
  } finally {
    timer?.cancel()
    signal?.removeEventListener('abort', onAbort)
  }
}

/**
 * Asks a poll strategy again and again: no overlap, a timeout, jitter, backoff after failures.
 * What the answers mean is decided by the topology; this is only the rhythm.
 */
import {
  FoundationError,
  sleep,
  toError,
  within,
  type Host,
  type Lifecycle,
} from '../kernel/index.ts'
import { backoffMs } from './backoff.ts'
import { checkLookup, type CheckedLookup } from './hints.ts'

/** The rhythm of a {@link PollLoop}. */
export interface PollRhythm {
  /** Between two lookups, moved by up to 20 %. */
  readonly pollIntervalMs: number
  readonly lookupTimeoutMs: number
  /** Longest wait after failures in a row; the interval doubles up to it. */
  readonly backoffMaxMs: number
}

/** What a {@link PollLoop} talks to. */
export interface PollLoopDeps {
  readonly host: Host
  /** For messages: `"lan" (dns)`. */
  readonly what: string
  /** One lookup. Anything it returns or throws is handled. */
  readonly lookup: (signal: AbortSignal) => Promise<unknown>
  readonly succeeded: (result: CheckedLookup, durationMs: number) => void | Promise<void>
  readonly failed: (error: FoundationError, durationMs: number) => void
}

/** The loop of one poll strategy. */
export class PollLoop implements Lifecycle {
  readonly #deps: PollLoopDeps
  readonly #rhythm: PollRhythm
  readonly #stopping = new AbortController()
  #running: Promise<void> | undefined
  #pause = new AbortController()
  #nextMs: number | undefined

  constructor(deps: PollLoopDeps, rhythm: PollRhythm) {
    this.#deps = deps
    this.#rhythm = rhythm
  }

  /** Milliseconds until the next lookup; undefined while one runs. */
  get nextPollInMs(): number | undefined {
    if (this.#nextMs === undefined) return undefined
    return Math.max(0, Math.round(this.#nextMs - this.#deps.host.nowMs()))
  }

  start(): void {
    this.#running ??= this.#run(this.#stopping.signal)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#pause.abort()
    await this.#running
  }

  /** Looks up now, or once more right after the lookup that is running. */
  refresh(): void {
    this.#pause.abort()
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { host } = this.#deps
    for (let failures = 0; !signal.aborted;) {
      this.#pause = new AbortController()
      const isGood = await this.#lookOnce(signal)
      failures = isGood ? 0 : failures + 1
      const { pollIntervalMs: minMs, backoffMaxMs: maxMs } = this.#rhythm
      const delayMs = backoffMs(failures, { minMs, maxMs }, host.random())
      this.#nextMs = host.nowMs() + delayMs
      await sleep(host, delayMs, this.#pause.signal) // `stop` aborts this pause as well.
      this.#nextMs = undefined
    }
  }

  async #lookOnce(signal: AbortSignal): Promise<boolean> {
    const { host, failed, succeeded } = this.#deps
    const startedMs = host.nowMs()
    const outcome = await this.#lookup(signal)
    if (signal.aborted) return true
    const durationMs = host.nowMs() - startedMs
    if (outcome instanceof FoundationError) failed(outcome, durationMs)
    else await succeeded(outcome, durationMs)
    return !(outcome instanceof FoundationError)
  }

  async #lookup(signal: AbortSignal): Promise<CheckedLookup | FoundationError> {
    const { host, what, lookup } = this.#deps
    const attempt = new AbortController()
    const timeoutMs = this.#rhythm.lookupTimeoutMs
    try {
      const work = (async () => lookup(attempt.signal))()
      const given = await within(host, work, { what: `Lookup of ${what}`, timeoutMs, signal })
      const checked = checkLookup(given)
      if (checked) return checked
      return failure(what, new TypeError('lookup() must give { peers: [...], complete }'))
    } catch (error) {
      return failure(what, toError(error))
    } finally {
      attempt.abort()
    }
  }
}

function failure(what: string, cause: Error): FoundationError {
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name
  const message = `Discovery ${what} failed: ${cause.message}`
  return new FoundationError('FND_DISCOVERY_FAILED', message, { cause, details: { code } })
}

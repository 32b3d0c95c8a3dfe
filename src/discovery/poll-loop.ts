/**
 * Asks a poll strategy again and again: no overlap, a timeout, jitter, backoff after failures.
 * What the answers mean is decided by the topology; this is only the rhythm.
 */
import { FoundationError, toError, within, type Host, type Lifecycle } from '../kernel/index.ts'
import { backoffMs } from './port/backoff.ts'
import { checkLookup, type CheckedLookup } from './hints.ts'
import type { SlackTimers } from './slack-timers.ts'

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
  /** Shared by all topologies of a node. */
  readonly timers: SlackTimers
  /** For messages: `"lan" (dns)`. */
  readonly what: string
  /** One lookup. Anything it returns or throws is handled. */
  readonly lookup: (signal: AbortSignal) => Promise<unknown>
  readonly succeeded: (result: CheckedLookup, durationMs: number) => void | Promise<void>
  readonly failed: (error: FoundationError, durationMs: number) => void
}

/**
 * The pause may end a twelfth early, together with another topology's. Chance only moves its end over
 * the upper three quarters of the 20 % either way, so that with the slack it is never below them.
 */
const slackRatio = 1 / 12
const latestMin = 0.25

/** What a loop is at: a lookup, one that was asked to be followed by another, or a pause. */
type Doing = 'looking' | 'looking-twice' | { readonly endPause: () => void }

/** The loop of one poll strategy. */
export class PollLoop implements Lifecycle {
  readonly #deps: PollLoopDeps
  readonly #rhythm: PollRhythm
  readonly #stopping = new AbortController()
  #running: Promise<void> | undefined
  #doing: Doing = 'looking'
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
    this.refresh()
    await this.#running
  }

  /** Looks up now, or once more right after the lookup that is running. */
  refresh(): void {
    if (typeof this.#doing === 'object') this.#doing.endPause()
    else this.#doing = 'looking-twice'
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { host } = this.#deps
    for (let failures = 0; !signal.aborted;) {
      this.#doing = 'looking'
      const isGood = await this.#lookOnce(signal)
      failures = isGood ? 0 : failures + 1
      const { pollIntervalMs: minMs, backoffMaxMs: maxMs } = this.#rhythm
      const chance = latestMin + (1 - latestMin) * host.random()
      const delayMs = backoffMs(failures, { minMs, maxMs }, chance)
      await this.#pause(delayMs)
    }
  }

  async #pause(delayMs: number): Promise<void> {
    if (this.#doing === 'looking-twice') return
    const { host, timers } = this.#deps
    this.#nextMs = host.nowMs() + delayMs
    await new Promise<void>((resolve) => {
      const timer = timers.after({ delayMs, slackMs: delayMs * slackRatio }, resolve)
      const endPause = (): void => {
        timer.cancel()
        resolve()
      }
      this.#doing = { endPause }
    })
    this.#nextMs = undefined
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
      attempt.abort(lookupOver)
    }
  }
}

/** Made once: a reason of its own for every lookup, with a stack, costs more than what is looked up. */
const lookupOver = new DOMException('The lookup is over', 'AbortError')

/** The word for a failure that people look for, and that says whether it is still the same one. */
export function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}

function failure(what: string, cause: Error): FoundationError {
  const code = codeOf(cause)
  const message = `Discovery ${what} failed: ${cause.message}`
  return new FoundationError('FND_DISCOVERY_FAILED', message, { cause, details: { code } })
}

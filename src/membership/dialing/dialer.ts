/**
 * Makes the dials a {@link DialPlan} asks for, some at a time, each with a deadline. Owns the dials
 * under way and nothing else; what a dial means is decided by its owner.
 */
import {
  deferred,
  FoundationError,
  isFoundationError,
  sleep,
  toError,
  type Deferred,
  type Host,
  type Log,
  type Telemetry,
} from '../../kernel/index.ts'
import type { DialFailure, NodeIdentity, Transport } from '../../transport/index.ts'
import type { DialPlan } from './dial-plan.ts'
import { provesGone, type DialAttempt, type DialTarget } from './dial-target.ts'

/** What a dialer talks to. */
export interface DialerDeps {
  readonly transport: Pick<Transport, 'dial'>
  readonly host: Host
  readonly log: Log
  readonly telemetry: Telemetry
  readonly plan: DialPlan
  readonly news: DialNews
}

/** What a dialer tells its owner. */
export interface DialNews {
  /** A link to the node there is up (`linkUp` came before). */
  reached(peer: NodeIdentity, address: string): void
  /** No link; the owner knows the reason best in `FND_DIAL_FAILED` and its like. */
  failed(address: string, reason: DialFailure, error: FoundationError): void
  /** The process of the member is proven to be gone. */
  gone(name: string): void
  /** The member said that it is about to stop. */
  leaving(name: string): void
  /** The member lives and does not want this node. */
  rejected(name: string): void
}

/** What a dial by hand takes. */
export interface ConnectOptions {
  /** Who asks, for `Member.provenance`. Default `by hand`. */
  readonly provenance?: string
  readonly signal?: AbortSignal
  /** Default `dialTimeoutMs`. */
  readonly timeoutMs?: number
}

/** Options a dialer needs. */
export interface DialerOptions {
  readonly dialTimeoutMs: number
  readonly dialsMaxParallel: number
}

const repeatLogMs = 60_000
/** A process that ends closes its links before its listener: what it then resets is tried again so soon. */
const afterResetMs = [25, 75, 200] as const

/** One a node. */
export class Dialer {
  readonly #deps: DialerDeps
  readonly #options: DialerOptions
  readonly #stopping = new AbortController()
  readonly #running = new Set<Promise<void>>()
  /** When a failed address was last logged, and with what reason. Lives as long as its target. */
  readonly #logged = new Map<string, { readonly reason: string; readonly atMs: number }>()

  constructor(deps: DialerDeps, options: DialerOptions) {
    this.#deps = deps
    this.#options = options
  }

  /** Begins the dials that are due. */
  pump(): void {
    if (this.#stopping.signal.aborted) return
    const { plan, host } = this.#deps
    const room = this.#options.dialsMaxParallel - this.#running.size
    for (const target of plan.take(room, host.nowMs())) {
      const work = this.#attempt(target).finally(() => {
        this.#running.delete(work)
        this.pump()
      })
      this.#running.add(work)
    }
  }

  /** Gives up every dial, and begins none any more. */
  async stop(): Promise<void> {
    this.#stopping.abort(
      new FoundationError('FND_NOT_RUNNING', 'The node stops: dials are given up'),
    )
    await Promise.allSettled(this.#running)
  }

  /**
   * One dial with a deadline.
   *
   * @throws {FoundationError} with `details.reason`; `signal.reason` when the caller aborted.
   */
  async dial(
    address: string,
    { timeoutMs = this.#options.dialTimeoutMs, signal }: ConnectOptions = {},
  ): Promise<NodeIdentity> {
    const startedAtMs = this.#deps.host.nowMs()
    const { telemetry, host, news } = this.#deps
    try {
      const dial = (): Promise<NodeIdentity> => this.#dialUntil(address, timeoutMs, signal)
      const peer = await telemetry.span('membership.dial', () => ({ address }), dial)
      const durationMs = host.nowMs() - startedAtMs
      telemetry.execute('membership.dial.done', { durationMs }, () => ({ address }))
      news.reached(peer, address)
      return peer
    } catch (thrown) {
      if (signal?.aborted) throw signal.reason
      if (this.#stopping.signal.aborted) throw this.#stopping.signal.reason
      const error = asDialError(thrown, address)
      const reason = reasonOf(error)
      const durationMs = host.nowMs() - startedAtMs
      telemetry.execute('membership.dial.failed', { durationMs }, () => ({ address, reason }))
      news.failed(address, reason, error)
      throw error
    }
  }

  async #attempt(target: DialTarget): Promise<void> {
    const attempts: DialAttempt[] = []
    for (const address of target.addresses) {
      if (!this.#isWanted(target)) return
      const reason = await this.#tryUntilClear(target, address)
      if (reason === 'linked') break
      attempts.push({ address, reason })
      if (reason === 'leaving' || provesGone(target, attempts)) break
    }
    if (this.#isWanted(target)) this.#conclude(target, attempts)
  }

  /** Just after a link was lost: a reset dial is followed by a refused one if the process is gone. */
  async #tryUntilClear(target: DialTarget, address: string): Promise<string> {
    let reason = await this.#tryAddress(target, address)
    const wasLinked = target.trustedHost !== undefined && target.failures === 0
    for (const waitMs of wasLinked ? afterResetMs : []) {
      if (reason !== 'broken') break
      await sleep(this.#deps.host, waitMs, this.#stopping.signal)
      if (this.#isWanted(target)) reason = await this.#tryAddress(target, address)
    }
    return reason
  }

  /** No longer when the peer has dialled us meanwhile, or was dropped. */
  #isWanted(target: DialTarget): boolean {
    const isDialing = this.#deps.plan.get(target.key)?.state === 'dialing'
    return isDialing && !this.#stopping.signal.aborted
  }

  #conclude(target: DialTarget, attempts: readonly DialAttempt[]): void {
    const { plan, host, news } = this.#deps
    const reason = attempts.at(-1)?.reason ?? 'broken'
    plan.failed(target.key, reason, { nowMs: host.nowMs(), chance: host.random() })
    if (target.name === undefined) return
    for (const attempt of attempts) {
      if (attempt.reason === 'other-node') plan.lostAddress(target.key, attempt.address)
    }
    if (reason === 'leaving') news.leaving(target.name)
    else if (reason === 'rejected') news.rejected(target.name)
    else if (provesGone(target, attempts)) news.gone(target.name)
  }

  async #tryAddress(target: DialTarget, address: string): Promise<string> {
    try {
      const peer = await this.dial(address)
      this.#logged.delete(address)
      if (target.name !== undefined && peer.name !== target.name) return 'other-node'
      this.#deps.plan.resolved(target, peer.name)
      return 'linked'
    } catch (thrown) {
      const error = asDialError(thrown, address)
      const reason = reasonOf(error)
      if (!this.#stopping.signal.aborted) this.#logFailure(target, address, { reason, error })
      return reason
    }
  }

  /** On change, repeats at most once a minute an address. */
  #logFailure(
    target: DialTarget,
    address: string,
    { reason, error }: { reason: string; error: FoundationError },
  ): void {
    const { log, host, plan } = this.#deps
    const last = this.#logged.get(address)
    if (last?.reason === reason && host.nowMs() - last.atMs < repeatLogMs) return
    for (const known of this.#logged.keys()) {
      if (!plan.byAddress(known)) this.#logged.delete(known)
    }
    this.#logged.set(address, { reason, atMs: host.nowMs() })
    log.info({ address, member: target.name, reason, error }, 'dial failed; it will be tried again')
  }

  async #dialUntil(
    address: string,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<NodeIdentity> {
    signal?.throwIfAborted()
    const dialing = new AbortController()
    const early: Deferred<never> = deferred()
    const giveUp = (reason: unknown): void => {
      dialing.abort(reason)
      early.reject(reason)
    }
    const onStop = (): void => {
      giveUp(this.#stopping.signal.reason)
    }
    const onAbort = (): void => {
      giveUp(signal?.reason)
    }
    const timer = this.#deps.host.after(timeoutMs, () => {
      giveUp(dialFailure(address, 'timeout', `no answer within ${String(timeoutMs)} ms`))
    })
    this.#stopping.signal.addEventListener('abort', onStop, { once: true })
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      // The engine may take a while to notice the abort; the deadline holds all the same.
      return await Promise.race([this.#deps.transport.dial(address, dialing.signal), early.promise])
    } finally {
      timer.cancel()
      this.#stopping.signal.removeEventListener('abort', onStop)
      signal?.removeEventListener('abort', onAbort)
    }
  }
}

function dialFailure(address: string, reason: DialFailure, what: string): FoundationError {
  const details = { address, reason }
  return new FoundationError('FND_DIAL_FAILED', `Dial of ${address} failed: ${what}`, { details })
}

function asDialError(thrown: unknown, address: string): FoundationError {
  if (isFoundationError(thrown)) return thrown
  const details = { address, reason: 'broken' }
  const message = `Dial of ${address} failed: ${toError(thrown).message}`
  return new FoundationError('FND_DIAL_FAILED', message, {
    details,
    cause: thrown,
  })
}

function reasonOf(error: FoundationError): DialFailure {
  const reason = error.details?.['reason']
  return typeof reason === 'string' ? (reason as DialFailure) : 'broken'
}

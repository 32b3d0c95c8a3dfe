/**
 * One instance of a service class, from its constructor to its end. Knows nothing of the cluster;
 * every call into the user's class is bounded in time and may throw anything.
 */
import { FoundationError, toError, within, type Host, type Log } from '../../kernel/index.ts'
import type { ChildSpec } from '../core/child-spec.ts'
import {
  versionOf,
  type ServiceClass,
  type ServiceContext,
  type ServiceLifecycle,
  type StartReason,
  type StopReason,
} from '../core/service-class.ts'
import { packState, type PackedState } from './child-state.ts'

/** How an instance ended by itself. */
export type ChildEnd =
  { readonly kind: 'done' } | { readonly kind: 'failed'; readonly error: Error }

/** What a child is told at its start. */
export interface ChildBirth {
  readonly spec: ChildSpec
  readonly epoch: number
  readonly reason: StartReason
}

/** What a {@link LocalChild} talks to. */
export interface LocalChildDeps {
  readonly host: Host
  readonly log: Log
  readonly node: string
  readonly service: ServiceClass
  /** It said that it is done, or has failed; at most once, and not after `stop`. */
  readonly ended: (end: ChildEnd) => void
  /** One that was up is no more. */
  readonly stopped: (reason: StopReason, durationMs: number) => void
}

type State = 'new' | 'up' | 'ending' | 'ended'

/** Used for one start. */
export class LocalChild {
  readonly spec: ChildSpec
  readonly epoch: number
  readonly reason: StartReason
  readonly #deps: LocalChildDeps
  readonly #control = new AbortController()
  #state: State = 'new'
  #ending: Promise<void> | undefined
  #instance: (object & ServiceLifecycle) | undefined

  constructor(birth: ChildBirth, deps: LocalChildDeps) {
    this.spec = birth.spec
    this.epoch = birth.epoch
    this.reason = birth.reason
    this.#deps = deps
  }

  /** The instance; undefined before its constructor has run. */
  get instance(): object | undefined {
    return this.#instance
  }

  get version(): number {
    return versionOf(this.#deps.service)
  }

  /**
   * Asks it whether it may be moved now. One that cannot answer stays where it is.
   *
   * @throws {FoundationError} `FND_CHILD_PINNED`
   */
  async requireMovable(timeoutMs: number): Promise<void> {
    const { host, service } = this.#deps
    if (service.movable === false) throw this.#pinned('static movable is false')
    if (!this.#instance?.canMove) return
    const asked = new Promise((resolve) => {
      resolve(this.#instance?.canMove?.())
    })
    const what = `canMove() of child "${this.spec.id}"`
    const canMove = await within(host, asked, { what, timeoutMs }).catch((thrown: unknown) => {
      this.#warn('canMove() of a child failed: it is not moved', thrown)
      throw this.#pinned(`canMove() failed: ${toError(thrown).message}`, thrown)
    })
    if (canMove === false) throw this.#pinned('canMove() says no')
  }

  /**
   * Constructs the instance and waits for its `start`. What a late `start` leaves is stopped.
   *
   * @throws {FoundationError} `FND_CHILD_START_FAILED`: with what was thrown as `cause`.
   */
  async start(given: { readonly state?: unknown; readonly timeoutMs: number }): Promise<void> {
    const { service, host } = this.#deps
    const { id } = this.spec
    try {
      this.#instance = construct(service, this.#context())
      const started = Promise.resolve(this.#instance.start?.(given.state))
      await within(host, started, { what: `start() of child "${id}"`, timeoutMs: given.timeoutMs })
      if (this.#state === 'new') this.#state = 'up'
    } catch (thrown) {
      const error = toError(thrown)
      await this.stop('failed')
      const message = `Child "${id}" did not start on node "${this.#deps.node}": ${error.message}`
      throw new FoundationError('FND_CHILD_START_FAILED', message, { cause: error })
    }
  }

  /**
   * The state for the next node; undefined when the class has none to give. One that ends is not asked.
   *
   * @throws {FoundationError} `FND_STATE_INVALID`, `FND_CHILD_NOT_RUNNING`
   */
  async handoff(given: { maxBytes: number; timeoutMs: number }): Promise<PackedState | undefined> {
    const { id } = this.spec
    if (this.#state !== 'up') throw notRunning(id)
    const handoff = this.#instance?.handoff?.bind(this.#instance)
    if (!handoff) return undefined
    // A promise, so that what it throws at once is treated as what it rejects with.
    const exported = new Promise((resolve) => {
      resolve(handoff())
    })
    const what = `handoff() of child "${id}"`
    const state = await within(this.#deps.host, exported, { what, timeoutMs: given.timeoutMs })
    return packState(id, state, { version: this.version, maxBytes: given.maxBytes })
  }

  /** Tells it the state of one that gave way; what it throws is logged. */
  async mergeState(state: unknown): Promise<void> {
    try {
      await this.#instance?.mergeState?.(state)
    } catch (thrown) {
      this.#warn('mergeState() of a child threw', thrown)
    }
  }

  /**
   * Ends it: its calls within `shutdownMs`, then its `stop`. Idempotent, never rejects; resolves for
   * everybody who asks once it has ended.
   *
   * @param drained resolves when no call of it runs any more; waited for first.
   */
  stop(reason: StopReason, drained: Promise<void> = Promise.resolve()): Promise<void> {
    this.#ending ??= this.#stop(reason, drained)
    return this.#ending
  }

  async #stop(reason: StopReason, drained: Promise<void>): Promise<void> {
    const { host, stopped } = this.#deps
    const startedMs = host.nowMs()
    const wasUp = this.#state === 'up'
    this.#state = 'ending'
    this.#control.abort(new FoundationError('FND_NOT_RUNNING', `Child stops: ${reason}`))
    await this.#bounded('calls', () => drained)
    await this.#bounded('stop()', () => this.#instance?.stop?.(reason))
    this.#state = 'ended'
    if (wasUp) stopped(reason, host.nowMs() - startedMs)
  }

  /** Waits for a part of the end; what fails or takes too long is logged, and left alone. */
  async #bounded(what: string, work: () => unknown): Promise<void> {
    const { shutdownMs: timeoutMs, id } = this.spec
    const done = new Promise((resolve) => {
      resolve(work())
    })
    try {
      await within(this.#deps.host, done, { what: `${what} of child "${id}"`, timeoutMs })
    } catch (thrown) {
      this.#warn('a child that ends is left alone', thrown)
    }
  }

  #context(): ServiceContext {
    const { node, log } = this.#deps
    const { id, args } = this.spec
    return {
      id,
      args,
      epoch: this.epoch,
      node,
      signal: this.#control.signal,
      log: log.child({ child: id }),
      mode: 'ap',
      reason: this.reason,
      done: () => {
        this.#end({ kind: 'done' })
      },
      fail: (error) => {
        this.#end({ kind: 'failed', error: toError(error) })
      },
    }
  }

  #end(end: ChildEnd): void {
    if (this.#state === 'new' || this.#state === 'up') this.#deps.ended(end)
  }

  #pinned(problem: string, cause?: unknown): FoundationError {
    const message = `Child "${this.spec.id}" must not be moved now: ${problem}`
    return new FoundationError('FND_CHILD_PINNED', message, cause === undefined ? {} : { cause })
  }

  #warn(message: string, thrown: unknown): void {
    this.#deps.log.warn({ child: this.spec.id, error: toError(thrown) }, message)
  }
}

function notRunning(id: string): FoundationError {
  return new FoundationError(
    'FND_CHILD_NOT_RUNNING',
    `Child "${id}" ends: its state is not asked for`,
  )
}

/** What arguments the class expects is known to the user alone, who gave it and them. */
function construct(service: ServiceClass, context: ServiceContext): object & ServiceLifecycle {
  const Service = service as new (ctx: ServiceContext) => object
  return new Service(context)
}

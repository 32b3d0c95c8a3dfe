/**
 * Runs jobs in order, in stretches short enough to keep the event loop responsive. A job is a
 * generator that may be paused at every `yield`.
 */
import { toError, type Host } from '../kernel/index.ts'

/** What it talks to. */
export interface SlicedWorkDeps {
  readonly host: Host
  /** Called once at the end of every turn in which something ran. */
  readonly turnEnded: () => void
  /** A job threw; the next one follows. */
  readonly failed: (error: Error) => void
}

/** The bounds. */
export interface SlicedWorkBounds {
  readonly applyMaxMs: number
  readonly inboundMaxMessages: number
}

/** Steps between two looks at the clock. */
const stepsPerLook = 32

/** One queue of jobs. */
export class SlicedWork {
  readonly #deps: SlicedWorkDeps
  readonly #bounds: SlicedWorkBounds
  readonly #jobs: Iterator<void>[] = []
  /** `paused`: this turn's time is used up. `stopped` is final. */
  #state: 'ready' | 'running' | 'paused' | 'stopped' = 'ready'
  /** When this turn's time is used up; undefined before the first job of a turn. */
  #deadlineMs: number | undefined
  #steps = 0

  constructor(deps: SlicedWorkDeps, bounds: SlicedWorkBounds) {
    this.#deps = deps
    this.#bounds = bounds
  }

  /** @returns false when the queue is full; the job is dropped. */
  add(job: Iterator<void>): boolean {
    if (this.#state === 'stopped' || this.#jobs.length >= this.#bounds.inboundMaxMessages) {
      return false
    }
    this.#jobs.push(job)
    if (this.#state === 'ready') this.#run()
    return true
  }

  stop(): void {
    this.#state = 'stopped'
    this.#jobs.length = 0
  }

  #run(): void {
    this.#state = 'running'
    this.#beginTurn()
    while (this.#jobs[0] && this.#advance(this.#jobs[0])) this.#jobs.shift()
    if (this.#isRunning()) this.#state = this.#jobs.length > 0 ? 'paused' : 'ready'
  }

  /** A job may have called `stop`. */
  #isRunning(): boolean {
    return this.#state === 'running'
  }

  /** @returns true when the job is done, false when the time is used up. */
  #advance(job: Iterator<void>): boolean {
    try {
      while (this.#hasTime()) {
        if (job.next().done) return true
      }
      return false
    } catch (thrown) {
      this.#deps.failed(toError(thrown))
      return true
    }
  }

  #hasTime(): boolean {
    this.#steps += 1
    if (this.#steps % stepsPerLook !== 0) return true
    return this.#deps.host.nowMs() < (this.#deadlineMs ?? Infinity)
  }

  #beginTurn(): void {
    if (this.#deadlineMs !== undefined) return
    const { host } = this.#deps
    this.#deadlineMs = host.nowMs() + this.#bounds.applyMaxMs
    host.defer(() => {
      this.#endTurn()
    })
  }

  #endTurn(): void {
    this.#deadlineMs = undefined
    if (this.#state === 'stopped') return
    this.#deps.turnEnded()
    if (this.#jobs.length > 0) this.#run()
  }
}

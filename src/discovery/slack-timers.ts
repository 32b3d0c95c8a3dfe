/**
 * Timers that may go off early, together with another that is due: to wake up an idle process costs
 * more than most of what it then does.
 * @source timer slack of Linux (PR_SET_TIMERSLACK) and timer coalescing of macOS
 */
import type { Host, Timer } from '../kernel/index.ts'

/** When a timer may go off, from now. */
export interface TimerWindow {
  /** At the latest. */
  readonly delayMs: number
  /** How much earlier it may be, when the process is awake for another of these timers anyway. */
  readonly slackMs: number
}

interface Waiting {
  readonly earliestMs: number
  readonly latestMs: number
  readonly run: () => void
}

/** The timers of one node's topologies. */
export class SlackTimers {
  readonly #host: Host
  readonly #waiting = new Set<Waiting>()
  #alarm: { readonly atMs: number; readonly timer: Timer } | undefined

  constructor(host: Host) {
    this.#host = host
  }

  /** @param run must not throw. */
  after({ delayMs, slackMs }: TimerWindow, run: () => void): Timer {
    const latestMs = this.#host.nowMs() + delayMs
    const one: Waiting = { earliestMs: latestMs - slackMs, latestMs, run }
    this.#waiting.add(one)
    this.#wakeBy(latestMs)
    return {
      cancel: () => {
        this.#waiting.delete(one)
        if (this.#waiting.size === 0) this.#rest()
      },
    }
  }

  #wakeBy(atMs: number): void {
    if (this.#alarm && this.#alarm.atMs <= atMs) return
    this.#rest()
    const timer = this.#host.after(Math.max(0, atMs - this.#host.nowMs()), () => {
      this.#alarm = undefined
      this.#goOff()
    })
    this.#alarm = { atMs, timer }
  }

  #rest(): void {
    this.#alarm?.timer.cancel()
    this.#alarm = undefined
  }

  #goOff(): void {
    const nowMs = this.#host.nowMs()
    // Timers that these set are for later, whatever they ask for.
    for (const one of [...this.#waiting]) {
      if (one.earliestMs <= nowMs && this.#waiting.delete(one)) one.run()
    }
    let nextMs = Infinity
    for (const { latestMs } of this.#waiting) nextMs = Math.min(nextMs, latestMs)
    if (nextMs < Infinity) this.#wakeBy(nextMs)
  }
}

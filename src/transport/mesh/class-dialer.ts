/**
 * Makes the class connections of one link, on the side that dialled its control connection: at
 * once, and after a failure again with growing waits, until the link ends.
 */
import type { Duplex } from 'node:stream'
import { sleep, type Host } from '../../kernel/index.ts'
import type { Lane } from './lane.ts'

/** A connection whose handshake is done. */
export interface Opened {
  readonly socket: Duplex
  readonly leftover: Buffer
  /** The sequences the peer will send next, in the order of `channelClasses`. */
  readonly told: readonly number[]
  readonly generation: number
}

/** What a class dialer talks to. */
export interface ClassDialerDeps {
  readonly host: Host
  readonly redialMaxMs: number
  readonly dial: (lane: Lane, signal: AbortSignal) => Promise<Opened>
  readonly opened: (lane: Lane, opened: Opened) => void
  /** One dial failed; the next one follows by itself. */
  readonly failed: (lane: Lane) => void
}

const redialMinMs = 50
/** A connection that lived for less counts as a failed dial, or a peer that hangs up would keep us busy. */
const stableMs = 1_000

/** One a link. */
export class ClassDialer {
  readonly #deps: ClassDialerDeps
  readonly #stopping = new AbortController()
  readonly #dialing = new Set<Lane>()
  readonly #attempts = new Map<Lane, { openedAtMs: number; failures: number }>()

  constructor(deps: ClassDialerDeps) {
    this.#deps = deps
  }

  /** Dials until there is a connection; one at a time for each lane. */
  want(lane: Lane): void {
    if (this.#dialing.has(lane) || this.#stopping.signal.aborted) return
    this.#dialing.add(lane)
    void this.#dial(lane)
  }

  stop(): void {
    this.#stopping.abort()
  }

  async #dial(lane: Lane): Promise<void> {
    const { host, redialMaxMs } = this.#deps
    const { signal } = this.#stopping
    let failures = this.#failuresBefore(lane)
    let opened = failures === 0 ? await this.#dialOnce(lane) : undefined
    while (!opened && !signal.aborted) {
      failures = Math.max(1, failures)
      await sleep(host, redialDelayMs(failures, redialMaxMs, host.random()), signal)
      opened = await this.#dialOnce(lane)
      if (!opened) failures += 1
    }
    this.#dialing.delete(lane)
    if (!opened) return
    this.#attempts.set(lane, { openedAtMs: host.nowMs(), failures })
    this.#deps.opened(lane, opened)
  }

  async #dialOnce(lane: Lane): Promise<Opened | undefined> {
    const { signal } = this.#stopping
    if (signal.aborted) return undefined
    try {
      return await this.#deps.dial(lane, signal)
    } catch {
      // Read again: it may have been aborted meanwhile.
      if (!this.#stopping.signal.aborted) this.#deps.failed(lane)
      return undefined
    }
  }

  #failuresBefore(lane: Lane): number {
    const last = this.#attempts.get(lane)
    if (!last || this.#deps.host.nowMs() - last.openedAtMs >= stableMs) return 0
    return last.failures + 1
  }
}

/** The wait before a dial after `failures` ones in a row: doubled each time, half of it left to chance. Pure. */
export function redialDelayMs(failures: number, maxMs: number, chance: number): number {
  const fullMs = Math.min(maxMs, redialMinMs * 2 ** Math.min(failures - 1, 30))
  return fullMs * (0.5 + chance / 2)
}

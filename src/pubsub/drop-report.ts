/** Counts what is dropped and logs it, at most once per target in a while. */
import type { Host, Log, Telemetry } from '../kernel/index.ts'

/** What it talks to. */
export interface DropReportDeps {
  readonly host: Host
  readonly log: Log
  readonly telemetry: Telemetry
}

/** Targets remembered; beyond it all are forgotten, which at worst logs a line too many. */
const targetsMax = 1_024

/** One a node. */
export class DropReport {
  readonly #deps: DropReportDeps
  readonly #intervalMs: number
  readonly #targets = new Map<string, { sinceMs: number; count: number }>()
  #total = 0

  constructor(deps: DropReportDeps, intervalMs: number) {
    this.#deps = deps
    this.#intervalMs = intervalMs
  }

  get total(): number {
    return this.#total
  }

  /** One message for `target` ("peer b, channel telemetry") was dropped. */
  add(target: string): void {
    const { host, log, telemetry } = this.#deps
    this.#total += 1
    telemetry.execute('pubsub.message.dropped', { count: 1 }, () => ({ target }))
    const now = host.nowMs()
    const seen = this.#targets.get(target)
    if (seen && now - seen.sinceMs < this.#intervalMs) {
      seen.count += 1
      return
    }
    if (this.#targets.size >= targetsMax) this.#targets.clear()
    this.#targets.set(target, { sinceMs: now, count: 0 })
    log.warn(
      { target, dropped: (seen?.count ?? 0) + 1 },
      'messages dropped: they were published faster than they could be sent; more are not logged for a while',
    )
  }
}

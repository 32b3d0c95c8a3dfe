/** Writes troubles nobody logs where they happen: at most once a minute for each code and topic. */
import { RepeatGate, type FoundationError, type Host, type Log } from '../kernel/index.ts'

const quietMs = 60_000
const targetsMax = 1_024

/** What it needs. */
export interface TroubleLogDeps {
  readonly host: Pick<Host, 'nowMs'>
  readonly log: Log
}

/** One a node. A subscriber that throws must be seen also where nobody listens to `trouble`. */
export class TroubleLog {
  readonly #deps: TroubleLogDeps
  readonly #gate = new RepeatGate({ quietMs, keysMax: targetsMax })

  constructor(deps: TroubleLogDeps) {
    this.#deps = deps
  }

  write(error: FoundationError): void {
    const { host, log } = this.#deps
    const topic = error.details?.['topic']
    if (!this.#gate.opens(`${error.code} ${String(topic)}`, host.nowMs())) return
    const fields = { code: error.code, error, ...(topic !== undefined && { topic }) }
    log.warn(fields, 'trouble; repeats are not logged for a minute')
  }
}

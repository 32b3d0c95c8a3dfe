/**
 * Writes every trouble of a node: at most once a minute for each topic, and for each host and reason
 * that somebody there is turned away. Several parts meet the same stranger: one dials it, one hears
 * its packets, one is dialled by it.
 */
import { parseAddress } from '../discovery/index.ts'
import { RepeatGate, type FoundationError, type Host, type Log } from '../kernel/index.ts'

const quietMs = 60_000
const targetsMax = 1_024

/** What it needs. */
export interface TroubleLogDeps {
  readonly host: Pick<Host, 'nowMs'>
  readonly log: Log
}

/** One a node: it must be seen also where nobody listens to `trouble`. */
export class TroubleLog {
  readonly #deps: TroubleLogDeps
  readonly #gate = new RepeatGate({ quietMs, keysMax: targetsMax })

  constructor(deps: TroubleLogDeps) {
    this.#deps = deps
  }

  write(error: FoundationError): void {
    const { host, log } = this.#deps
    if (!this.#gate.opens(targetOf(error), host.nowMs())) return
    const { code, details, message } = error
    if (details?.['topic'] === undefined) log.warn({ code, ...details }, message)
    else {
      const { topic } = details
      log.warn({ code, error, topic }, 'trouble; repeats are not logged for a minute')
    }
  }
}

/** One word for what several parts call by names of their own. */
const sameReasons: Readonly<Record<string, string>> = {
  auth: 'secret',
  'secret-differs': 'secret',
}

function targetOf({ code, details = {} }: FoundationError): string {
  const { topic, reason, address } = details
  if (typeof reason !== 'string' || typeof address !== 'string') return `${code} ${String(topic)}`
  return `${sameReasons[reason] ?? reason} ${parseAddress(address)?.host ?? address}`
}

/**
 * Reports that somebody was turned away, or turned us away, where a person must act on it: at most
 * once a minute for each address and reason. Shared by the engines.
 */
import type { Host } from '../../kernel/index.ts'
import type { DialFailure, TransportHandlers } from './port.ts'

/** See {@link TransportHandlers.refused}. */
export type RefusalReport = Parameters<TransportHandlers['refused']>[0]

/** All other failures are everyday. */
const personMustAct: readonly string[] = [
  'auth',
  'cluster_mismatch',
  'version',
  'name_in_use',
] satisfies DialFailure[]

/** A link that was not made. */
export interface LinkFailure {
  /** Without the port for somebody who dialled us: every dial has another one. */
  readonly address: string
  readonly reason: string
  readonly message: string
  /** We dialled, and our caller gets the failure as an error. */
  readonly isOurDial?: boolean
}

const quietMs = 60_000
const remembersMax = 256

/** One a node. */
export class RefusalReports {
  readonly #host: Host
  readonly #report: (report: RefusalReport) => void
  /** Address and reason to the time of the last report, oldest first. */
  readonly #toldAtMs = new Map<string, number>()

  constructor(host: Host, report: (report: RefusalReport) => void) {
    this.#host = host
    this.#report = report
  }

  /** Takes any failure. */
  add({ isOurDial = false, ...failure }: LinkFailure): void {
    if (!isForPeople(failure)) return
    // Who dials under a name in use is told so by every node it dials, and says it once itself.
    if (isOurDial && failure.reason === 'name_in_use') return
    this.#tellOnce(failure)
  }

  #tellOnce(report: RefusalReport): void {
    const key = `${report.reason} ${report.address}`
    const nowMs = this.#host.nowMs()
    const toldAtMs = this.#toldAtMs.get(key)
    if (toldAtMs !== undefined && nowMs - toldAtMs < quietMs) return
    this.#toldAtMs.delete(key)
    this.#toldAtMs.set(key, nowMs)
    for (const [oldest] of this.#toldAtMs) {
      if (this.#toldAtMs.size <= remembersMax) break
      this.#toldAtMs.delete(oldest)
    }
    this.#report(report)
  }
}

function isForPeople(failure: { readonly reason: string }): failure is RefusalReport {
  return personMustAct.includes(failure.reason)
}

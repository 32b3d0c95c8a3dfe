/**
 * Tells the three audiences of one topology: the node (news), programs (telemetry), people (log).
 * People hear of changes at once and of repeats about one target at most once a minute. In the log the
 * others are `peer`: `node` is the node that writes.
 */
import { RepeatGate, type Host, type Log, type Telemetry } from '../kernel/index.ts'
import type { DialReport, DiscoveryEvent } from './events.ts'
import type { GoneReason, PeerHint, StrategyHealth } from './port/port.ts'

/** What a {@link Reporter} writes to. */
export interface ReporterDeps {
  readonly host: Host
  readonly log: Log
  readonly telemetry: Telemetry
  readonly news: (event: DiscoveryEvent) => void
}

const quietMs = 60_000
const targetsMax = 1_024
/** Dial failures that are no trouble: nobody needs to act. */
const calmReasons = new Set(['self', 'leaving', 'not_part_of_network'])

/** Dial failures the transport reports as trouble, in better words. */
const reportedReasons = new Set(['auth', 'cluster_mismatch', 'version', 'name_in_use'])

/** What a dial was like, beside its result. */
export interface DialFacts {
  readonly durationMs: number
  readonly detail?: string
  /** The peer told its name by itself a moment ago; a refused dial means that it has gone since. */
  readonly isAnnounced?: boolean
}

/** The voice of one topology. */
export class Reporter {
  readonly #deps: ReporterDeps
  readonly #topology: string
  readonly #gate = new RepeatGate({ quietMs, keysMax: targetsMax })

  constructor(deps: ReporterDeps, topology: string) {
    this.#deps = deps
    this.#topology = topology
  }

  lookedUp({ count, complete }: { count: number; complete: boolean }, durationMs: number): void {
    const { log, news } = this.#deps
    this.#measure('discovery.lookup.ok', { durationMs, count }, { complete })
    log.debug({ count, complete, durationMs }, 'lookup')
    news({ type: 'lookup', topology: this.#topology, durationMs, count, complete })
  }

  lookupFailed(error: Error, code: string, durationMs: number): void {
    const { log, news } = this.#deps
    const { message } = error
    this.#measure('discovery.lookup.failed', { durationMs }, { code })
    // The health of the topology is degraded with the same words: one line is enough.
    if (this.#opens(`health ${message}`)) log.warn({ code }, message)
    news({ type: 'lookup-failed', topology: this.#topology, durationMs, code, message })
  }

  seen(peer: PeerHint): void {
    const { log, news } = this.#deps
    this.#measure('discovery.peer.seen', { count: 1 }, { host: peer.host, node: peer.nodeName })
    log.debug({ host: peer.host, port: peer.port, peer: peer.nodeName }, 'peer seen')
    news({ type: 'peer-seen', topology: this.#topology, peer })
  }

  gone(peer: PeerHint, reason: GoneReason | 'pruned'): void {
    const { log, news } = this.#deps
    this.#measure('discovery.peer.gone', { count: 1 }, { host: peer.host, reason })
    log.debug({ host: peer.host, peer: peer.nodeName, reason }, 'peer no longer proposed')
    news({ type: 'peer-gone', topology: this.#topology, peer, reason })
  }

  dialed(report: Omit<DialReport, 'topology'>, facts: DialFacts): void {
    const { durationMs, detail = '', isAnnounced = false } = facts
    const { log, news } = this.#deps
    const { node, address, reason } = report
    const ok = reason === undefined
    news({ type: 'dialed', ok, durationMs, topology: this.#topology, ...report })
    this.#measure(`discovery.connect.${ok ? 'ok' : 'failed'}`, { durationMs }, { ...report })
    if (ok) {
      this.#gate.reset(`dial ${node} `)
      log.info({ peer: node, address }, 'connected')
    } else if (calmReasons.has(reason)) {
      log.debug({ peer: node, address, reason }, 'not connected')
    } else if (this.#opens(`dial ${node} ${reason}`)) {
      const isToldElsewhere = reportedReasons.has(reason) || (isAnnounced && reason === 'refused')
      const fields = { peer: node, address, reason, detail }
      log[isToldElsewhere ? 'info' : 'warn'](fields, 'cannot connect; tried again with backoff')
    }
  }

  disconnected(node: string, reason: string | undefined): void {
    const { log, news } = this.#deps
    const ok = reason === undefined
    const kind = ok ? 'ok' : 'failed'
    this.#measure(`discovery.disconnect.${kind}`, { count: 1 }, { node, reason })
    news({ type: 'disconnected', topology: this.#topology, node, ok, ...(!ok && { reason }) })
    if (ok) log.info({ peer: node }, 'disconnected: no longer listed')
    else if (this.#opens(`disconnect ${node}`))
      log.warn({ peer: node, reason }, 'cannot disconnect')
  }

  health(state: StrategyHealth, detail: string): void {
    const { log, news } = this.#deps
    this.#measure('discovery.health', { ok: state === 'ok' ? 1 : 0 }, { state, detail })
    news({ type: 'health', topology: this.#topology, state, detail })
    if (state === 'ok') {
      this.#gate.reset('health ')
      log.info({}, `healthy again: ${detail}`)
    } else if (this.#opens(`health ${detail}`)) log.warn({}, `degraded: ${detail}`)
  }

  notice(code: string, detail: string): void {
    const { log, news } = this.#deps
    this.#measure('discovery.notice', { count: 1 }, { code, detail })
    log.warn({ code }, detail)
    news({ type: 'notice', topology: this.#topology, code, detail })
  }

  #opens(key: string): boolean {
    return this.#gate.opens(key, this.#deps.host.nowMs())
  }

  #measure(
    event: string,
    measurements: Readonly<Record<string, number>>,
    metadata: Readonly<Record<string, unknown>>,
  ): void {
    this.#deps.telemetry(event, measurements, { topology: this.#topology, ...metadata })
  }
}

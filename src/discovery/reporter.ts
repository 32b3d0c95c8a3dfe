/**
 * Tells the three audiences of one topology: the node (news), programs (telemetry), people (log).
 * People hear of changes at once and of repeats about one target at most once a minute. In the log the
 * others are `peer`: `node` is the node that writes.
 */
import { RepeatGate, type Host, type Log, type Telemetry } from '../kernel/index.ts'
import type { DialReport, DiscoveryEvent } from './events.ts'
import type { GoneReason, PeerHint, StrategyEvent, StrategyHealth } from './port/port.ts'

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

/** Dial failures the transport reports as trouble, in better words, or the other side as its decision. */
const reportedReasons = new Set(['auth', 'cluster_mismatch', 'version', 'name_in_use', 'rejected'])

/** What a dial was like, beside its result. */
export interface DialFacts {
  readonly durationMs: number
  readonly detail?: string
  /** The peer told its name by itself a moment ago; a refused dial means that it has gone since. */
  readonly isAnnounced?: boolean
}

/** What a strategy wants a person to read. */
export type Notice = Omit<Extract<StrategyEvent, { type: 'notice' }>, 'type'>

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
    const { log, news, telemetry } = this.#deps
    const topology = this.#topology
    telemetry.execute('discovery.lookup.ok', { durationMs, count }, () => ({ topology, complete }))
    log.debug({ count, complete, durationMs }, 'lookup')
    news({ type: 'lookup', topology, durationMs, count, complete })
  }

  lookupFailed(error: Error, code: string, durationMs: number): void {
    const { log, news, telemetry } = this.#deps
    const topology = this.#topology
    const { message } = error
    telemetry.execute('discovery.lookup.failed', { durationMs }, () => ({ topology, code }))
    // The health of the topology is degraded with the same words: one line is enough.
    // By code, not by message: one that is worded differently each time is still one line a minute.
    if (this.#opens(`health ${code}`)) log.warn({ code }, message)
    news({ type: 'lookup-failed', topology, durationMs, code, message })
  }

  seen(peer: PeerHint): void {
    const { log, news, telemetry } = this.#deps
    const topology = this.#topology
    const { host, nodeName: node } = peer
    telemetry.execute('discovery.peer.seen', { count: 1 }, () => ({ topology, host, node }))
    log.debug({ host: peer.host, port: peer.port, peer: peer.nodeName }, 'peer seen')
    news({ type: 'peer-seen', topology, peer })
  }

  gone(peer: PeerHint, reason: GoneReason | 'pruned'): void {
    const { log, news, telemetry } = this.#deps
    const topology = this.#topology
    const { host } = peer
    telemetry.execute('discovery.peer.gone', { count: 1 }, () => ({ topology, host, reason }))
    log.debug({ host: peer.host, peer: peer.nodeName, reason }, 'peer no longer proposed')
    news({ type: 'peer-gone', topology, peer, reason })
  }

  dialed(report: Omit<DialReport, 'topology'>, facts: DialFacts): void {
    const { durationMs, detail = '', isAnnounced = false } = facts
    const { log, news, telemetry } = this.#deps
    const topology = this.#topology
    const { node, address, reason } = report
    const ok = reason === undefined
    news({ type: 'dialed', ok, durationMs, topology, ...report })
    const event = ok ? 'discovery.connect.ok' : 'discovery.connect.failed'
    telemetry.execute(event, { durationMs }, () => ({ topology, node, address, reason }))
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
    const { log, news, telemetry } = this.#deps
    const topology = this.#topology
    const ok = reason === undefined
    const event = ok ? 'discovery.disconnect.ok' : 'discovery.disconnect.failed'
    telemetry.execute(event, { count: 1 }, () => ({ topology, node, reason }))
    news({ type: 'disconnected', topology, node, ok, ...(!ok && { reason }) })
    if (ok) log.info({ peer: node }, 'disconnected: no longer listed')
    else if (this.#opens(`disconnect ${node}`))
      log.warn({ peer: node, reason }, 'cannot disconnect')
  }

  /** @param key what counts as the same news; the words themselves when left out. */
  health(state: StrategyHealth, detail: string, key: string = detail): void {
    const { log, news, telemetry } = this.#deps
    const topology = this.#topology
    const ok = state === 'ok' ? 1 : 0
    telemetry.execute('discovery.health.changed', { ok }, () => ({ topology, state, detail }))
    news({ type: 'health', topology, state, detail })
    if (state === 'ok') {
      this.#gate.reset('health ')
      log.info({}, `healthy again: ${detail}`)
    } else if (this.#opens(`health ${key}`)) log.warn({}, `degraded: ${detail}`)
  }

  /** The node writes it down, once for all that meet the same stranger. */
  notice({ code, detail, address }: Notice): void {
    const { log, news, telemetry } = this.#deps
    const topology = this.#topology
    telemetry.execute('discovery.notice.given', { count: 1 }, () => ({ topology, code, detail }))
    log.debug({ code }, detail)
    const about = address === undefined ? {} : { address }
    news({ type: 'notice', topology, code, detail, ...about })
  }

  #opens(key: string): boolean {
    return this.#gate.opens(key, this.#deps.host.nowMs())
  }
}

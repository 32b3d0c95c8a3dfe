/** What `status()` says of one topology: plain JSON, no secrets. */
import { dialAddresses } from './hints.ts'
import type { KnownPeer } from './peer-table.ts'
import type { Prune, Strategy, StrategyHealth } from './port/port.ts'
import { shownConfig } from './shown-config.ts'
import type { ResolvedTopology } from './topology.ts'

/** One proposed peer, with where it comes from and how dialling it went. */
export interface PeerStatus {
  /** Node name when known, else "host:port". */
  readonly id: string
  readonly addresses: readonly string[]
  readonly nodeName?: string
  /** The topology that proposes it. */
  readonly provenance: string
  readonly isConnected: boolean
  readonly isSelf: boolean
  readonly seenMsAgo: number
  readonly knownForMs: number
  readonly missedLookups: number
  readonly dialFailures: number
  /** Why the last dial failed. */
  readonly lastDialFailure?: string
}

/** One topology. `...At` are wall-clock milliseconds. */
export interface TopologyStatus {
  readonly topology: string
  readonly strategy: string
  readonly state: 'idle' | 'running' | 'stopped' | 'disabled'
  /** The options in force, defaults included, secrets hidden. */
  readonly config: unknown
  readonly prune: Prune
  /** Absent for strategies that are not polled. */
  readonly poll?: { readonly pollIntervalMs: number; readonly lookupTimeoutMs: number }
  readonly health: { readonly state: StrategyHealth; readonly detail: string }
  readonly lastAttemptAt?: number
  readonly lastSuccessAt?: number
  readonly lastError?: { readonly at: number; readonly code: string; readonly message: string }
  readonly failuresInRow: number
  readonly nextPollInMs?: number
  /** Hints that were unusable, of another cluster, or over the bound. */
  readonly rejectedHints: number
  /** What the strategy counts by itself. */
  readonly figures: Readonly<Record<string, unknown>>
  readonly peers: readonly PeerStatus[]
}

/** What the runner knows when it is asked. */
export interface StatusNow {
  readonly state: 'idle' | 'running' | 'stopped'
  readonly peers: readonly { peer: KnownPeer; isConnected: boolean; isSelf: boolean }[]
  readonly nextPollInMs: number | undefined
  readonly nowMs: number
}

/** Keeps the figures of one topology. */
export class TopologyFigures {
  readonly #topology: ResolvedTopology
  #health: TopologyStatus['health'] = { state: 'ok', detail: '' }
  #lastAttemptAt: number | undefined
  #lastSuccessAt: number | undefined
  #lastError: TopologyStatus['lastError']
  #failuresInRow = 0
  #rejectedHints = 0

  constructor(topology: ResolvedTopology) {
    this.#topology = topology
  }

  attempted(at: number): void {
    this.#lastAttemptAt = at
  }

  /** @returns true when this ends a row of failures. */
  succeeded(at: number, rejectedHints: number): boolean {
    const isRecovery = this.#failuresInRow > 0
    this.#lastSuccessAt = at
    this.#failuresInRow = 0
    this.#rejectedHints += rejectedHints
    if (isRecovery) this.#health = { state: 'ok', detail: '' }
    return isRecovery
  }

  /** @returns true when this is the first of a row, or the code is another one than before. */
  failed(at: number, { code, error }: { code: string; error: Error }): boolean {
    const isNews = this.#failuresInRow === 0 || this.#lastError?.code !== code
    this.#failuresInRow += 1
    this.#lastError = { at, code, message: error.message }
    this.#health = { state: 'degraded', detail: error.message }
    return isNews
  }

  rejected(count: number): void {
    this.#rejectedHints += count
  }

  /** @returns true when that is a change. */
  healthIs(state: StrategyHealth, detail: string): boolean {
    const isNews =
      this.#health.state !== state || (state !== 'ok' && this.#health.detail !== detail)
    this.#health = { state, detail }
    return isNews
  }

  status({ state, peers, nextPollInMs, nowMs }: StatusNow): TopologyStatus {
    const { name, strategyName, strategy, config, prune, poll, isEnabled } = this.#topology
    return {
      topology: name,
      strategy: strategyName,
      state: isEnabled ? state : 'disabled',
      config: shownConfig(config),
      prune,
      ...(strategy.kind === 'poll' && { poll }),
      health: this.#health,
      ...given('lastAttemptAt', this.#lastAttemptAt),
      ...given('lastSuccessAt', this.#lastSuccessAt),
      ...given('lastError', this.#lastError),
      failuresInRow: this.#failuresInRow,
      ...given('nextPollInMs', nextPollInMs),
      rejectedHints: this.#rejectedHints,
      figures: figuresOf(strategy),
      peers: peers.map((entry) => peerStatus(name, entry, nowMs)),
    }
  }
}

function peerStatus(
  topology: string,
  { peer, isConnected, isSelf }: StatusNow['peers'][number],
  nowMs: number,
): PeerStatus {
  return {
    id: peer.id,
    addresses: dialAddresses(peer.hint, undefined),
    ...given('nodeName', peer.hint.nodeName),
    provenance: topology,
    isConnected,
    isSelf,
    seenMsAgo: Math.round(nowMs - peer.lastSeenMs),
    knownForMs: Math.round(nowMs - peer.firstSeenMs),
    missedLookups: peer.missedLookups,
    dialFailures: peer.failures,
    ...given('lastDialFailure', peer.lastFailure),
  }
}

function figuresOf(strategy: Strategy): Readonly<Record<string, unknown>> {
  try {
    return strategy.figures?.() ?? {}
  } catch {
    return {} // A user's class that throws here must not take status() with it.
  }
}

function given<K extends string, T>(key: K, value: T | undefined): { [P in K]?: T } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: T })
}

/**
 * Runs one topology: asks or hears its strategy, remembers the peers, has them dialled, lets go of
 * those its prune rule says. Nothing a strategy does gets out of here except as news.
 */
import { toError, within, type FoundationError, type Lifecycle } from '../kernel/index.ts'
import type { DiscoveryDeps, DiscoveryOptions } from './discovery-deps.ts'
import { checkHint, type CheckedLookup } from './hints.ts'
import { PeerDialer } from './peer-dialer.ts'
import { PeerTable } from './peer-table.ts'
import { PollSource } from './poll-source.ts'
import type { PeerHint, StrategyContext, StrategyEvent } from './port/port.ts'
import type { DiscoveryPorts } from './port/ports.ts'
import { Pruner } from './pruner.ts'
import { PushSource } from './push-source.ts'
import { Reporter } from './reporter.ts'
import type { SlackTimers } from './slack-timers.ts'
import type { Source } from './source.ts'
import { codeOf } from './poll-loop.ts'
import { TopologyFigures, type TopologyStatus } from './topology-status.ts'
import type { ResolvedTopology } from './topology.ts'

/** What a {@link TopologyRunner} talks to. */
export type TopologyRunnerDeps = DiscoveryDeps & {
  readonly ports: DiscoveryPorts
  readonly timers: SlackTimers
}

/** One running topology. */
export class TopologyRunner implements Lifecycle {
  readonly #deps: TopologyRunnerDeps
  readonly #topology: ResolvedTopology
  readonly #options: DiscoveryOptions
  readonly #stopping = new AbortController()
  readonly #context: StrategyContext
  readonly #table: PeerTable
  readonly #reporter: Reporter
  readonly #dialer: PeerDialer
  readonly #pruner: Pruner
  readonly #figures: TopologyFigures
  readonly #source: Source
  #reconciling: Promise<void> | undefined
  #state: 'idle' | 'running' | 'stopped' = 'idle'

  constructor(deps: TopologyRunnerDeps, topology: ResolvedTopology, options: DiscoveryOptions) {
    const { host, news, telemetry } = deps
    const { signal } = this.#stopping
    const log = deps.log.child({ topology: topology.name, strategy: topology.strategyName })
    this.#deps = deps
    this.#topology = topology
    this.#options = options
    this.#figures = new TopologyFigures(topology)
    this.#reporter = new Reporter({ host, log, telemetry, news }, topology.name)
    this.#table = new PeerTable({
      ...options,
      redial: { minMs: options.redialMinMs, maxMs: options.redialMaxMs },
    })
    const shared = { topology: topology.name, reporter: this.#reporter, table: this.#table, signal }
    this.#dialer = new PeerDialer({ node: deps, hooks: topology.hooks, ...shared }, options)
    const { isReachable } = deps
    const { prune } = topology
    this.#pruner = new Pruner({ ...shared, host, prune, dialer: this.#dialer, isReachable })
    this.#context = {
      topology: topology.name,
      get self() {
        return deps.self()
      },
      keyring: deps.keyring,
      interfaces: deps.interfaces,
      host,
      log,
      telemetry,
      signal,
      ports: deps.ports,
      emit: (event) => {
        this.#heard(event)
      },
    }
    this.#source = this.#sourceOf(topology)
  }

  get isRunning(): boolean {
    return this.#state === 'running'
  }

  /** Begins without waiting for anything. */
  start(): void {
    if (this.#state !== 'idle' || !this.#topology.isEnabled) return
    this.#state = 'running'
    this.#source.start()
  }

  /** Stops asking and dialling, then says goodbye, within a deadline. Never throws. */
  async stop(reason = 'stopped'): Promise<void> {
    const wasRunning = this.isRunning
    this.#state = 'stopped'
    if (!wasRunning) return
    this.#stopping.abort()
    await this.#atMost(() => this.#source.farewell(reason))
    await Promise.all([this.#source.stop(), this.#reconciling, this.#dialer.settled()])
  }

  /** Forgets who is stale and dials what is due, unless that is going on already. Never throws. */
  reconcile(): void {
    if (this.#state !== 'running') return
    this.#reconciling ??= this.#reconcile().finally(() => {
      this.#reconciling = undefined
    })
  }

  /** Asks at once, and dials what is due. */
  refresh(): void {
    if (this.#state !== 'running') return
    this.#source.refresh()
    void this.#dialer.reconcile()
  }

  status(connected: ReadonlySet<string>): TopologyStatus {
    const { host } = this.#deps
    const peers = this.#table.all().map((peer) => ({
      peer,
      isConnected: this.#dialer.connectedName(peer, connected) !== undefined,
      isSelf: this.#dialer.isSelf(peer),
    }))
    const nextPollInMs = this.#state === 'running' ? this.#source.nextPollInMs : undefined
    return this.#figures.status({ state: this.#state, peers, nextPollInMs, nowMs: host.nowMs() })
  }

  #sourceOf(topology: ResolvedTopology): Source {
    const { strategy } = topology
    const shared = {
      ...this.#deps,
      context: this.#context,
      topology,
      options: this.#options,
      figures: this.#figures,
      quietly: (run: () => void) => {
        this.#quietly(run)
      },
    }
    if (strategy.kind === 'push') {
      const startFailed = this.#startFailed.bind(this)
      return new PushSource({ ...shared, startFailed }, strategy)
    }
    const succeeded = this.#succeeded.bind(this)
    const failed = this.#failed.bind(this)
    return new PollSource({ ...shared, succeeded, failed }, strategy)
  }

  async #succeeded(result: CheckedLookup, durationMs: number): Promise<void> {
    const { peers, complete, rejected } = result
    if (this.#figures.succeeded(this.#deps.host.wallClockMs(), rejected)) {
      this.#reporter.health('ok', 'lookups succeed again')
    }
    this.#reporter.lookedUp({ count: peers.length, complete }, durationMs)
    const ours = peers.filter((peer) => this.#isOurs(peer))
    for (const peer of ours) this.#seen(peer)
    void this.#dialer.reconcile()
    const isImmediate = this.#topology.prune === 'immediate'
    if (!complete && !(isImmediate && peers.length > 0)) return
    const missing = this.#table.missed(ours, this.#deps.host.nowMs())
    if (isImmediate) await this.#pruner.letGoAtOnce(missing)
  }

  #failed(error: FoundationError, durationMs: number): void {
    const code = String(error.details?.code)
    this.#reporter.lookupFailed(error, code, durationMs)
    const isNews = this.#figures.failed(this.#deps.host.wallClockMs(), { code, error })
    if (isNews) this.#reporter.health('degraded', error.message, code)
  }

  #heard(event: StrategyEvent): void {
    if (this.#state !== 'running') return
    this.#quietly(() => {
      if (event.type === 'health') this.#healthIs(event.state, event.detail)
      else if (event.type === 'notice') this.#reporter.notice(event)
      else this.#heardOf(event)
    })
  }

  #heardOf(event: Extract<StrategyEvent, { type: 'seen' | 'gone' }>): void {
    const hint = checkHint(event.peer)
    if (!hint || !this.#isOurs(hint)) {
      this.#figures.rejected(1)
      return
    }
    if (event.type === 'seen') {
      this.#seen(hint)
      void this.#dialer.reconcile()
      return
    }
    const peer = this.#table.find(hint)
    if (!peer) return
    if (this.#topology.prune === 'immediate' && event.reason !== 'goodbye') {
      void this.#pruner.letGoAtOnce([peer])
    } else if (event.reason === 'goodbye') {
      this.#table.forget(peer)
      this.#reporter.gone(hint, event.reason)
    } else {
      peer.isLetGo = true
    }
  }

  #healthIs(state: 'ok' | 'degraded', detail: string): void {
    if (this.#figures.healthIs(state, detail)) this.#reporter.health(state, detail)
  }

  #seen(hint: PeerHint): void {
    const sighting = this.#table.seen(hint, this.#deps.host.nowMs())
    if (sighting === 'new' || sighting === 'restarted') this.#reporter.seen(hint)
    else if (sighting === 'full') this.#figures.rejected(1)
  }

  #isOurs({ cluster }: PeerHint): boolean {
    return cluster === undefined || cluster === this.#deps.self().cluster
  }

  async #reconcile(): Promise<void> {
    await this.#pruner.forgetStale()
    await this.#dialer.reconcile()
  }

  #startFailed(error: Error): void {
    this.#figures.failed(this.#deps.host.wallClockMs(), { code: codeOf(error), error })
    this.#reporter.health('degraded', `it could not start: ${error.message}`)
  }

  /** Runs the last words of a strategy: late or failing ones are logged and left behind. */
  async #atMost(run: () => Promise<void>): Promise<void> {
    const { stopTimeoutMs: timeoutMs } = this.#options
    try {
      const work = (async () => run())()
      await within(this.#deps.host, work, { what: 'Stopping the strategy', timeoutMs })
    } catch (thrown) {
      this.#context.log.warn({ error: toError(thrown) }, 'the strategy did not stop in order')
    }
  }

  #quietly(run: () => void): void {
    try {
      run()
    } catch (thrown) {
      this.#figures.rejected(1)
      this.#context.log.warn({ error: toError(thrown) }, 'a strategy event could not be handled')
    }
  }
}

/**
 * Runs one topology: asks or hears its strategy, remembers the peers, has them dialled, lets go of
 * those its prune rule says. Nothing a strategy does gets out of here except as news.
 */
import {
  sleep,
  toError,
  within,
  jitter,
  type FoundationError,
  type Lifecycle,
} from '../kernel/index.ts'
import { backoffMs } from './backoff.ts'
import type { DiscoveryDeps, DiscoveryOptions } from './discovery-deps.ts'
import { checkHint, type CheckedLookup } from './hints.ts'
import { PeerDialer } from './peer-dialer.ts'
import { PeerTable, type KnownPeer } from './peer-table.ts'
import { PollLoop } from './poll-loop.ts'
import type {
  PeerHint,
  PollStrategy,
  PushStrategy,
  StrategyContext,
  StrategyEvent,
} from './port/port.ts'
import type { DiscoveryPorts } from './port/ports.ts'
import { Reporter } from './reporter.ts'
import { TopologyFigures, type TopologyStatus } from './topology-status.ts'
import type { ResolvedTopology } from './topology.ts'

/** What a {@link TopologyRunner} talks to. */
export type TopologyRunnerDeps = DiscoveryDeps & { readonly ports: DiscoveryPorts }

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
  readonly #figures: TopologyFigures
  readonly #loop: PollLoop | undefined
  readonly #tasks: Promise<void>[] = []
  #state: 'idle' | 'running' | 'stopped' = 'idle'
  #isRegistered = false

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
    if (topology.strategy.kind === 'poll') this.#loop = this.#pollLoop(topology.strategy)
  }

  /** Begins without waiting for anything. */
  start(): void {
    if (this.#state !== 'idle' || !this.#topology.isEnabled) return
    this.#state = 'running'
    const { strategy } = this.#topology
    this.#loop?.start()
    if (strategy.kind === 'push') this.#tasks.push(this.#startPush(strategy))
    this.#tasks.push(this.#reconcileForever())
  }

  /** Stops asking and dialling, then says goodbye, within a deadline. Never throws. */
  async stop(reason = 'stopped'): Promise<void> {
    const { strategy } = this.#topology
    if (this.#state !== 'running') {
      this.#state = 'stopped'
      return
    }
    this.#state = 'stopped'
    this.#stopping.abort()
    const farewell =
      strategy.kind === 'push' ? () => strategy.stop(reason) : () => this.#deregister(strategy)
    await this.#atMost(farewell)
    await this.#loop?.stop()
    await Promise.all([...this.#tasks, this.#dialer.settled()])
  }

  /** Asks at once, and dials what is due. */
  refresh(): void {
    if (this.#state !== 'running') return
    const { strategy } = this.#topology
    this.#loop?.refresh()
    if (strategy.kind === 'push') this.#quietly(() => strategy.refresh?.())
    void this.#dialer.reconcile()
  }

  status(connected: ReadonlySet<string>): TopologyStatus {
    const { host } = this.#deps
    const peers = this.#table.all().map((peer) => ({
      peer,
      isConnected: this.#dialer.connectedName(peer, connected) !== undefined,
      isSelf: this.#dialer.isSelf(peer),
    }))
    const nextPollInMs = this.#state === 'running' ? this.#loop?.nextPollInMs : undefined
    return this.#figures.status({ state: this.#state, peers, nextPollInMs, nowMs: host.nowMs() })
  }

  #pollLoop(strategy: PollStrategy): PollLoop {
    const { name, strategyName, poll } = this.#topology
    return new PollLoop(
      {
        host: this.#deps.host,
        what: `"${name}" (${strategyName})`,
        lookup: (signal) => this.#lookup(strategy, signal),
        succeeded: (result, durationMs) => this.#succeeded(result, durationMs),
        failed: (error, durationMs) => {
          this.#failed(error, durationMs)
        },
      },
      { ...poll, backoffMaxMs: this.#options.backoffMaxMs },
    )
  }

  async #lookup(strategy: PollStrategy, signal: AbortSignal): Promise<unknown> {
    this.#figures.attempted(this.#deps.host.wallClockMs())
    if (strategy.register && !this.#isRegistered) {
      await strategy.register(this.#context, signal)
      this.#isRegistered = true
    }
    return strategy.lookup(this.#context, signal)
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
    if (isImmediate) await this.#letGoAtOnce(missing)
  }

  #failed(error: FoundationError, durationMs: number): void {
    const code = String(error.details?.code)
    this.#reporter.lookupFailed(error, code, durationMs)
    const isNews = this.#figures.failed(this.#deps.host.wallClockMs(), { code, error })
    if (isNews) this.#reporter.health('degraded', error.message)
  }

  #heard(event: StrategyEvent): void {
    if (this.#state !== 'running') return
    this.#quietly(() => {
      if (event.type === 'health') this.#healthIs(event.state, event.detail)
      else if (event.type === 'notice') this.#reporter.notice(event.code, event.detail)
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
      void this.#letGoAtOnce([peer])
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

  /** `immediate`: disconnects, then forgets; a peer that cannot be disconnected is tried again. */
  async #letGoAtOnce(missing: readonly KnownPeer[]): Promise<void> {
    const connected = await this.#dialer.connected()
    if (!connected) return
    for (const peer of missing) {
      const name = this.#dialer.connectedName(peer, connected)
      if (this.#dialer.isSelf(peer)) continue
      if (name !== undefined && !(await this.#dialer.disconnect(name))) continue
      this.#table.forget(peer)
      this.#reporter.gone(peer.hint, 'unlisted')
    }
  }

  async #reconcileForever(): Promise<void> {
    const { host } = this.#deps
    const { signal } = this.#stopping
    while (
      await sleep(host, jitter(this.#options.reconcileIntervalMs, 0.2, host.random()), signal)
    ) {
      await this.#forgetStale()
      await this.#dialer.reconcile()
    }
  }

  /** Forgets who is past its ttl or its grace and not connected. */
  async #forgetStale(): Promise<void> {
    const nowMs = this.#deps.host.nowMs()
    const isStale = (peer: KnownPeer): boolean =>
      this.#table.isExpired(peer, nowMs) ||
      (this.#topology.prune === 'grace' && this.#table.isPastGrace(peer, nowMs))
    const stale = this.#table.all().filter(isStale)
    const connected = stale.length > 0 ? await this.#dialer.connected() : undefined
    if (!connected) return
    for (const peer of stale) {
      if (this.#isKept(peer, connected)) continue
      this.#table.forget(peer)
      this.#reporter.gone(peer.hint, this.#table.isExpired(peer, nowMs) ? 'expired' : 'pruned')
    }
  }

  #isKept(peer: KnownPeer, connected: ReadonlySet<string>): boolean {
    const name = this.#dialer.nameOf(peer)
    if (name !== undefined && this.#deps.isReachable(name)) return true
    return this.#dialer.connectedName(peer, connected) !== undefined
  }

  async #startPush(strategy: PushStrategy): Promise<void> {
    const { host } = this.#deps
    const { signal } = this.#stopping
    for (let failures = 0; !signal.aborted; failures++) {
      this.#figures.attempted(host.wallClockMs())
      try {
        // One that hangs is left behind when the topology stops.
        const started = (async () => strategy.start(this.#context))()
        await within(host, started, { what: 'Starting the strategy', signal })
        this.#figures.succeeded(host.wallClockMs(), 0)
        return
      } catch (thrown) {
        this.#pushFailed(toError(thrown))
      }
      const rhythm = { minMs: this.#options.redialMinMs, maxMs: this.#options.backoffMaxMs }
      await sleep(host, backoffMs(failures, rhythm, host.random()), signal)
    }
  }

  #pushFailed(error: Error): void {
    if (this.#stopping.signal.aborted) return
    this.#figures.failed(this.#deps.host.wallClockMs(), { code: error.name, error })
    this.#reporter.health('degraded', `it could not start: ${error.message}`)
  }

  async #deregister(strategy: PollStrategy): Promise<void> {
    if (!this.#isRegistered || !strategy.deregister) return
    const attempt = new AbortController()
    const timer = this.#deps.host.after(this.#options.stopTimeoutMs, () => {
      attempt.abort()
    })
    try {
      await strategy.deregister(this.#context, attempt.signal)
    } finally {
      timer.cancel()
    }
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

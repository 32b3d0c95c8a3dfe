/**
 * Discovery: any number of topologies at once, each looking for peers its own way.
 * It proposes and dials; it never throws into the application and never delays its start.
 */
import { FoundationError, jitter, nearest, type Lifecycle, type Timer } from '../kernel/index.ts'
import type { DiscoveryDeps, DiscoveryOptions } from './discovery-deps.ts'
import { systemPorts } from './ports/system-ports.ts'
import { SlackTimers } from './slack-timers.ts'
import { TopologyRunner } from './topology-runner.ts'
import type { TopologyStatus } from './topology-status.ts'
import { resolveTopology, type Topology } from './topology.ts'

const reconcileSlackRatio = 0.2

/** All topologies of one node. */
export class Discovery implements Lifecycle {
  readonly #deps: DiscoveryDeps
  readonly #runners: ReadonlyMap<string, TopologyRunner>
  readonly #reconcileIntervalMs: number
  readonly #timers: SlackTimers
  #reconcileTimer: Timer | undefined

  /** @throws {FoundationError} `FND_OPTION_INVALID` when a topology is not well formed. */
  constructor(
    deps: DiscoveryDeps,
    topologies: Readonly<Record<string, Topology>>,
    options: DiscoveryOptions,
  ) {
    const ports = deps.ports ?? systemPorts
    const timers = new SlackTimers(deps.host)
    const runners = Object.entries(topologies).map(([name, given]) => {
      const topology = resolveTopology(name, given)
      return [name, new TopologyRunner({ ...deps, ports, timers }, topology, options)] as const
    })
    this.#deps = deps
    this.#timers = timers
    this.#reconcileIntervalMs = options.reconcileIntervalMs
    this.#runners = new Map(runners)
  }

  /** Starts every enabled topology; the first lookups run in the background. Idempotent. */
  start(): void {
    for (const runner of this.#runners.values()) runner.start()
    const isAnyRunning = [...this.#runners.values()].some(({ isRunning }) => isRunning)
    if (isAnyRunning && !this.#reconcileTimer) this.#reconcileLater()
  }

  /** Says goodbye where a strategy can, and leaves nothing running. Idempotent, never throws. */
  async stop(reason = 'stopped'): Promise<void> {
    this.#reconcileTimer?.cancel()
    await Promise.all([...this.#runners.values()].map((runner) => runner.stop(reason)))
  }

  /**
   * Looks up at once, for example after a member was lost.
   *
   * @param topology one by name; all when left out.
   * @throws {FoundationError} `FND_OPTION_INVALID` when there is no such topology.
   */
  refresh(topology?: string): void {
    if (topology === undefined) {
      for (const runner of this.#runners.values()) runner.refresh()
      return
    }
    const runner = this.#runners.get(topology)
    if (!runner) throw unknownTopology(topology, [...this.#runners.keys()])
    runner.refresh()
  }

  /** One entry a topology: plain JSON, no secrets. */
  status(): TopologyStatus[] {
    const connected = new Set(this.#deps.listNodes())
    return [...this.#runners.values()].map((runner) => runner.status(connected))
  }

  /** One timer for all topologies: waking up costs more than what there is to do. */
  #reconcileLater(): void {
    const delayMs = jitter(this.#reconcileIntervalMs, 0.2, this.#deps.host.random())
    const window = { delayMs, slackMs: delayMs * reconcileSlackRatio }
    this.#reconcileTimer = this.#timers.after(window, () => {
      this.#reconcileLater()
      for (const runner of this.#runners.values()) runner.reconcile()
    })
  }
}

function unknownTopology(name: string, known: readonly string[]): FoundationError {
  const near = nearest(name, known)
  const hint = near === undefined ? `there are: ${known.join(', ')}` : `did you mean "${near}"?`
  return new FoundationError('FND_OPTION_INVALID', `No topology is called "${name}"; ${hint}`)
}

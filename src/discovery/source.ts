/** Where a topology's peers come from: a strategy with whatever drives it. */
import type { Host } from '../kernel/index.ts'
import type { DiscoveryOptions } from './discovery-deps.ts'
import type { StrategyContext } from './port/port.ts'
import type { SlackTimers } from './slack-timers.ts'
import type { TopologyFigures } from './topology-status.ts'
import type { ResolvedTopology } from './topology.ts'

/** A driven strategy. What it finds goes to the runner that made it. */
export interface Source {
  /** Milliseconds until the next lookup; undefined while one runs and where none is polled. */
  readonly nextPollInMs: number | undefined
  /** Begins without waiting for anything. Once. */
  start(): void
  /** Asks at once. */
  refresh(): void
  /** The last words of the strategy. May reject, may hang: the caller bounds it. */
  farewell(reason: string): Promise<void>
  /** Ends what drives it, after the context's signal was aborted. Never rejects. */
  stop(): Promise<void>
}

/** What either kind of source works on. */
export interface SourceDeps {
  readonly host: Host
  readonly timers: SlackTimers
  readonly context: StrategyContext
  readonly topology: ResolvedTopology
  readonly options: DiscoveryOptions
  readonly figures: TopologyFigures
  /** Runs what a strategy gave; a throw is counted and logged. */
  readonly quietly: (run: () => void) => void
}

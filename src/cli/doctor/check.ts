/** What a check of `foundation doctor` is, what it may ask, and what it finds. */
import type { DiscoveryPorts } from '../../discovery/index.ts'
import type { FoundationError, Host, ResolvedKeyring } from '../../kernel/index.ts'
import type { NodeStatus, ResolvedOptions } from '../../node/index.ts'
import type { Endpoint } from '../../setup/index.ts'
import type { Answer } from '../core/observer.ts'

/** `fail`: the cluster does not work like this. `warn`: it may not. */
export type Level = 'ok' | 'warn' | 'fail'

/** One line of the doctor. */
export interface Finding {
  readonly level: Level
  readonly text: string
  /** What to do. */
  readonly advice?: string
}

/** What a look at the cluster from inside gave. */
export interface Observation {
  /** The observer's own status at the end of the look. */
  readonly self: NodeStatus
  readonly answers: readonly Answer[]
  /** How far each answering node's clock is ahead of this machine's; `errorMs` to either side. */
  readonly clocks: readonly {
    readonly node: string
    readonly aheadMs: number
    readonly errorMs: number
  }[]
  /** Nodes that were turned away, or turned us away, and why. */
  readonly troubles: readonly FoundationError[]
  /** How long was looked. */
  readonly lookedForMs: number
}

/** The doors of a check to the outside; tests give fakes. */
export interface Patient {
  readonly settings: ResolvedOptions
  readonly host: Host
  readonly ports: Pick<DiscoveryPorts, 'networkInterfaces' | 'openUdp'>
  /** @throws {FoundationError} (rejects) `FND_SECRET_INVALID` */
  readonly keyring: () => Promise<ResolvedKeyring>
  /** Listens there for a moment. Resolves to why that is not possible. */
  readonly tryListening: (endpoint: Endpoint) => Promise<FoundationError | undefined>
  /** The name of the node of this app that answers at this machine's port. */
  readonly nodeAtPort: (port: number) => Promise<string | undefined>
  /** Undefined when no observer could be started. */
  readonly observation: Observation | undefined
}

/** One check: a name, and what it finds. */
export interface Check {
  readonly name: string
  run(patient: Patient): Promise<readonly Finding[]> | readonly Finding[]
}

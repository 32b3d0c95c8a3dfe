/** What this node says to telemetry of the children it runs. */
import type { Telemetry } from '../../kernel/index.ts'
import type { StopReason } from '../core/service-class.ts'
import type { ChildBirth } from './local-child.ts'

/** One a node. */
export class ChildTelemetry {
  readonly #telemetry: Telemetry

  constructor(telemetry: Telemetry) {
    this.#telemetry = telemetry
  }

  /** It is brought up within `work`. */
  starting<T>({ spec }: ChildBirth, work: () => Promise<T>): Promise<T> {
    const { id: child, service } = spec
    return this.#telemetry.span('supervisor.start', () => ({ child, service }), work)
  }

  /** It runs. */
  started(birth: ChildBirth, durationMs: number, state: 'carried' | 'fresh'): void {
    const { reason } = birth
    this.#telemetry.execute('supervisor.child.started', { durationMs }, () => ({
      ...{ ...factsOf(birth), reason, state },
    }))
  }

  /** It has ended, whatever ended it. */
  stopped(birth: ChildBirth, durationMs: number, reason: StopReason): void {
    this.#telemetry.execute('supervisor.child.stopped', { durationMs }, () => ({
      ...{ ...factsOf(birth), reason },
    }))
  }

  /** It did not start, or said that it has failed. */
  failed(birth: ChildBirth, during: 'start' | 'run', error: Error): void {
    this.#telemetry.execute('supervisor.child.failed', { count: 1 }, () => ({
      ...{ ...factsOf(birth), during, error: error.message },
    }))
  }
}

function factsOf({ spec, epoch }: ChildBirth): { child: string; service: string; epoch: number } {
  return { child: spec.id, service: spec.service, epoch }
}

/** Who listens to the monitor. A listener that throws harms nobody. */
import { checkFunction, checkWord, toError, type Log } from '../kernel/index.ts'
import type { HealingAction } from './healing/healer.ts'
import type { Health } from './vitals/health-status.ts'
import type { MemberNews } from './member-history.ts'

/** A member came, went, or changed its status. */
export interface TopologyChange {
  readonly type: 'topology-changed'
  readonly change: MemberNews['type']
  /** Whom it is about. */
  readonly member: string
  /** Names of the live members now, this node included. */
  readonly members: readonly string[]
}

/** What the monitor tells, by type. */
export interface MonitorEvents {
  'topology-changed': TopologyChange
  healing: { readonly type: 'healing' } & HealingAction
  'health-changed': { readonly type: 'health-changed' } & Health & {
      readonly previous: Health['status']
    }
}

/** `type` of what the monitor tells. */
export type MonitorEventType = keyof MonitorEvents

const monitorEventTypes: Readonly<Record<MonitorEventType, true>> = {
  'topology-changed': true,
  healing: true,
  'health-changed': true,
}

type Listener = (event: never) => unknown

/** One a monitor. */
export class Listeners {
  readonly #log: Log
  readonly #listeners = new Map<MonitorEventType, Set<{ readonly call: Listener }>>()

  constructor(log: Log) {
    this.#log = log
  }

  /**
   * @returns takes the listener back.
   * @throws {FoundationError} `FND_OPTION_INVALID`
   */
  on<T extends MonitorEventType>(
    type: T,
    listener: (event: MonitorEvents[T]) => unknown,
  ): () => void {
    checkWord('type of a monitor event', type, Object.keys(monitorEventTypes))
    checkFunction('listener', listener)
    const entries = this.#listeners.get(type) ?? new Set()
    this.#listeners.set(type, entries)
    // A record of its own: the same function given twice is called, and removed, twice.
    const entry = { call: listener }
    entries.add(entry)
    return () => {
      entries.delete(entry)
    }
  }

  tell(event: MonitorEvents[MonitorEventType]): void {
    for (const { call } of [...(this.#listeners.get(event.type) ?? [])]) {
      // In a promise, so that one that throws and one that rejects are the same.
      new Promise((resolve) => {
        resolve(call(event as never))
      }).catch((thrown: unknown) => {
        const fields = { event: event.type, error: toError(thrown) }
        this.#log.error(fields, 'a listener to the monitor failed')
      })
    }
  }

  clear(): void {
    this.#listeners.clear()
  }
}

/**
 * The children of this node. Does what the home of a child orders, and refuses what its own state
 * does not allow: an order that comes late, twice or from a home of another view changes nothing.
 */
import {
  FoundationError,
  toError,
  type Host,
  type Log,
  type Telemetry,
} from '../../kernel/index.ts'
import type { Registry, ServiceHost } from '../../registry/index.ts'
import type { HybridClock } from '../../replication/index.ts'
import { decodeValue } from '../../wire/index.ts'
import type { StartOrder } from '../commands.ts'
import type { SupervisorOptions } from '../options.ts'
import type { ServiceClass, ServiceClasses, StopReason } from '../core/service-class.ts'
import type { ChildTable } from '../table.ts'
import { invalidState, type FetchPiece } from './child-state.ts'
import { ChildTelemetry } from './child-telemetry.ts'
import { LocalChild, type ChildEnd } from './local-child.ts'
import { LocalHandovers } from './local-handovers.ts'
import { SlotTable } from './slot-table.ts'
import { factsOf, type LiveSlot, type Slot } from './slot.ts'

/** What a {@link Runner} talks to. */
export interface RunnerDeps {
  readonly host: Host
  readonly log: Log
  readonly telemetry: Telemetry
  readonly self: string
  readonly clock: HybridClock
  readonly table: ChildTable
  readonly services: Pick<ServiceHost, 'serve' | 'reserve' | 'hold' | 'seal' | 'unseal' | 'remove'>
  readonly names: Pick<Registry, 'adopt'>
  /** The `services` option. */
  readonly classes: ServiceClasses
  readonly fetch: FetchPiece
}

/** One a node. */
export class Runner {
  readonly #deps: RunnerDeps
  readonly #options: SupervisorOptions
  readonly #slots: SlotTable
  readonly #measures: ChildTelemetry
  /** What this node does for hand-overs. */
  readonly handovers: LocalHandovers

  constructor(deps: RunnerDeps, options: SupervisorOptions) {
    this.#deps = deps
    this.#options = options
    const slots = new SlotTable(deps)
    this.#slots = slots
    this.#measures = new ChildTelemetry(deps.telemetry)
    this.handovers = new LocalHandovers(
      { ...deps, slots, classOf: (name) => this.#classOf(name) },
      options,
    )
  }

  /** Children with an instance here, of any state. */
  get live(): readonly string[] {
    return this.#slots.live
  }

  /** Everything held here for other nodes: places and states. */
  get held(): readonly string[] {
    return this.#slots.held
  }

  /**
   * Starts a child, unless a later start of it was seen here.
   *
   * @returns the later epoch; undefined when the child runs.
   * @throws {FoundationError} `FND_CHILD_EXISTS`, `FND_SERVICE_UNKNOWN`, `FND_LIMIT_REACHED`,
   *   `FND_STATE_INVALID`, `FND_CHILD_START_FAILED`.
   */
  async start(order: StartOrder): Promise<number | undefined> {
    const { id, epoch, hash } = order
    const present = this.#slots.get(id)
    if (present?.state === 'running' && present.epoch === epoch) return undefined
    const free = this.#slots.requireNoChild(id)
    const passed = this.#deps.table.lastEpoch(id)
    if (epoch <= passed) return passed
    const service = this.#classOf(order.spec.service)
    if (this.live.length >= this.#options.maxChildren) throw this.#full()
    const given = order.move === undefined ? {} : stateFor(order, free)
    const child = this.#newChild(order, service)
    this.#deps.services.reserve(id)
    this.#slots.put(id, { state: 'starting', child, epoch, hash, since: this.#deps.clock.now() })
    await this.#bringUp(child, given)
    return undefined
  }

  /** Stops a child of that epoch or an earlier one; another has nothing to fear from a late order. */
  async stop(order: { id: string; epoch: number; reason: StopReason }): Promise<void> {
    const slot = this.#slots.get(order.id)
    if (!slot || !('child' in slot) || slot.epoch > order.epoch) return
    await this.#end(order.id, slot, order.reason)
    if (this.#slots.get(order.id)?.state === 'stopping') this.#slots.forget(order.id)
  }

  /** Forgets a place, a state or an end; calls go to `to`. A child that lives is not touched. */
  clear(order: { id: string; to?: string | undefined }): void {
    const slot = this.#slots.get(order.id)
    if (!slot || 'child' in slot) return
    this.#slots.forget(order.id, order.to)
  }

  /** Stops every child at once. */
  async stopAll(reason: StopReason): Promise<void> {
    const ids = this.live
    await Promise.all(ids.map((id) => this.stop({ id, epoch: Infinity, reason })))
    for (const id of this.#slots.ids) this.clear({ id })
  }

  async #bringUp(child: LocalChild, given: { state?: unknown }): Promise<void> {
    const { id, once } = child.spec
    const { startTimeoutMs: timeoutMs } = this.#options
    const startedMs = this.#deps.host.nowMs()
    const start = (): Promise<void> => child.start({ ...given, timeoutMs })
    try {
      await this.#measures.starting(child, start)
    } catch (thrown) {
      const error = toError(thrown)
      this.#measures.failed(child, 'start', error)
      this.#exited(child, error)
      throw thrown
    }
    const slot = this.#slots.get(id)
    // It may have been stopped, or have ended, while it started.
    if (slot?.state !== 'starting' || slot.child !== child || !child.instance) return
    // First the name: who had it as a plain name stops serving it here.
    this.#slots.adoptName(id, slot)
    this.#deps.services.serve(id, child.instance)
    const isCarried = 'state' in given
    this.#slots.put(id, { ...factsOf(slot), state: 'running', child, isCarried })
    const tookMs = this.#deps.host.nowMs() - startedMs
    this.#measures.started(child, tookMs, isCarried ? 'carried' : 'fresh')
    if (once) void this.#ended(child, { kind: 'done' })
  }

  #newChild({ spec, epoch, reason }: StartOrder, service: ServiceClass): LocalChild {
    const { host, log, self: node } = this.#deps
    const child: LocalChild = new LocalChild(
      { spec, epoch, reason },
      {
        ...{ host, log, node, service },
        ended: (end) => void this.#ended(child, end),
        stopped: (why, durationMs) => {
          this.#measures.stopped(child, durationMs, why)
        },
      },
    )
    return child
  }

  /** A child ended by itself. Calls are held: it is probably started again, perhaps here. */
  async #ended(child: LocalChild, end: ChildEnd): Promise<void> {
    const slot = this.#slots.get(child.spec.id)
    if (!slot || !('child' in slot) || slot.child !== child || slot.state === 'stopping') return
    if (end.kind === 'failed') this.#measures.failed(child, 'run', end.error)
    await this.#end(child.spec.id, slot, end.kind === 'done' ? 'completed' : 'failed')
    this.#exited(child, end.kind === 'done' ? undefined : end.error)
  }

  #exited(child: LocalChild, error: Error | undefined): void {
    const { id } = child.spec
    const slot = this.#slots.get(id)
    if (!slot || !('child' in slot) || slot.child !== child) return
    this.#slots.removeName(id)
    const message = error?.message.slice(0, errorMaxLength)
    this.#slots.put(id, { ...factsOf(slot), state: 'exited', error: message })
  }

  async #end(id: string, slot: LiveSlot, reason: StopReason): Promise<void> {
    const { child } = slot
    if (slot.state === 'sealed') slot.timer.cancel()
    this.#slots.put(id, { ...factsOf(slot), state: 'stopping', child })
    await child.stop(reason, this.#deps.services.hold(id))
  }

  #classOf(name: string): ServiceClass {
    const { classes, self } = this.#deps
    const service = Object.hasOwn(classes, name) ? classes[name] : undefined
    if (service) return service
    const message = `Node "${self}" has no service "${name}"; add it to its "services" option`
    throw new FoundationError('FND_SERVICE_UNKNOWN', message)
  }

  #full(): FoundationError {
    const message = `Node "${this.#deps.self}" has supervisor.maxChildren children already`
    return new FoundationError('FND_LIMIT_REACHED', message)
  }
}

/** Longest error text that is told to others. */
const errorMaxLength = 1_024

/** The state an order speaks of, as far as there is one. */
function stateFor({ id, move }: StartOrder, slot: Slot | undefined): { state?: unknown } {
  if (slot?.state === 'reserved' && slot.move === move) return slot.arrived ?? {}
  // It goes back to where it came from: nobody else could take it.
  if (slot?.state === 'exported' && slot.move === move) {
    return slot.packed ? { state: decodeValue(slot.packed.bytes) } : {}
  }
  throw invalidState(id, `of hand-over ${move ?? ''} is not here`)
}

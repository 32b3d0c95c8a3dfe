/**
 * What this node does in a hand-over. As the source it seals a child, exports its state and lets go;
 * as the target it holds a place and fetches the state. Its home drives both.
 */
import { FoundationError, toError, within, type Host, type Log } from '../../kernel/index.ts'
import type { ServiceHost } from '../../registry/index.ts'
import type { HybridClock } from '../../replication/index.ts'
import type { CarryOrder, SealOrder } from '../commands.ts'
import type { SupervisorOptions } from '../options.ts'
import { versionOf, type ServiceClass } from '../core/service-class.ts'
import {
  fetchState,
  invalidState,
  stateChunkBytes,
  type FetchPiece,
  type PackedState,
} from './child-state.ts'
import type { LocalChild } from './local-child.ts'
import type { SlotTable } from './slot-table.ts'
import { factsOf, type SlotOf } from './slot.ts'

/** What {@link LocalHandovers} talk to. */
export interface LocalHandoversDeps {
  readonly host: Host
  readonly log: Log
  readonly clock: HybridClock
  readonly slots: SlotTable
  readonly services: Pick<ServiceHost, 'reserve' | 'seal' | 'unseal' | 'remove'>
  readonly fetch: FetchPiece
  /** @throws {FoundationError} `FND_SERVICE_UNKNOWN` */
  readonly classOf: (service: string) => ServiceClass
}

/** Options of hand-overs. */
export type HandoverLimits = Pick<
  SupervisorOptions,
  'handoverTimeoutMs' | 'handoverDrainMs' | 'stateMaxBytes'
>

/** One a node. */
export class LocalHandovers {
  readonly #deps: LocalHandoversDeps
  readonly #options: HandoverLimits

  constructor(deps: LocalHandoversDeps, options: HandoverLimits) {
    this.#deps = deps
    this.#options = options
  }

  /** Holds the calls of a child that will come here. */
  reserve(order: { id: string; move: string; hash: string }): void {
    const { id, move, hash } = order
    const { slots, services, clock } = this.#deps
    const present = slots.requireNoChild(id)
    // A state that is kept here is worth more than a place: its home must decide about it first.
    if (present?.state === 'exported' && present.packed) throw slots.existing(id)
    services.reserve(id)
    slots.put(id, { state: 'reserved', move, epoch: 0, hash, since: clock.now() })
  }

  /**
   * Sends new calls to `to`, works off the rest and exports the state. Whatever fails, the child
   * goes on serving.
   *
   * @throws {FoundationError} `FND_CHILD_PINNED`, `FND_TIMED_OUT`, `FND_STATE_INVALID`
   */
  async seal(order: SealOrder): Promise<PackedState | undefined> {
    const { id, move } = order
    const { slots, host } = this.#deps
    const { child } = slots.require(id, 'running', order.epoch)
    await child.requireMovable(this.#options.handoverDrainMs)
    // Meanwhile it may have ended, or gone on in another hand-over.
    const slot = slots.require(id, 'running', order.epoch)
    const timer = host.after(this.#options.handoverTimeoutMs, () => {
      this.unseal(id)
    })
    slots.put(id, { ...factsOf(slot), state: 'sealed', child: slot.child, move, timer })
    try {
      const packed = await this.#pack(slot.child, this.#deps.services.seal(id, order.to))
      slots.put(id, { ...this.#requireSealedFor(order), packed })
      return packed
    } catch (thrown) {
      // It may have been unsealed meanwhile, and sealed again for another hand-over.
      const present = slots.get(id)
      if (present?.state === 'sealed' && present.move === move) this.unseal(id)
      throw thrown
    }
  }

  /** Goes on serving. */
  unseal(id: string): void {
    const { slots, services } = this.#deps
    const slot = slots.get(id)
    if (slot?.state !== 'sealed') return
    services.unseal(id)
    slots.put(id, { ...factsOf(slot), state: 'running', child: slot.child, isCarried: false })
  }

  /** Stops a sealed child and keeps its state. From here on the child is no longer this node's. */
  async retire(order: { id: string; epoch: number; move: string }): Promise<void> {
    const { id, move } = order
    const { slots } = this.#deps
    const present = slots.get(id)
    if (present?.state === 'exported' && present.move === move) return
    const slot = this.#requireSealedFor(order)
    // It has worked off its calls, and those that come still are sent on: none is held here.
    slots.put(id, { ...factsOf(slot), state: 'stopping', child: slot.child })
    await slot.child.stop('moved')
    slots.put(id, { ...factsOf(slot), state: 'exported', move, packed: slot.packed })
  }

  /** A child that must give way to another: its state, as far as it has one, is kept. */
  async surrender(order: SealOrder): Promise<PackedState | undefined> {
    const { id, move, to } = order
    const { slots, services, log } = this.#deps
    this.unseal(id)
    const slot = slots.require(id, 'running', order.epoch)
    slots.put(id, { ...factsOf(slot), state: 'stopping', child: slot.child })
    const drained = services.seal(id, to)
    const packed = await this.#pack(slot.child, drained).catch((thrown: unknown) => {
      const error = toError(thrown)
      log.warn({ child: id, error }, 'the state of a child that gives way is lost')
      return undefined
    })
    // Meanwhile it may have been stopped for another reason, and another one may be expected here.
    slots.require(id, 'stopping', order.epoch)
    // Calls that wait even now are for the other one; the one that runs has its time to end.
    services.remove(id, to)
    await slot.child.stop('conflict', drained)
    slots.put(id, { ...factsOf(slot), state: 'exported', move, packed })
    return packed
  }

  /** Fetches the state of a child that will come here. */
  async carry(order: CarryOrder): Promise<void> {
    const { id, move } = order
    const { slots } = this.#deps
    const place = slots.require(id, 'reserved')
    if (place.move !== move) throw invalidState(id, `is not that of hand-over ${move}`)
    this.#checkVersion(order)
    const state = await this.#fetch(order)
    const still = slots.get(id)
    if (still?.state !== 'reserved' || still.move !== move) {
      throw invalidState(id, 'came too late: the hand-over is over')
    }
    slots.put(id, { ...still, arrived: { state } })
  }

  /** Fetches the state of one that gave way and tells the child here of it. */
  async merge(order: CarryOrder): Promise<void> {
    const slot = this.#deps.slots.require(order.id, 'running')
    await slot.child.mergeState(await this.#fetch(order))
  }

  /** What is kept of a child for another node. */
  kept({ id, move }: { id: string; move: string }): PackedState | undefined {
    const slot = this.#deps.slots.get(id)
    const isKept = slot?.state === 'exported' || slot?.state === 'sealed'
    if (!isKept || slot.move !== move) throw invalidState(id, `of hand-over ${move} is not here`)
    return slot.packed
  }

  /** A piece of it. */
  pieceOf(piece: { id: string; move: string; offset: number }): Buffer {
    const bytes = this.kept(piece)?.bytes ?? Buffer.alloc(0)
    return bytes.subarray(piece.offset, piece.offset + stateChunkBytes)
  }

  #requireSealedFor(order: Omit<SealOrder, 'to'>): SlotOf<'sealed'> {
    const { id, epoch, move } = order
    const slot = this.#deps.slots.require(id, 'sealed', epoch)
    if (slot.move === move) return slot
    const message = `Child "${id}" is in another hand-over than ${move}`
    throw new FoundationError('FND_CHILD_NOT_RUNNING', message)
  }

  async #pack(child: LocalChild, drained: Promise<void>): Promise<PackedState | undefined> {
    const { handoverDrainMs: timeoutMs, stateMaxBytes: maxBytes } = this.#options
    const what = `Calls of child "${child.spec.id}", which moves,`
    await within(this.#deps.host, drained, { what, timeoutMs })
    return child.handoff({ maxBytes, timeoutMs })
  }

  #fetch(order: CarryOrder): Promise<unknown> {
    const { stateMaxBytes: maxBytes } = this.#options
    return fetchState(order, { fetch: this.#deps.fetch, maxBytes })
  }

  #checkVersion({ id, service, version }: CarryOrder): void {
    const taker = this.#deps.classOf(service)
    const own = versionOf(taker)
    if (version === own || (version < own && taker.upgradesFrom?.(version) === true)) return
    const versions = `has version ${String(version)}, class "${service}" here has ${String(own)}`
    throw invalidState(id, `${versions}; "static upgradesFrom" may accept older ones`)
  }
}

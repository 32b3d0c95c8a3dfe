/** The slots of this node. Each change is told to the others at once, in one place. */
import { FoundationError, toError, type Log } from '../../kernel/index.ts'
import type { AdoptedName, Registry, ServiceHost } from '../../registry/index.ts'
import type { ChildTable } from '../table.ts'
import { placementOf, type Slot, type SlotOf } from './slot.ts'

/** What a {@link SlotTable} talks to. */
export interface SlotTableDeps {
  readonly log: Log
  readonly self: string
  readonly table: Pick<ChildTable, 'publish' | 'withdraw'>
  readonly services: Pick<ServiceHost, 'remove'>
  readonly names: Pick<Registry, 'adopt'>
}

/** One a node. */
export class SlotTable {
  readonly #deps: SlotTableDeps
  readonly #slots = new Map<string, Slot>()
  readonly #names = new Map<string, AdoptedName>()

  constructor(deps: SlotTableDeps) {
    this.#deps = deps
  }

  get ids(): readonly string[] {
    return [...this.#slots.keys()]
  }

  /** Children with an instance here, of any state. */
  get live(): readonly string[] {
    return [...this.#slots].filter(([, slot]) => 'child' in slot).map(([id]) => id)
  }

  /** Children whose state is kept here for another node. */
  get held(): readonly string[] {
    return [...this.#slots].filter(([, { state }]) => state === 'exported').map(([id]) => id)
  }

  get(id: string): Slot | undefined {
    return this.#slots.get(id)
  }

  /**
   * The slot of a child, which must be in that state, and be that start of it.
   *
   * @throws {FoundationError} `FND_CHILD_NOT_RUNNING`
   */
  require<S extends Slot['state']>(id: string, state: S, epoch?: number): SlotOf<S> {
    const slot = this.#slots.get(id)
    if (slot?.state === state && (epoch === undefined || slot.epoch === epoch)) {
      return slot as SlotOf<S>
    }
    const found = slot ? `${slot.state}, epoch ${String(slot.epoch)}` : 'not here'
    const message = `Child "${id}" on node "${this.#deps.self}" is ${found}, not ${state}`
    throw new FoundationError('FND_CHILD_NOT_RUNNING', message)
  }

  /**
   * The slot of a child that may come here.
   *
   * @throws {FoundationError} `FND_CHILD_EXISTS`: it has an instance here.
   */
  requireNoChild(id: string): Exclude<Slot, { readonly child: unknown }> | undefined {
    const slot = this.#slots.get(id)
    if (slot && 'child' in slot) throw this.existing(id)
    return slot
  }

  /** `FND_CHILD_EXISTS` of a child. */
  existing(id: string): FoundationError {
    const message = `Child "${id}" is on node "${this.#deps.self}" already`
    return new FoundationError('FND_CHILD_EXISTS', message)
  }

  put(id: string, slot: Slot): void {
    const former = this.#slots.get(id)
    if (former?.state === 'sealed' && slot.state !== 'sealed') former.timer.cancel()
    this.#slots.set(id, slot)
    this.#deps.table.publish(id, placementOf(slot))
  }

  /** Nothing of the child is here any more; its calls go to `movedTo`. */
  forget(id: string, movedTo?: string): void {
    this.#slots.delete(id)
    this.removeName(id)
    this.#deps.services.remove(id, movedTo)
    this.#deps.table.withdraw(id)
  }

  /** The id is the child's name in the registry too, from now until it has gone from here. */
  adoptName(id: string, { epoch, since }: Slot): void {
    try {
      this.#names.set(id, this.#deps.names.adopt(id, { epoch, since: since.wallMs }))
    } catch (thrown) {
      const error = toError(thrown)
      this.#deps.log.warn({ child: id, error }, 'a child runs without its name in the registry')
    }
  }

  removeName(id: string): void {
    this.#names.get(id)?.remove()
    this.#names.delete(id)
  }
}

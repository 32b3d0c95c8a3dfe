/** The services of the simulation: they count, and have every bad habit a user's class may have. */
import type { ServiceClass, ServiceContext, StopReason } from '../../../src/supervisor/index.ts'
import type { SimNode } from '../sim-node.ts'
import type { World } from '../world.ts'
import type { Instance, Oracle } from './oracle.ts'

/** How a child behaves. */
export const habits = [
  'plain',
  'slow', // takes its time to start
  'throws', // never starts
  'hangs', // its start never ends
  'fat', // its state cannot be carried
  'stubborn', // its stop never ends
  'pinned', // cannot be moved now
  'parent', // starts another child when it starts
] as const
/** One of {@link habits}. */
export type Habit = (typeof habits)[number]

/** What a child is started with. */
export interface SimArgs {
  readonly habit: Habit
}

const slowMs = 300

/** What a child of the simulation is part of. */
export interface SimPlace {
  readonly name: string
  readonly world: World
  readonly oracle: Oracle
}

/** Classes for the node of a name; an instance tells the oracle what happens to it. */
export function simServices(place: () => SimPlace): Readonly<Record<string, ServiceClass>> {
  class Counter {
    static readonly version = 1
    readonly #behaviour: Behaviour

    constructor(context: ServiceContext<SimArgs>) {
      this.#behaviour = new Behaviour(place(), context)
    }
    start(state?: { value: number }): Promise<void> {
      return this.#behaviour.start(state)
    }
    canMove(): boolean {
      return this.#behaviour.habit !== 'pinned'
    }
    handoff(): unknown {
      return this.#behaviour.state
    }
    mergeState(lost: { value: number }): void {
      this.#behaviour.merge(lost)
    }
    stop(reason: StopReason): Promise<void> {
      return this.#behaviour.stop(reason)
    }
    /** Does numbered work; `workMs` of it. */
    work(number: number, workMs: number): Promise<number> {
      return this.#behaviour.work(number, workMs)
    }
    read(): number {
      return this.#behaviour.value
    }
    fail(): void {
      this.#behaviour.fail()
    }
  }
  /** The same under another name, which not every node has. */
  class Rare extends Counter {
    override work(number: number, workMs: number): Promise<number> {
      return super.work(number, workMs)
    }
  }
  return hasRare(place().name) ? { Counter, Rare } : { Counter }
}

/** What an instance does, good or bad. */
class Behaviour {
  value = 0
  readonly #place: SimPlace
  readonly #context: ServiceContext<SimArgs>
  readonly #life: SimNode
  readonly #instance: Instance

  constructor(place: SimPlace, context: ServiceContext<SimArgs>) {
    const life = place.world.lives.get(place.name)
    if (!life) throw new Error(`${place.name} has no life`)
    this.#place = place
    this.#context = context
    this.#life = life
    const { id, epoch, reason } = context
    this.#instance = place.oracle.born({ id, epoch, life })
    place.oracle.count(`child started: ${reason}`)
  }

  get habit(): Habit {
    return this.#context.args.habit
  }

  get state(): unknown {
    return this.habit === 'fat' ? { value: () => 1 } : { value: this.value }
  }

  async start(state?: { value: number }): Promise<void> {
    if (state) {
      this.value = state.value
      this.#place.oracle.count('child started with its state')
    }
    if (this.habit === 'throws') throw new Error('as always')
    if (this.habit === 'hangs') await forEver()
    if (this.habit === 'slow') await this.#pass(slowMs)
    if (this.habit === 'parent') await this.#haveChild()
  }

  merge(lost: { value: number }): void {
    this.value += lost.value
    this.#place.oracle.count('child merged')
  }

  async stop(reason: StopReason): Promise<void> {
    this.#place.oracle.count(`child stopped: ${reason}`)
    this.#place.oracle.ended(this.#instance)
    if (this.habit === 'stubborn') await forEver()
  }

  async work(number: number, workMs: number): Promise<number> {
    if (this.#instance.state === 'ended') {
      this.#place.world.records.violation(`child ${this.#context.id} works after its stop`)
    }
    this.#place.oracle.worked(number)
    if (workMs > 0) await this.#pass(workMs)
    this.value += 1
    return this.value
  }

  fail(): void {
    this.#context.fail(new Error('by request'))
  }

  /** Re-entrant: asks the supervisor while the supervisor waits for it. */
  async #haveChild(): Promise<void> {
    const id = `${this.#context.id}.child`
    const args: SimArgs = { habit: 'plain' }
    await this.#life.parts.supervisor
      .startChild({ id, service: 'Counter', args, ack: 'accepted' }, { timeoutMs: 1_000 })
      .catch(() => undefined)
  }

  #pass(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#life.host.after(ms, resolve)
    })
  }
}

function forEver(): Promise<never> {
  return new Promise<never>(() => undefined)
}

/** Not every node has every class. */
function hasRare(name: string): boolean {
  return name !== 'ash' && name !== 'birch'
}

/**
 * What really happened to children, told by the instances themselves: which lived where and when,
 * which work each of them did. Checks at once what can be checked on the spot.
 */
import { supervisorDefaults } from '../../../src/supervisor/index.ts'
import type { SimNode } from '../sim-node.ts'
import type { World } from '../world.ts'

/** One instance of a child, from its constructor to the end of its `stop`. */
export interface Instance {
  readonly id: string
  readonly epoch: number
  readonly life: SimNode
  readonly bornMs: number
  state: 'living' | 'ended'
}

/** Two nodes without trouble between them for this long see each other's children. */
const calmMs = 12_000
/** Whatever was asked while they did not has been answered after this. */
const settledMs = 1_000

/** One a world. */
export class Oracle {
  /** How often children were started for each reason, and what became of calls. */
  readonly counts: Map<string, number> = new Map()
  /** True: every link is sound, so that no child may ever live twice. */
  readonly isSound: boolean
  readonly #world: World
  readonly #instances = new Map<string, Instance[]>()
  readonly #worked = new Set<number>()
  /** When all lives last did not see each other. */
  #tornMs = 0
  /** When they last did. */
  #wholeMs = 0

  constructor(world: World, isSound: boolean) {
    this.#world = world
    this.isSound = isSound
  }

  /** Time has passed. */
  look(): void {
    if (this.#isWhole()) this.#wholeMs = this.#world.nowMs
    else this.#tornMs = this.#world.nowMs
  }

  /** All lives have seen each other for a while, over links that are sound. */
  get isSettled(): boolean {
    return this.isSound && this.#world.nowMs - this.#tornMs > settledMs
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1)
  }

  /** An instance was constructed. */
  born(given: Pick<Instance, 'id' | 'epoch' | 'life'>): Instance {
    const instance: Instance = { ...given, bornMs: this.#world.nowMs, state: 'living' }
    const { id, epoch, life } = instance
    this.#world.records.note(life.name, `child ${id} epoch ${String(epoch)} born`)
    this.#checkAlone(instance)
    this.#checkEpoch(instance)
    this.#instances.set(id, [...(this.#instances.get(id) ?? []), instance])
    return instance
  }

  ended(instance: Instance): void {
    instance.state = 'ended'
    const { id, epoch, life } = instance
    this.#world.records.note(life.name, `child ${id} epoch ${String(epoch)} ended`)
  }

  /** The instances of a child that are at work in a life that has not ended. */
  living(id: string): Instance[] {
    return (this.#instances.get(id) ?? []).filter(
      ({ life, state }) => state === 'living' && life.state !== 'ended',
    )
  }

  ids(): string[] {
    return [...this.#instances.keys()]
  }

  /** Some work was done; it has a number of its own, for it must not be done twice. */
  worked(number: number): void {
    if (this.#worked.has(number)) {
      this.#world.records.violation(`call ${String(number)} was worked on twice`)
    }
    this.#worked.add(number)
  }

  hasWorked(number: number): boolean {
    return this.#worked.has(number)
  }

  /** In a sound world one child never lives twice; in any world not where all is calm. */
  #checkAlone(instance: Instance): void {
    const others = this.living(instance.id).filter(({ life }) => this.#isCalm(instance.life, life))
    for (const { life, epoch } of others) {
      this.#world.records.violation(
        `child ${instance.id} lives on ${life.name} (epoch ${String(epoch)}) and, from now on, on ` +
          `${instance.life.name} (epoch ${String(instance.epoch)})`,
      )
    }
  }

  /** Epochs of one child only grow where nodes see each other. */
  #checkEpoch(instance: Instance): void {
    for (const former of this.#instances.get(instance.id) ?? []) {
      if (former.epoch < instance.epoch || !this.#isCalm(instance.life, former.life)) continue
      // What a node did just before its end, nobody else may have seen.
      if (former.life.state === 'ended') continue
      const { id, life, epoch } = instance
      this.#world.records.violation(
        `child ${id} on ${life.name} has epoch ${String(epoch)} after ${String(former.epoch)}`,
      )
    }
  }

  #isWhole(): boolean {
    const { up } = this.#world
    return up.every((life) => up.every((other) => sees(life, other)))
  }

  /** Nothing has kept one of them, or a third, from knowing what the other does. */
  #isCalm(a: SimNode, b: SimNode): boolean {
    if (a === b) return true
    if (!sees(a, b) || !sees(b, a)) return false
    const { names, troubles, nowMs } = this.#world
    // Homes wait this long for members to come to one view, and then no longer.
    if (this.isSound) return nowMs - this.#wholeMs < supervisorDefaults.agreeWithinMs
    if (!this.#isWhole()) return false
    return names.every((name) => [a, b].every((life) => troubles.sinceMs(life.name, name) > calmMs))
  }
}

function sees(life: SimNode, other: SimNode): boolean {
  return life.parts.membership
    .members()
    .some(({ name, incarnation }) => name === other.name && incarnation === other.incarnation)
}

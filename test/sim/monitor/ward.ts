/** A world under treatment: it passes time, keeps its troubles in mind, and looks at every step. */
import {
  monitorDefaults,
  type HealingRuleName,
  type MonitorOptions,
} from '../../../src/monitor/index.ts'
import type { NodeSettings } from '../../../src/node/settings.ts'
import type { Chance } from '../../../src/testing/index.ts'
import { converge } from '../converge.ts'
import { partDefaults, type SimNode } from '../sim-node.ts'
import { World, type WorldOptions } from '../world.ts'
import { HealingLog } from './healing-log.ts'

/** What a story asks of its ward. */
export interface WardOptions extends WorldOptions {
  /** The rules of healing in force; none where nothing is treated. */
  readonly healing: readonly HealingRuleName[]
  readonly monitor?: Partial<MonitorOptions>
  /** Names that do without the rules of healing. */
  readonly withoutHealing?: readonly string[]
  /** Options of a node beside those of its monitor. */
  readonly node?: (ward: Ward, name: string) => Partial<NodeSettings>
}

const stepMs = 100
const settleMaxMs = 60_000

/** One a run of a story. */
export class Ward {
  readonly world: World
  readonly log: HealingLog
  readonly chance: Chance
  readonly isTreated: boolean
  /** Who has an excuse to think ill of whom at the moment. */
  readonly #troubles = new Set<() => void>()

  constructor({ healing, monitor = {}, withoutHealing = [], node, ...options }: WardOptions) {
    this.isTreated = healing.length > 0
    const watched = { ...monitorDefaults, ...monitor, healing }
    this.world = new World({
      ...options,
      settings: (name) => {
        const given = node?.(this, name) ?? {}
        const own = withoutHealing.includes(name) ? { ...watched, healing: [] } : watched
        return { ...given, parts: { ...partDefaults, ...given.parts, monitor: own } }
      },
    })
    this.log = new HealingLog(this.world, watched.expectedMembers)
    this.chance = this.world.chance('story')
  }

  get names(): readonly string[] {
    return this.world.names
  }

  /** The life of a name. */
  life(name: string): SimNode {
    const life = this.world.lives.get(name)
    if (!life) throw new Error(`${name} has no life`)
    return life
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.chance() * items.length)] as T
  }

  /** Somewhere from `fromMs` to `toMs`. */
  span(fromMs: number, toMs: number): number {
    return fromMs + this.chance() * (toMs - fromMs)
  }

  /** Nothing was violated so far: else a story has to end, for time does not go on. */
  get isSound(): boolean {
    return this.world.records.violations.length === 0
  }

  /** Lets time pass, unless something is wrong already. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.world.nowMs + ms
    while (this.world.nowMs < untilMs && this.isSound) {
      for (const touch of this.#troubles) touch()
      await this.world.clock.advance(Math.min(stepMs, untilMs - this.world.nowMs))
      this.log.look()
    }
  }

  /** Does something again and again for some time. */
  async during(ms: number, work: () => Promise<void>): Promise<void> {
    const untilMs = this.world.nowMs + ms
    while (this.world.nowMs < untilMs && this.isSound) await work()
  }

  /** Lets time pass until something holds; @returns how long it took, `maxMs` when it never did. */
  async until(holds: () => boolean, maxMs: number): Promise<number> {
    const sinceMs = this.world.nowMs
    while (!holds() && this.isSound && this.world.nowMs - sinceMs < maxMs) await this.pass(stepMs)
    return this.world.nowMs - sinceMs
  }

  /** From now on until the returned function is called, these may think ill of each other. */
  trouble(names: readonly string[] = this.names): () => void {
    const touch = (): void => {
      for (const name of names) this.world.troubles.touchAll(name, names)
    }
    touch()
    this.#troubles.add(touch)
    return () => {
      touch()
      this.#troubles.delete(touch)
    }
  }

  beginAll(names: readonly string[] = this.names): void {
    for (const name of names) this.world.begin(name)
  }

  /** Everybody who is up sees and reaches exactly those who are up. @returns how long that took. */
  settle(after: string): Promise<number> {
    return converge(this.world, {
      after,
      notYet: () => (this.isSound ? this.#apart() : undefined),
      maxMs: settleMaxMs,
      pass: (ms) => this.pass(ms),
    })
  }

  violation(text: string): void {
    this.world.records.violation(text)
  }

  #apart(): string | undefined {
    const { up } = this.world
    for (const life of up) {
      const { membership } = life.parts
      const others = up.filter(({ name }) => name !== life.name)
      const missing = others.find(({ name }) => !membership.roster.isLinked(name))
      if (missing) return `${life.name} has no link to ${missing.name}`
      if (membership.members().length !== up.length) return `${life.name} sees others than are up`
    }
    return undefined
  }
}

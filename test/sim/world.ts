/** The simulated world: one clock, one network, lives that begin and end. */
import type { NodeSettings } from '../../src/node/settings.ts'
import { newIncarnation } from '../../src/setup/index.ts'
import { VirtualClock, type Chance } from '../../src/testing/index.ts'
import { MemoryHub, memoryDefaults } from '../../src/transport/index.ts'
import { Records } from './records.ts'
import { SimNode } from './sim-node.ts'
import { Troubles } from './troubles.ts'

/** What decides a world. */
export interface WorldOptions {
  readonly seed: number
  readonly nodes: number
  /** What a suite gives the node of that name beside the defaults, e.g. options of the part under test. */
  readonly settings?: (name: string) => Partial<NodeSettings>
  /** False: a life knows nobody when it begins, and has to be found, or to look. */
  readonly knowsAll?: boolean
}

const KiB = 1024
const names = ['ash', 'birch', 'cedar', 'elm', 'fir', 'hazel', 'larch', 'maple', 'oak', 'pine']

/** Small queues, so that they fill; a network with delay. */
const network = {
  ...memoryDefaults,
  delayMs: 1,
  jitterMs: 4,
  wireMaxBytes: 32 * KiB,
  queueMaxBytes: { control: 512 * KiB, events: 96 * KiB, telemetry: 64 * KiB, bulk: 128 * KiB },
}

/** Most bytes one class of one link may hold. */
export const classMaxBytes: number = 512 * KiB + 64 * KiB

/** One a seed. */
export class World {
  readonly seed: number
  readonly clock: VirtualClock
  readonly hub: MemoryHub
  readonly troubles: Troubles
  readonly records: Records
  /** Every name, whether or not it has a life now. */
  readonly names: readonly string[]
  /** The present life of each name. */
  readonly lives: Map<string, SimNode> = new Map()
  /** Names without another life. */
  readonly gone: Set<string> = new Set()
  readonly #settings: (name: string) => Partial<NodeSettings>
  readonly #knowsAll: boolean
  #births = 0

  constructor({ seed, nodes, settings = () => ({}), knowsAll = true }: WorldOptions) {
    this.seed = seed
    this.#settings = settings
    this.#knowsAll = knowsAll
    this.clock = new VirtualClock({ seed })
    this.names = Array.from({ length: nodes }, (_, at) => names[at] ?? `tree-${String(at)}`)
    const host = this.clock.host('network')
    this.hub = new MemoryHub({ host, random: this.clock.chance('network') }, network)
    this.troubles = new Troubles(() => this.nowMs)
    this.records = new Records(this)
  }

  get nowMs(): number {
    return this.clock.nowMs
  }

  chance(label: string): Chance {
    return this.clock.chance(label)
  }

  /** Lives that are up, in the order of their names. */
  get up(): SimNode[] {
    return this.names.flatMap((name) => {
      const life = this.lives.get(name)
      return life?.state === 'up' ? [life] : []
    })
  }

  /** Those of them that are not paused now. */
  get awake(): SimNode[] {
    return this.up.filter(({ name }) => !this.clock.isPaused(name))
  }

  /** Makes some links slower than others, so that news of one member overtakes that of another. */
  delayLinks(): void {
    const chance = this.chance('links')
    for (const from of this.names) {
      for (const to of this.names) this.hub.delay(from, to, { baseMs: chance() * 60, jitterMs: 2 })
    }
  }

  /** Begins a life, which knows the addresses of all names, as discovery would, unless told otherwise. */
  begin(name: string): SimNode {
    const host = this.clock.host(name)
    const identity = {
      name,
      incarnation: newIncarnation(host),
      cluster: 'sim',
      addresses: [] as string[],
      roles: [],
      meta: {},
    }
    this.#births += 1
    const life = new SimNode(identity, this.#births, {
      host,
      engine: this.hub.engine(name),
      news: this.records,
      settings: this.#settings(name),
    })
    this.lives.set(name, life)
    this.records.began(life)
    this.troubles.touchAll(name, this.names)
    void this.#start(life)
    return life
  }

  /** As SIGKILL. */
  kill(name: string): void {
    const life = this.lives.get(name)
    if (!life || life.state === 'ended') return
    life.state = 'ended'
    this.troubles.touchAll(name, this.names)
    this.records.ended(life, 'killed')
    this.hub.kill(name)
    this.clock.killed(name)
  }

  /** As SIGKILL, and no life of the name follows. */
  killForGood(name: string): void {
    this.kill(name)
    this.gone.add(name)
  }

  /** As `node.stop()`. */
  leave(name: string): void {
    const life = this.lives.get(name)
    if (life?.state !== 'up') return
    life.state = 'leaving'
    this.troubles.touchAll(name, this.names)
    this.records.ended(life, 'leaving')
    void life.parts.stop().then(() => {
      if (life.state === 'leaving') life.state = 'ended'
      this.clock.killed(name)
    })
  }

  async #start(life: SimNode): Promise<void> {
    await life.parts.start()
    if (!this.#knowsAll) return
    for (const name of this.names) {
      if (name !== life.name) life.parts.membership.propose(`${name}:1`, 'seeds')
    }
  }
}

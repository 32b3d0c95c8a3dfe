/**
 * Trouble for the world, on a seeded schedule. Each seed enables some kinds of fault only, so that
 * some worlds have just one kind (a rule that one fault needs is then not hidden by another).
 * @source fault kinds after TigerBeetle's VOPR, FoundationDB (swizzle-clogging) and Jepsen's nemeses.
 */
import type { Chance } from '../../src/testing/index.ts'
import type { ChannelClass } from '../../src/transport/index.ts'
import { faultKinds, type FaultKind } from './fault-kinds.ts'
import type { World } from './world.ts'

/** A fault that lasts. */
interface Active {
  readonly untilMs: number
  /** Called while it lasts: who cannot hear whom. */
  readonly touch: () => void
  readonly end: () => void
}

const hourMs = 3_600_000
const shortestMs = 50
const longestMs = 12_000

/** One a world. */
export class Scenario {
  /** Kinds this seed enables. */
  readonly kinds: readonly FaultKind[]
  /** How often each kind struck. */
  readonly struck: Map<FaultKind, number> = new Map()
  readonly #world: World
  readonly #chance: Chance
  readonly #active = new Set<Active>()
  readonly #strikes: Readonly<Record<FaultKind, () => void>> = {
    delay: () => {
      this.#delay()
    },
    clog: () => {
      this.#clog()
    },
    'swizzle-clog': () => {
      this.#swizzleClog()
    },
    'one-way-cut': () => {
      this.#cut(true)
    },
    cut: () => {
      this.#cut(false)
    },
    split: () => {
      this.#split(0)
    },
    bridge: () => {
      this.#split(1)
    },
    ring: () => {
      this.#ring()
    },
    'isolate-one': () => {
      this.#isolateOne()
    },
    kill: () => {
      this.#endLife('kill')
    },
    leave: () => {
      this.#endLife('leave')
    },
    pause: () => {
      this.#pause()
    },
    'wall-jump': () => {
      this.#wallJump()
    },
    reset: () => {
      this.#reset()
    },
    'reset-class': () => {
      this.#resetClass()
    },
  }
  #partition: Active | undefined
  #nextMs = 3_000

  /** @param kinds instead of those the seed would choose. */
  constructor(world: World, kinds?: readonly FaultKind[]) {
    this.#world = world
    this.#chance = world.chance('scenario')
    this.kinds = kinds ?? this.#someKinds()
  }

  /** Ends what is over and begins what is due. */
  step(): void {
    const { nowMs } = this.#world
    for (const fault of [...this.#active]) {
      fault.touch()
      if (fault.untilMs <= nowMs) this.#end(fault)
    }
    if (nowMs < this.#nextMs) return
    this.#nextMs = nowMs + 100 + this.#chance() * 2_500
    const kind = this.#pick(this.kinds)
    this.#world.records.note('fault', kind)
    this.struck.set(kind, (this.struck.get(kind) ?? 0) + 1)
    this.#strikes[kind]()
  }

  /** How often each kind struck, as a suite counts it. */
  get counts(): readonly [string, number][] {
    return [...this.struck].map(([kind, count]) => [`fault ${kind}`, count])
  }

  /** Ends everything; every name lives again, but for one in some worlds. */
  heal(): void {
    if (this.#chance() < 0.3 && this.#world.up.length > 2) {
      this.#world.killForGood(this.#pick(this.#world.up).name)
    }
    for (const fault of [...this.#active]) this.#end(fault)
    this.#world.hub.heal()
    for (const a of this.#world.names) {
      for (const b of this.#world.names) this.#world.hub.delay(a, b, { baseMs: 1, jitterMs: 4 })
    }
    this.#world.records.note('fault', 'healed')
  }

  #delay(): void {
    const [a, b] = this.#pair()
    const baseMs = this.#chance() * 150
    this.#world.hub.delay(a, b, { baseMs, jitterMs: baseMs })
  }

  #clog(): void {
    const [a, b] = this.#pair()
    this.#clogOne(a, b, this.#durationMs())
  }

  #clogOne(...[from, to, ms]: [string, string, number]): void {
    this.#world.hub.clog(from, to, ms)
    this.#add(ms, {
      touch: () => {
        this.#world.troubles.touchPair(from, to)
      },
      end: () => undefined,
    })
  }

  /** All links of one node clog one after the other and are released in another order. */
  #swizzleClog(): void {
    const node = this.#pick(this.#world.names)
    const lastMs = this.#durationMs()
    for (const other of this.#others(node)) {
      this.#clogOne(other, node, lastMs * (0.3 + 0.7 * this.#chance()))
      this.#clogOne(node, other, lastMs * (0.3 + 0.7 * this.#chance()))
    }
  }

  #cut(oneWay: boolean): void {
    const [a, b] = this.#pair()
    this.#world.hub.cut(a, b, { oneWay })
    this.#add(this.#durationMs(), {
      touch: () => {
        this.#world.troubles.touchPair(a, b)
      },
      end: () => {
        this.#world.hub.mend(a, b, { oneWay })
      },
    })
  }

  /** Two halves; the first `shared` nodes are in both. */
  #split(shared: number): void {
    const names = this.#shuffled(this.#world.names)
    const at = 1 + Math.floor(this.#chance() * (names.length - 1))
    this.#partitionInto([
      names.slice(0, Math.max(at, shared)),
      [...names.slice(0, shared), ...names.slice(at)],
    ])
  }

  /** Each node reaches its two neighbours only. */
  #ring(): void {
    const names = this.#shuffled(this.#world.names)
    this.#partitionInto(names.map((name, at) => [name, names[(at + 1) % names.length] ?? name]))
  }

  #isolateOne(): void {
    const node = this.#pick(this.#world.names)
    this.#partitionInto([[node], this.#others(node)])
  }

  #partitionInto(groups: readonly (readonly string[])[]): void {
    if (this.#partition) this.#end(this.#partition)
    this.#world.hub.partition(...groups)
    this.#partition = this.#add(this.#durationMs(), {
      touch: () => {
        for (const name of this.#world.names) this.#world.troubles.touchAll(name, this.#world.names)
      },
      end: () => {
        this.#world.hub.partition()
      },
    })
  }

  /** Ends one life, if two others remain, and begins the next one of its name some time later. */
  #endLife(how: 'kill' | 'leave'): void {
    const { up, names } = this.#world
    if (up.length < Math.min(3, names.length)) return
    const { name } = this.#pick(up)
    this.#world[how](name)
    this.#add(this.#durationMs(), {
      touch: () => {
        this.#world.troubles.touchAll(name, names)
      },
      end: () => {
        this.#rebirth(name)
      },
    })
  }

  #rebirth(name: string): void {
    if (this.#world.gone.has(name)) return
    if (this.#world.lives.get(name)?.state === 'leaving') this.#world.kill(name)
    if (this.#world.lives.get(name)?.state === 'ended') this.#world.begin(name)
  }

  /** A blocked node is silent to the others; that is no excuse for it to give them up. */
  #pause(): void {
    const node = this.#pick(this.#world.names)
    const ms = Math.min(this.#durationMs(), 9_000)
    this.#world.clock.pause(node, ms)
    this.#add(ms, {
      touch: () => {
        for (const other of this.#others(node)) this.#world.troubles.touch(other, node)
      },
      end: () => undefined,
    })
  }

  #wallJump(): void {
    this.#world.clock.wallJump(this.#pick(this.#world.names), (this.#chance() * 2 - 1) * hourMs)
  }

  #reset(): void {
    this.#world.hub.reset(...this.#pair())
  }

  #resetClass(): void {
    const classes: readonly ChannelClass[] = ['events', 'telemetry', 'bulk']
    this.#world.hub.resetClass(...this.#pair(), this.#pick(classes))
  }

  #add(ms: number, fault: Pick<Active, 'touch' | 'end'>): Active {
    const active: Active = { ...fault, untilMs: this.#world.nowMs + ms }
    active.touch()
    this.#active.add(active)
    return active
  }

  #end(fault: Active): void {
    fault.touch()
    this.#active.delete(fault)
    if (fault === this.#partition) this.#partition = undefined
    fault.end()
  }

  /** Short ones are as likely as long ones. */
  #durationMs(): number {
    return shortestMs * (longestMs / shortestMs) ** this.#chance()
  }

  #someKinds(): FaultKind[] {
    const share = this.#chance() ** 2
    const some = faultKinds.filter(() => this.#chance() < share)
    return some.length > 0 ? some : [this.#pick(faultKinds)]
  }

  #pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.#chance() * items.length)] as T
  }

  #pair(): [string, string] {
    const a = this.#pick(this.#world.names)
    return [a, this.#pick(this.#others(a))]
  }

  #others(name: string): string[] {
    return this.#world.names.filter((other) => other !== name)
  }

  #shuffled(items: readonly string[]): string[] {
    return items
      .map((item) => ({ item, rank: this.#chance() }))
      .sort((a, b) => a.rank - b.rank)
      .map(({ item }) => item)
  }
}

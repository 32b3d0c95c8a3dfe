/** One seed of the suite of children, from beginning to end. */
import { monitorDefaults } from '../../../src/monitor/index.ts'
import { supervisorDefaults, type SupervisorOptions } from '../../../src/supervisor/index.ts'
import type { Chance } from '../../../src/testing/index.ts'
import { converge } from '../converge.ts'
import { convergeMaxMs } from '../run.ts'
import type { FaultKind } from '../fault-kinds.ts'
import { Scenario } from '../scenario.ts'
import { resultOf, type SeedResult } from '../seed-result.ts'
import { partDefaults, type SimNode } from '../sim-node.ts'
import { World, type WorldOptions } from '../world.ts'
import { childrenDiffer } from './children-invariants.ts'
import { ChildrenWorkload, kept } from './children-workload.ts'
import { Oracle } from './oracle.ts'
import { simServices } from './sim-child.ts'

const stepMs = 25
const chaosMs = 15_000
const calls = 5
const twiceEverySteps = 60
/** In one world of three lives come and go, but every link is sound: no child may live twice. */
const soundEvery = 3
const soundFaults: readonly FaultKind[] = ['kill', 'leave', 'wall-jump', 'delay']

const options: SupervisorOptions = {
  ...supervisorDefaults,
  startTimeoutMs: 1_000,
  handoverDrainMs: 500,
  handoverTimeoutMs: 2_000,
  drainTimeoutMs: 3_000,
  restartDelayMs: 50,
  restartDelayMaxMs: 500,
  stableAfterMs: 2_000,
}

/** A quarantine is a partition by order: worlds that are to heal must not get one at their end. */
const monitor: typeof monitorDefaults = { ...monitorDefaults, healing: [] }

/** Runs a seed. Never throws for what the code under test does wrong. */
export async function runChildrenSeed(given: WorldOptions): Promise<SeedResult> {
  const run = new Run(given)
  await run.chaos()
  await run.recovery()
  return run.result()
}

class Run {
  readonly #world: World
  readonly #oracle: Oracle
  readonly #scenario: Scenario
  readonly #workload: ChildrenWorkload
  readonly #chance: Chance
  #convergedInMs = -1

  constructor(given: WorldOptions) {
    const isActive = given.seed % 2 === 0
    const supervisor: SupervisorOptions = {
      ...options,
      process_redistribution: isActive ? 'active' : 'passive',
    }
    this.#world = new World({
      ...given,
      settings: (name) => ({
        parts: { ...partDefaults, supervisor, monitor },
        classes: simServices(() => ({ name, world: this.#world, oracle: this.#oracle })),
      }),
    })
    this.#chance = this.#world.chance('strikes')
    const isSound = given.seed % soundEvery === 0
    this.#oracle = new Oracle(this.#world, isSound)
    this.#scenario = new Scenario(this.#world, isSound ? soundFaults : undefined)
    this.#workload = new ChildrenWorkload(this.#world, this.#oracle)
  }

  async chaos(): Promise<void> {
    const world = this.#world
    if (this.#oracle.isSound) world.delayLinks()
    for (const name of world.names) world.begin(name)
    for (let step = 1; world.nowMs < chaosMs && world.records.violations.length === 0; step++) {
      this.#workload.step()
      this.#scenario.step()
      await this.#pass(stepMs)
      if (this.#oracle.isSound && step % twiceEverySteps === 0) await this.#strikeTwice()
    }
    this.#bringBack()
  }

  /** Kills a node, and another while the children of the first are being started elsewhere. */
  async #strikeTwice(): Promise<void> {
    this.#bringBack()
    const { up } = this.#world
    if (up.length < this.#world.names.length) return
    for (let at = 0; at < 2; at++) {
      const victim = up[Math.floor(this.#chance() * up.length)]
      if (victim) this.#world.kill(victim.name)
      await this.#pass(10 + this.#chance() * 60)
    }
  }

  #bringBack(): void {
    for (const name of this.#world.names) {
      if (this.#world.lives.get(name)?.state === 'ended') this.#world.begin(name)
    }
  }

  /** Everything is healed: children must come to rest, and then all must work. */
  async recovery(): Promise<void> {
    const world = this.#world
    if (world.records.violations.length > 0) return
    this.#scenario.heal()
    this.#convergedInMs = await this.#converge('the heal')
    await this.#check('calls', () => this.#callAll())
    await this.#check('a move', () => this.#moveAll())
    await this.#check('a leave', () => this.#leaveOne())
    await this.#check('a kill', () => this.#killOne())
  }

  result(): SeedResult {
    const counts = [this.#scenario.counts, this.#oracle.counts]
    return resultOf(this.#world, { convergedInMs: this.#convergedInMs, counts })
  }

  async #check(what: string, work: () => Promise<void>): Promise<void> {
    const { records } = this.#world
    if (records.violations.length > 0) return
    records.note('run', what)
    await work()
    if (records.violations.length === 0) await this.#converge(what)
  }

  /** @returns how long it took, in virtual milliseconds. */
  #converge(after: string): Promise<number> {
    return converge(this.#world, {
      after,
      notYet: () => this.#notConverged(),
      maxMs: convergeMaxMs,
      pass: (ms) => this.#pass(ms),
    })
  }

  #notConverged(): string | undefined {
    const world = this.#world
    if (world.awake.length + world.gone.size < world.names.length) {
      return 'not everybody is up and awake'
    }
    if (this.#workload.open > 0) return `${String(this.#workload.open)} requests are open`
    return childrenDiffer({ world, oracle: this.#oracle, workload: this.#workload })
  }

  /** Everybody can call every child. */
  async #callAll(): Promise<void> {
    for (const life of this.#world.up) {
      for (const id of this.#running()) {
        const value = await this.#settled(this.#workload.call(life, id))
        if (value === undefined) {
          this.#world.records.violation(`${life.name} cannot call ${id} in a healed world`)
        }
      }
    }
  }

  /** Planned moves carry the state, and calls wait for them. */
  async #moveAll(): Promise<void> {
    const [life] = this.#world.up
    if (!life) return
    for (const id of this.#running().filter((each) => isPlain(each))) {
      const from = life.parts.supervisor.which({ prefix: id })[0]?.node
      const to = this.#world.up.find(({ name }) => name !== from)?.name
      const before = await this.#settled(this.#workload.call(life, id))
      if (to === undefined || before === undefined) return
      const moved = life.parts.supervisor.move(id, to, { timeoutMs: 4_000 })
      const during = Array.from({ length: calls }, () => this.#workload.call(life, id))
      const problem = await this.#settled(moved.then(() => undefined, String))
      if (problem !== undefined) this.#world.records.violation(`move of ${id} to ${to}: ${problem}`)
      const values = await this.#settled(Promise.all(during))
      const expected = values.map((_, at) => before + 1 + at)
      if (values.join() !== expected.join()) {
        const got = `${values.join()} instead of ${expected.join()}`
        this.#world.records.violation(`calls of ${id} during its move gave ${got}`)
      }
    }
  }

  /** Children of a node that leaves go on with their state. */
  async #leaveOne(): Promise<void> {
    const { up } = this.#world
    const [leaver, other] = up
    if (!leaver || !other || up.length < 3) return
    const values = await this.#values(other.name)
    this.#world.leave(leaver.name)
    this.#world.gone.add(leaver.name)
    while (leaver.state === 'leaving') await this.#pass(stepMs)
    await this.#converge('the leave')
    for (const [id, value] of await this.#values(other.name)) {
      if (isPlain(id) && value < (values.get(id) ?? 0)) {
        this.#world.records.violation(`${id} lost its state when ${leaver.name} left`)
      }
    }
  }

  /**
   * Children of a node that dies are started elsewhere, once. One that was on its way there, and had
   * left where it was, goes on with its state.
   */
  async #killOne(): Promise<void> {
    const { up } = this.#world
    const victim = up.at(-1)
    if (!victim || up.length < 3) return
    const travels = await this.#sendTo(victim)
    this.#world.killForGood(victim.name)
    await this.#converge('a kill')
    const [life] = this.#world.up
    if (!life || !travels) return
    const value = await this.#settled(this.#workload.call(life, travels.id))
    if (value === undefined || value > travels.value) return
    this.#world.records.violation(`${travels.id} lost its state when ${victim.name} died`)
  }

  /** Moves a child to the victim; returns when it has left where it was, and does not run there yet. */
  async #sendTo(victim: SimNode): Promise<{ id: string; value: number } | undefined> {
    const [life] = this.#world.up
    const { supervisor } = life?.parts ?? {}
    const id = this.#running().find((each) => {
      const node = supervisor?.which({ prefix: each })[0]?.node
      return isPlain(each) && node !== victim.name
    })
    if (!life || !supervisor || id === undefined) return undefined
    const value = await this.#settled(this.#workload.call(life, id))
    supervisor.move(id, victim.name, { timeoutMs: 4_000 }).catch(() => undefined)
    for (let at = 0; at < 400; at++) {
      await this.#pass(1)
      const states = this.#world.up.map((each) => stateAt(each, id))
      if (states.includes('exported') && stateAt(victim, id) !== 'running') {
        return { id, value: value ?? 0 }
      }
    }
    return undefined
  }

  async #values(name: string): Promise<Map<string, number>> {
    const life = this.#world.lives.get(name)
    const values = new Map<string, number>()
    if (!life) return values
    for (const id of this.#running()) {
      const value = await this.#settled(this.#workload.call(life, id))
      if (value !== undefined) values.set(id, value)
    }
    return values
  }

  #running(): string[] {
    const [life] = this.#world.up
    const running = life?.parts.supervisor.which({ state: 'running' }) ?? []
    return running.map(({ id }) => id).sort()
  }

  /** Lets time pass until the work is done. */
  async #settled<T>(work: Promise<T>): Promise<T> {
    const pending = new Set([work])
    const settled = (): void => {
      pending.clear()
    }
    work.then(settled, settled)
    await this.#world.clock.advance(0)
    for (let at = 0; at < 4_000 && pending.size > 0; at++) await this.#pass(5)
    return work
  }

  async #pass(ms: number): Promise<void> {
    await this.#world.clock.advance(ms)
    this.#oracle.look()
    for (const life of this.#world.lives.values()) {
      if (life.state !== 'up') this.#workload.forget(life)
    }
    this.#workload.checkOpen()
  }
}

/** A kept child whose state can be moved. */
function isPlain(id: string): boolean {
  return kept.includes(id) && ['0', '1', '2', '7'].includes(id.slice(-1))
}

/** What a life says that it does with a child. */
function stateAt({ parts, name }: SimNode, id: string): string | undefined {
  for (const { key, value } of parts.ownerLog.entries('children', { owner: name })) {
    if (key === id) return (value as { state: string }).state
  }
  return undefined
}

/** One seed from beginning to end. */
import { channelClasses } from '../../src/transport/index.ts'
import { Calls } from './calls.ts'
import { Deliveries, lifelongTopic } from './deliveries.ts'
import { converge } from './converge.ts'
import { checkStep, notConverged } from './invariants.ts'
import { Scenario } from './scenario.ts'
import { resultOf, type SeedResult } from './seed-result.ts'
import { topics, Workload } from './workload.ts'
import { World, type WorldOptions } from './world.ts'

const stepMs = 20
const chaosMs = 30_000
const checkEverySteps = 5
/** The longest wait between two dials is 30 s, moved by chance; then logs compare digests. */
export const convergeMaxMs = 45_000

/** Runs a seed. Never throws for what the code under test does wrong. */
export async function runSeed(options: WorldOptions): Promise<SeedResult> {
  const run = new Run(options)
  await run.chaos()
  await run.recovery()
  return run.result()
}

class Run {
  readonly #world: World
  readonly #scenario: Scenario
  readonly #deliveries: Deliveries
  readonly #calls: Calls
  readonly #workload: Workload
  #convergedInMs = -1

  constructor(options: WorldOptions) {
    this.#world = new World(options)
    this.#scenario = new Scenario(this.#world)
    this.#deliveries = new Deliveries(this.#world)
    this.#calls = new Calls(this.#world)
    this.#world.records.lostPeer = (life, peer) => {
      this.#calls.gone(life, peer)
    }
    this.#workload = new Workload(this.#world, { deliveries: this.#deliveries, calls: this.#calls })
  }

  async chaos(): Promise<void> {
    const world = this.#world
    for (const name of world.names) world.begin(name)
    for (let step = 0; world.nowMs < chaosMs && world.records.violations.length === 0; step++) {
      this.#workload.step()
      this.#scenario.step()
      await world.clock.advance(stepMs)
      this.#calls.check()
      if (step % checkEverySteps === 0) checkStep(world)
    }
  }

  /** Everything is healed; the world must converge, and then everything must work. */
  async recovery(): Promise<void> {
    const world = this.#world
    if (world.records.violations.length > 0) return
    this.#scenario.heal()
    this.#convergedInMs = await converge(world, {
      after: 'the heal',
      notYet: () => notConverged(world, this.#workload),
      maxMs: convergeMaxMs,
      pass: async (ms) => {
        await world.clock.advance(ms)
        this.#calls.check()
      },
    })
    if (this.#convergedInMs < 0) return
    checkStep(world)
    await this.#everythingWorks()
    this.#deliveries.checkHoles()
  }

  result(): SeedResult {
    const work: [string, number][] = [
      ['published', this.#workload.published],
      ['calls with a value', this.#calls.outcomes.value],
      ['calls that failed', this.#calls.outcomes.error],
    ]
    const counts = [this.#scenario.counts, work]
    return resultOf(this.#world, { convergedInMs: this.#convergedInMs, counts })
  }

  /** Every message reaches exactly who wants it, every call is answered. */
  async #everythingWorks(): Promise<void> {
    const world = this.#world
    const answered = new Map<string, boolean>()
    for (const life of world.up) {
      for (const topic of [...topics, ...channelClasses.map(lifelongTopic)]) {
        this.#workload.publishMark(life, topic, `${life.name} on ${topic}`)
      }
      for (const { name } of world.up) {
        const key = `${life.name} to ${name}`
        answered.set(key, false)
        void this.#calls
          .call(life, name, { timeoutMs: 2_000, workMs: 0 })
          .then((ok) => answered.set(key, ok))
      }
    }
    await world.clock.advance(2_500)
    for (const [key, ok] of answered)
      if (!ok) world.records.violation(`call ${key} failed in a healed world`)
    for (const life of world.up) this.#checkMarks(life.name)
  }

  #checkMarks(name: string): void {
    const world = this.#world
    const life = world.lives.get(name)
    if (!life) return
    const interest = this.#workload.interestOf(life)
    for (const sender of world.up) {
      for (const channelClass of channelClasses) {
        const topic = lifelongTopic(channelClass)
        const count = this.#workload.receivedMark(life, `${sender.name} on ${topic}`)
        if (count !== 1)
          world.records.violation(`${name} got ${topic} of ${sender.name} ${String(count)} times`)
      }
      for (const topic of topics) {
        if (!interest.includes(topic)) continue
        const count = this.#workload.receivedMark(life, `${sender.name} on ${topic} via ${topic}`)
        if (count !== 1)
          world.records.violation(`${name} got ${topic} of ${sender.name} ${String(count)} times`)
      }
    }
  }
}

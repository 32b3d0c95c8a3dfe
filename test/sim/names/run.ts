/** One seed of the suite of names, from beginning to end. */
import { converge } from '../converge.ts'
import type { FaultKind } from '../fault-kinds.ts'
import { Scenario } from '../scenario.ts'
import { resultOf, type SeedResult } from '../seed-result.ts'
import { World, type WorldOptions } from '../world.ts'
import {
  checkSoleOwner,
  checkTables,
  leftOpen,
  metaDiffers,
  tablesDiffer,
} from './name-invariants.ts'
import { contested, NameWorkload, usual } from './name-workload.ts'

const stepMs = 25
const chaosMs = 10_000
const checkEverySteps = 4
/** The longest wait between two dials is 30 s, moved by chance; void grants go after ten seconds. */
const convergeMaxMs = 60_000
/** In one world of three lives come and go, but every link is sound. */
const soundEvery = 3
const soundFaults: readonly FaultKind[] = ['kill', 'leave', 'wall-jump']

/** Runs a seed. Never throws for what the code under test does wrong. */
export async function runNamesSeed(options: WorldOptions): Promise<SeedResult> {
  const run = new Run(options)
  await run.chaos()
  await run.recovery()
  return run.result()
}

class Run {
  readonly #world: World
  readonly #scenario: Scenario
  readonly #workload: NameWorkload
  readonly #isSound: boolean
  #convergedInMs = -1

  constructor(options: WorldOptions) {
    this.#world = new World(options)
    this.#isSound = options.seed % soundEvery === 0
    this.#scenario = new Scenario(this.#world, this.#isSound ? soundFaults : undefined)
    const habits = this.#isSound ? contested : usual
    this.#workload = new NameWorkload(this.#world, habits, (holding) => {
      if (this.#isSound) checkSoleOwner(this.#world, this.#workload.holdings, holding)
    })
  }

  async chaos(): Promise<void> {
    const world = this.#world
    if (this.#isSound) world.delayLinks()
    for (const name of world.names) world.begin(name)
    for (let step = 0; world.nowMs < chaosMs && world.records.violations.length === 0; step++) {
      this.#workload.step()
      this.#scenario.step()
      await world.clock.advance(stepMs)
      this.#workload.checkClaims()
      if (step % checkEverySteps === 0) checkTables(world, this.#workload.holdings)
    }
  }

  /** Everything is healed: all tables must become equal, and be what the owners say. */
  async recovery(): Promise<void> {
    const world = this.#world
    if (world.records.violations.length > 0) return
    this.#scenario.heal()
    this.#convergedInMs = await converge(world, {
      after: 'the heal',
      notYet: () => this.#notConverged(),
      maxMs: convergeMaxMs,
      pass: async (ms) => {
        await world.clock.advance(ms)
        this.#workload.checkClaims()
      },
    })
    if (this.#convergedInMs < 0) return
    checkTables(world, this.#workload.holdings)
  }

  result(): SeedResult {
    const counts = [this.#scenario.counts, this.#workload.counts]
    return resultOf(this.#world, { convergedInMs: this.#convergedInMs, counts })
  }

  #notConverged(): string | undefined {
    const world = this.#world
    const up = world.awake.length + world.gone.size
    if (up < world.names.length) return 'not everybody is up and awake'
    if (this.#workload.open > 0) return `${String(this.#workload.open)} claims are open`
    const strangers = world.up.find(
      ({ parts }) => parts.membership.members().length !== world.up.length,
    )
    if (strangers) return `${strangers.name} does not see everybody`
    return tablesDiffer(world, this.#workload.holdings) ?? metaDiffers(world) ?? leftOpen(world)
  }
}

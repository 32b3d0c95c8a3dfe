/**
 * The suite of config: whole nodes under the faults of the scenario, and the bare protocol under faults
 * at single messages, with and without files.
 */
import assert from 'node:assert/strict'
import type { Suite } from '../suites.ts'
import { converge } from '../converge.ts'
import { everyFault } from '../fault-kinds.ts'
import { Scenario } from '../scenario.ts'
import { resultOf, type SeedResult } from '../seed-result.ts'
import { World, type WorldOptions } from '../world.ts'
import { faultsOf, runStory, stories } from './sweep.ts'
import { ConfigTraffic } from './traffic.ts'

const stepMs = 20
const chaosMs = 8_000
const convergeMaxMs = 60_000
const calmLooks = 5
const bareRuns = 24

/** One seed from beginning to end. */
export async function runConfigSeed(options: WorldOptions): Promise<SeedResult> {
  const world = new World(options)
  const scenario = new Scenario(world)
  const traffic = new ConfigTraffic(world)
  await bareProtocol(world)
  await chaos(world, scenario, traffic)
  const convergedInMs = await recovery(world, scenario, traffic)
  return resultOf(world, { convergedInMs, counts: [scenario.counts, traffic.counts] })
}

/** What a few dozen seeds must have met. */
export const configSuite: Suite = {
  name: 'config',
  nodes: 4,
  runSeed: runConfigSeed,
  expected: [
    ...everyFault,
    ...['committed', 'set', 'in doubt', 'config-changed', 'config-conflict', 'config-in-doubt'],
    ...['FND_CONFIG_REFUSED', 'FND_CONFIG_CONFLICT', 'FND_CONFIG_ABORTED', 'FND_CONFIG_IN_DOUBT'],
  ],
}

/** The protocol alone: the seed draws a story and what happens to its messages. */
async function bareProtocol(world: World): Promise<void> {
  const chance = world.chance('bare protocol')
  for (let run = 0; run < bareRuns; run++) {
    const story = stories[Math.floor(chance() * stories.length)]
    assert.ok(story)
    const { violations, trace } = await runStory(story, {
      seed: world.seed,
      isDurable: chance() < 0.5,
      rebirthMs: chance() < 0.5 ? undefined : Math.floor(chance() * 3_000),
      faults: faultsOf(24, chance),
    })
    for (const line of trace) world.records.note('bare', line)
    for (const text of violations) world.records.violation(`bare protocol, ${story.name}: ${text}`)
  }
}

async function chaos(world: World, scenario: Scenario, traffic: ConfigTraffic): Promise<void> {
  for (const name of world.names) world.begin(name)
  while (world.nowMs < chaosMs && world.records.violations.length === 0) {
    scenario.step()
    traffic.meet()
    traffic.step()
    await world.clock.advance(stepMs)
  }
}

/** @returns virtual milliseconds from the heal until all agree; -1 when they never did. */
async function recovery(world: World, scenario: Scenario, traffic: ConfigTraffic): Promise<number> {
  if (world.records.violations.length > 0) return -1
  scenario.heal()
  traffic.meet()
  const notYet = (): string | undefined => apart(world) ?? traffic.notSettled()
  const rest = { notYet, maxMs: convergeMaxMs, calmLooks }
  const convergedInMs = await converge(world, { ...rest, after: 'the heal' })
  await traffic.decideDoubts()
  await converge(world, { ...rest, after: 'a person decided' })
  const doubtful = world.up.find(({ parts }) => parts.config.inDoubt().length > 0)
  if (doubtful) world.records.violation(`${doubtful.name} is in doubt though a person decided`)
  if (world.records.violations.length === 0) await traffic.checkCommits()
  return convergedInMs
}

/** Why not everybody is there, linked to everybody and taken for nobody who is gone. */
function apart(world: World): string | undefined {
  const expected = world.names.filter((name) => !world.gone.has(name))
  if (world.awake.length < expected.length) return 'not everybody is up and awake'
  const astray = world.up.find(
    ({ parts: { membership } }) =>
      membership.peers().length < expected.length - 1 ||
      membership.members().length > expected.length,
  )
  return astray && `${astray.name} does not see exactly those who are up`
}

/** The suite of the monitor: stories of an illness and its cure, each seed one of them. */
import assert from 'node:assert/strict'
import { resultOf, type SeedResult } from '../seed-result.ts'
import type { Suite } from '../suites.ts'
import type { WorldOptions } from '../world.ts'
import { splitAndJoin } from './stories/children.ts'
import { beyondCure, missingEdge } from './stories/links.ts'
import { lostDiscovery } from './stories/lookups.ts'
import { flapping, healthy, manyFlap, sickObserver } from './stories/members.ts'
import type { Story } from './story.ts'
import { Ward } from './ward.ts'

const stories: readonly Story[] = [
  ...[missingEdge, flapping, lostDiscovery, splitAndJoin],
  ...[beyondCure, manyFlap, sickObserver, healthy],
]

/** One seed: a story with its cure, and where there is one, without. */
export async function runMonitorSeed(options: WorldOptions): Promise<SeedResult> {
  const story = stories[options.seed % stories.length]
  assert.ok(story)
  const treated = await tell(story, options, true)
  const { world, log } = treated.ward
  if (treated.ill > story.illMax && world.records.violations.length === 0) {
    const seen = `${String(treated.ill)}, more than ${String(story.illMax)}`
    world.records.violation(`${story.name}: not cured: ${seen}`)
  }
  const counts = new Map<string, number>([[`story: ${story.name}`, 1]])
  if (story.isBeyondCure !== true) {
    const untreated = await tell(story, options, false)
    world.records.note('untreated', untreated.ward.world.clock.traceHash)
    for (const text of untreated.ward.world.records.violations) {
      world.records.violation(`untreated: ${text}`)
    }
    if (untreated.ill > treated.ill) counts.set(`less ill by the cure: ${story.name}`, 1)
  }
  return resultOf(world, { convergedInMs: -1, counts: [log.counts, counts] })
}

async function tell(
  story: Story,
  options: WorldOptions,
  isTreated: boolean,
): Promise<{ ward: Ward; ill: number }> {
  const ward = new Ward({ ...options, ...story.options, healing: isTreated ? story.cure : [] })
  return { ward, ill: await story.run(ward) }
}

const curable = stories.filter(({ isBeyondCure }) => isBeyondCure !== true)

/** What a few dozen seeds must have met. */
export const monitorSuite: Suite = {
  name: 'monitor',
  nodes: 5,
  runSeed: runMonitorSeed,
  expected: [
    ...stories.map(({ name }) => `story: ${name}`),
    ...curable.map(({ name }) => `less ill by the cure: ${name}`),
    ...['redial', 'rediscover', 'quarantine', 'expected'].map((rule) => `healing ${rule}: done`),
  ],
}

/** Systematic: every fault at every message of a commit; and, drawn by seeds, several at once. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seededChance } from '../../src/testing/index.ts'
import { faultsOf, runStory, stories, sweep, type RunResult } from './config/sweep.ts'

const drawn = 500

describe('a commit of three nodes', () => {
  for (const story of stories) {
    for (const isDurable of [false, true]) {
      const where = isDurable ? 'with files' : 'in memory'
      it(`keeps every promise whatever happens to any one message: ${story.name}, ${where}`, async () => {
        const met = { committed: 0, inDoubt: 0, runs: 0 }
        for (const rebirthMs of [undefined, 2_000]) {
          met.runs += await sweep(story, { seed: 1, isDurable, rebirthMs }, (result, what) => {
            assert.deepEqual(result.violations, [], `${what}\n${result.trace.join('\n')}`)
            met.committed += result.committed
            met.inDoubt += result.inDoubt
          })
        }
        assert.ok(met.runs >= 100)
        if (story.refuses === undefined) assert.ok(met.committed > 0 && met.inDoubt > 0)
        else assert.equal(met.committed, 0)
      })
    }
  }

  it(`keeps every promise with two or more faults at once, in ${String(drawn)} draws`, async () => {
    for (let seed = 1; seed <= drawn; seed++) {
      const { violations, trace } = await drawnRun(seed)
      assert.deepEqual(violations, [], `seed ${String(seed)}\n${trace.join('\n')}`)
    }
  })
})

function drawnRun(seed: number): Promise<RunResult> {
  const chance = seededChance(seed, 'faults')
  const story = stories[seed % stories.length]
  assert.ok(story)
  return runStory(story, {
    seed,
    isDurable: chance() < 0.5,
    rebirthMs: chance() < 0.5 ? undefined : Math.floor(chance() * 3_000),
    faults: faultsOf(24, chance),
  })
}

/** Seeds as tests, in groups of ten. Two files share them, so that two processors are used. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runSeed, type SeedResult } from './run.ts'
import { faultKinds } from './scenario.ts'

const nodes = 5
const group = 10
const replayed = 5

const expectedNews = [
  ...['member-up', 'member-suspect', 'member-alive', 'member-down', 'member-left'],
  ...['gap', 'class-degraded', 'class-restored', 'calls with a value', 'calls that failed'],
]

/** Registers the seeds from `first` on; `count` is a multiple of ten. */
export function describeSeeds(first: number, count: number): void {
  describe('five simulated nodes', () => {
    const results: SeedResult[] = []

    for (let from = first; from < first + count; from += group) {
      it(`keep every promise in seeds ${String(from)} to ${String(from + group - 1)}`, async () => {
        for (let seed = from; seed < from + group; seed++) results.push(await runOne(seed))
      })
    }

    it('do the same again when a seed is run again', async () => {
      for (const { seed, traceHash } of results.slice(0, replayed)) {
        const again = await runSeed({ seed, nodes })
        assert.equal(again.traceHash, traceHash, `seed ${String(seed)}`)
      }
    })

    it('met every kind of fault and of news', () => {
      const expected = [...faultKinds.map((kind) => `fault ${kind}`), ...expectedNews]
      const met = new Set(results.flatMap(({ counts }) => [...counts.keys()]))
      assert.deepEqual(
        expected.filter((kind) => !met.has(kind)),
        [],
      )
    })
  })
}

async function runOne(seed: number): Promise<SeedResult> {
  const result = await runSeed({ seed, nodes })
  const replay = `replay: npm run sim -- --seed ${String(seed)} --nodes ${String(nodes)}`
  assert.deepEqual(result.violations, [], replay)
  return result
}

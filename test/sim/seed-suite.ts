/** Seeds as tests, in groups of ten. Two files share them, so that two processors are used. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SeedResult } from './seed-result.ts'
import { suiteOf, type Suite } from './suites.ts'

const group = 10
const replayed = 5

/** Which seeds: `count` of them, a multiple of ten, from `first` on. */
export interface SeedRange {
  readonly first: number
  readonly count: number
}

/** Registers the seeds of a suite as tests. */
export function describeSeeds(name: string, { first, count }: SeedRange): void {
  const suite = suiteOf(name)
  const { nodes } = suite
  describe(`${String(nodes)} simulated nodes, suite ${name}`, () => {
    const results: SeedResult[] = []

    for (let from = first; from < first + count; from += group) {
      it(`keep every promise in seeds ${String(from)} to ${String(from + group - 1)}`, async () => {
        for (let seed = from; seed < from + group; seed++) results.push(await runOne(suite, seed))
      })
    }

    it('do the same again when a seed is run again', async () => {
      for (const { seed, traceHash } of results.slice(0, replayed)) {
        const again = await suite.runSeed({ seed, nodes })
        assert.equal(again.traceHash, traceHash, `seed ${String(seed)}`)
      }
    })

    it('met every kind of fault and of news', () => {
      const met = new Set(results.flatMap(({ counts }) => [...counts.keys()]))
      assert.deepEqual(
        suite.expected.filter((kind) => !met.has(kind)),
        [],
      )
    })
  })
}

async function runOne({ name, nodes, runSeed }: Suite, seed: number): Promise<SeedResult> {
  const result = await runSeed({ seed, nodes })
  const replay = `replay: npm run sim -- --suite ${name} --seed ${String(seed)} --nodes ${String(nodes)}`
  assert.deepEqual(result.violations, [], replay)
  return result
}

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runSeed, type SeedResult } from './run.ts'
import { faultKinds } from './scenario.ts'

const nodes = 5
const firstSeed = 1
const seeds = 200
const tensOfSeeds = Array.from({ length: seeds / 10 }, (_, at) => firstSeed + at * 10)

describe('five simulated nodes', () => {
  const results: SeedResult[] = []

  for (const from of tensOfSeeds) {
    it(`keep every promise in seeds ${String(from)} to ${String(from + 9)}`, async () => {
      for (let seed = from; seed < from + 10; seed++) {
        const result = await runSeed({ seed, nodes })
        results.push(result)
        const replay = `replay: npm run sim -- --seed ${String(seed)} --nodes ${String(nodes)}`
        assert.deepEqual(result.violations, [], replay)
      }
    })
  }

  it('do the same again when a seed is run again', async () => {
    for (const { seed, traceHash } of results.slice(0, 5)) {
      const again = await runSeed({ seed, nodes })
      assert.equal(again.traceHash, traceHash, `seed ${String(seed)}`)
    }
  })

  it('met every kind of fault, and every kind of news', () => {
    const counts = new Map<string, number>()
    for (const result of results) {
      for (const [kind, count] of result.counts) counts.set(kind, (counts.get(kind) ?? 0) + count)
    }
    const expected = [
      ...faultKinds.map((kind) => `fault ${kind}`),
      ...['member-up', 'member-suspect', 'member-alive', 'member-down', 'member-left'],
      ...['gap', 'class-degraded', 'class-restored', 'calls with a value', 'calls that failed'],
    ]
    assert.deepEqual(
      expected.filter((kind) => (counts.get(kind) ?? 0) === 0),
      [],
    )
  })
})

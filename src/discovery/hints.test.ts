import assert from 'node:assert/strict'
import { it } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { checkHint, isSameHint } from './hints.ts'

const word = fc.constantFrom('a', 'b')
const hint = fc.record(
  {
    host: word,
    port: fc.integer({ min: 1, max: 2 }),
    ttlMs: fc.integer({ min: 1, max: 2 }),
    nodeName: word,
    cluster: word,
    addresses: fc.array(fc.constantFrom('a:1', 'b:1'), { maxLength: 2 }),
    meta: fc.dictionary(word, word),
  },
  { requiredKeys: ['host'] },
)

it('hints: a hint that is well formed comes through the check as it stands, as another object', () => {
  fc.assert(
    fc.property(hint, (given) => {
      const checked = checkHint(given)
      assert.deepEqual(checked, { ...given, ...(given.meta && { meta: { ...given.meta } }) })
      assert.notEqual(checked, given)
    }),
  )
})

it('hints: two that differ in anything are never taken for the same; copies always are', () => {
  fc.assert(
    fc.property(hint, hint, (a, b) => {
      assert.ok(isSameHint(a, structuredClone(a)))
      if (isSameHint(a, b)) assert.ok(isDeepStrictEqual(checkHint(a), checkHint(b)))
    }),
    { numRuns: 500 },
  )
})

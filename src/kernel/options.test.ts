import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  flag,
  integer,
  listOf,
  number,
  oneOf,
  optional,
  required,
  text,
  textCheck,
} from './option-rules.ts'
import { defaultsOf, nearest, resolveRules, type Rules } from './options.ts'

interface ProbeOptions {
  readonly probeIntervalMs: number
  readonly ratio: number
  readonly isEager: boolean
  readonly mode: 'a' | 'b'
  readonly label: string
  readonly hosts: readonly string[] | undefined
}

const rules: Rules<ProbeOptions> = {
  probeIntervalMs: integer(500, { min: 10, max: 60_000 }),
  ratio: number(0.5, { min: 0, max: 1 }),
  isEager: flag(false),
  mode: oneOf('a', ['a', 'b']),
  label: text('x'),
  hosts: optional(listOf(textCheck)),
}

const refusal = (given: unknown): string => {
  try {
    resolveRules(rules, given, 'probe')
    return 'accepted'
  } catch (error) {
    return (error as Error).message
  }
}

describe('resolveRules()', () => {
  it('puts given values over the defaults and freezes the result', () => {
    const resolved = resolveRules(rules, { probeIntervalMs: 20, mode: undefined })
    assert.deepEqual(resolved, { ...defaultsOf(rules), probeIntervalMs: 20 })
    assert.ok(Object.isFrozen(resolved))
  })

  it('refuses an unknown key and names the nearest known one', () => {
    assert.match(
      refusal({ probeIntervalMS: 1 }),
      /"probe\.probeIntervalMS" is not known; did you mean "probeIntervalMs"/,
    )
    assert.match(refusal({ probe_interval_ms: 1 }), /did you mean "probeIntervalMs"/)
    assert.match(refusal({ zzz: 1 }), /known options: probeIntervalMs, ratio/)
  })

  it('does not take inherited names for options', () => {
    assert.match(refusal({ constructor: 1 }), /"probe\.constructor" is not known/)
    assert.match(refusal(JSON.parse('{"__proto__": 1}')), /__proto__.* is not known/)
  })

  it('says what was expected and what it got', () => {
    assert.equal(
      refusal({ probeIntervalMs: 5 }),
      'Option "probe.probeIntervalMs": expected a whole number from 10 to 60000, got 5',
    )
    assert.match(refusal({ probeIntervalMs: '20' }), /got "20"/)
    assert.match(refusal({ ratio: Number.NaN }), /expected a number from 0 to 1, got NaN/)
    assert.match(refusal({ isEager: 1 }), /expected true or false, got 1/)
    assert.match(refusal({ mode: 'c' }), /expected one of "a", "b", got "c"/)
    assert.match(refusal({ label: '' }), /expected a string that is not empty/)
    assert.match(refusal({ hosts: ['a', 3] }), /item 1: expected a string/)
    assert.match(refusal([]), /"probe": expected an object, got an array/)
  })
})

describe('nearest()', () => {
  it('ignores case and separators, and gives up when nothing is near', () => {
    assert.equal(nearest('Gosip', ['gossip', 'static']), 'gossip')
    assert.equal(nearest('kubernetes', ['gossip', 'static']), undefined)
  })
})

describe('a required option', () => {
  const strict: Rules<{ url: string }> = { url: required(textCheck) }

  it('must be given, and undefined is not', () => {
    const message = 'Option "lan.url" is required: expected a string that is not empty'
    for (const given of [{}, { url: undefined }]) {
      assert.throws(() => resolveRules(strict, given, 'lan'), {
        code: 'FND_OPTION_INVALID',
        message,
      })
    }
    assert.deepEqual(resolveRules(strict, { url: 'x' }), { url: 'x' })
  })
})

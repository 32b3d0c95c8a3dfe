import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { overlap, pathsAbove, pathText, patternTokens } from './path.ts'

describe('a path of a setting', () => {
  it('is a text with dots, or a list', () => {
    assert.equal(pathText(['features', 'checkout']), 'features.checkout')
    assert.equal(pathText('features.checkout'), 'features.checkout')
    assert.deepEqual(patternTokens('features.*.>'), ['features', '*', '>'])
  })

  it('is refused with what is wrong', () => {
    const bad: unknown[] = [
      '',
      'a..b',
      'a.*',
      'a b',
      [],
      ['a.b'],
      [1],
      7,
      '__proto__.x',
      'x'.repeat(257),
    ]
    for (const path of bad) {
      assert.throws(() => pathText(path as string), { code: 'FND_OPTION_INVALID' }, String(path))
    }
    assert.throws(() => patternTokens('a.>.b'), { code: 'FND_OPTION_INVALID' })
  })

  it('overlaps those above and below it, and no namesake', () => {
    assert.deepEqual(
      ['a.b', 'a', 'a.b.c', 'a.bc', 'b'].map((other) => overlap('a.b', other)),
      [true, true, true, false, false],
    )
    assert.deepEqual(pathsAbove('a.b.c'), ['a.b', 'a'])
  })
})

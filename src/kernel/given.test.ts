import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkGiven, checkWord, waitChecks } from './given.ts'
import type { WaitOptions } from './waiting.ts'

const check = (given: unknown) => (): void => {
  checkGiven(waitChecks, given as WaitOptions, 'drain')
}

describe('checkGiven', () => {
  it('takes what is right, and nothing', () => {
    check(undefined)()
    check({})()
    check({ timeoutMs: undefined, signal: undefined })()
    check({ timeoutMs: 0.5, signal: new AbortController().signal })()
  })

  it('names an unknown key and the one that may be meant', () => {
    const error = { code: 'FND_OPTION_INVALID', message: /"drain\.timeout" .*"timeoutMs"/ }
    assert.throws(check({ timeout: 5 }), error)
    assert.throws(check({ toString: 5 }), { message: /"drain\.toString" is not known/ })
  })

  it('names what it expects', () => {
    assert.throws(check({ timeoutMs: '5' }), { message: /"drain\.timeoutMs": .*, got "5"/ })
    assert.throws(check({ timeoutMs: NaN }), { code: 'FND_OPTION_INVALID' })
    assert.throws(check({ timeoutMs: -1 }), { code: 'FND_OPTION_INVALID' })
    assert.throws(check({ signal: {} }), { message: /AbortSignal/ })
    for (const given of [null, 5, 'x', [5]]) {
      assert.throws(check(given), { message: /"drain options": expected an object/ })
    }
  })
})

describe('checkWord', () => {
  it('names the nearest known word', () => {
    const known = ['member-up', 'member-down']
    checkWord('type of event', 'member-up', known)
    assert.throws(() => {
      checkWord('type of event', 'member-upp', known)
    }, /did you mean "member-up"/)
    assert.throws(
      () => {
        checkWord('type of event', undefined, known)
      },
      { code: 'FND_OPTION_INVALID' },
    )
  })
})

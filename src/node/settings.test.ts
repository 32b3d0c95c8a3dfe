import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkStartOptions } from '../setup/index.ts'
import { resolvePartOptions, type PartOptions } from './settings.ts'

const resolve = (given: object): PartOptions => resolvePartOptions(checkStartOptions(given))

describe('resolvePartOptions()', () => {
  it('lays a preset between the defaults and what was given', () => {
    const { membership } = resolve({ preset: 'wan', membership: { suspectAfterMs: 6_000 } })
    assert.deepEqual([membership.suspectAfterMs, membership.downAfterMs], [6_000, 15_000])
  })

  it('refuses a verdict that comes no later than the suspicion', () => {
    const why =
      /"membership.downAfterMs": expected more than membership.suspectAfterMs \(5000\), got 4000/
    assert.throws(() => resolve({ membership: { suspectAfterMs: 5_000 } }), {
      code: 'FND_OPTION_INVALID',
      message: why,
    })
  })
})

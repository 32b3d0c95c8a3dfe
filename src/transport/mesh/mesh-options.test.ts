import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { resolveRules } from '../../kernel/index.ts'
import { meshDefaults, meshRules, queueMaxBytesOf } from './mesh-options.ts'

describe('meshRules', () => {
  it('take what is right and keep the defaults for the rest', () => {
    const given = { listen: { port: 7000 }, advertise: { host: 'a', port: 0 }, interfaces: ['lo'] }
    assert.deepEqual(resolveRules(meshRules, given), { ...meshDefaults, ...given })
  })

  it('refuse what cannot be an address', () => {
    for (const listen of [5, null, { port: 65_536 }, { port: -1 }, { host: '' }, { hots: 'a' }]) {
      assert.throws(() => resolveRules(meshRules, { listen }), { code: 'FND_OPTION_INVALID' })
    }
  })

  it('know the bound of every class', () => {
    assert.equal(queueMaxBytesOf(meshDefaults, 'control'), 8 * 1024 * 1024)
    assert.equal(queueMaxBytesOf(meshDefaults, 'bulk'), 16 * 1024 * 1024)
  })
})

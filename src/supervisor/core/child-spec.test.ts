import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkChildSpec, childSpecHash, type ChildSpecInput } from './child-spec.ts'

const input = { id: 'counter:1', service: 'Counter', args: { a: 1, b: [{ c: 2, d: 3 }] } }
const hashOf = (given: ChildSpecInput): string => childSpecHash(checkChildSpec(given))

describe('child specification', () => {
  it('is completed with defaults', () => {
    const { restart, maxRestarts, withinMs, placement } = checkChildSpec(input)
    assert.deepEqual(
      [restart, maxRestarts, withinMs, placement],
      ['permanent', 3, 5_000, 'bounded'],
    )
  })

  it('has one hash whatever the order of keys, and another for any other content', () => {
    const same = { args: { b: [{ d: 3, c: 2 }], a: 1 }, service: 'Counter', id: 'counter:1' }
    assert.equal(hashOf(same), hashOf(input))
    assert.equal(hashOf({ ...input, restart: 'permanent' }), hashOf(input))
    const others = [
      { ...input, id: 'counter:2' },
      { ...input, args: { a: 1 } },
      { ...input, restart: 'temporary' as const },
      { ...input, roles: ['db'] },
      { ...input, once: true },
    ]
    assert.equal(new Set([hashOf(input), ...others.map(hashOf)]).size, others.length + 1)
  })

  it('refuses ids a person could not type, unknown keys and bad values', () => {
    const bad: unknown[] = [
      { ...input, id: '' },
      { ...input, id: 'with space' },
      { ...input, id: 'x'.repeat(201) },
      { ...input, id: 7 },
      { service: 'Counter' },
      { id: 'x' },
      { ...input, restart: 'sometimes' },
      { ...input, maxRestarts: -1 },
      { ...input, roles: 'db' },
      { ...input, argss: 1 },
      undefined,
    ]
    for (const each of bad) {
      assert.throws(() => checkChildSpec(each as ChildSpecInput), { code: 'FND_OPTION_INVALID' })
    }
    for (const id of ['a', 'user:42', 'tenants/7/jobs', 'x@y.z', 'ü'.repeat(0) + 'A_b-c']) {
      assert.equal(checkChildSpec({ ...input, id }).id, id)
    }
  })

  it('refuses arguments that cannot travel', () => {
    const withArgs = (args: unknown) => () => checkChildSpec({ ...input, args })
    assert.throws(
      withArgs(() => 1),
      { code: 'FND_MESSAGE_INVALID' },
    )
    assert.throws(withArgs('x'.repeat(30_000)), { code: 'FND_MESSAGE_TOO_LARGE' })
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemHost } from '../kernel/index.ts'
import type { StandardSchema } from '../pubsub/index.ts'
import { Validators } from './validators.ts'

const limits = { host: systemHost, timeoutMs: 1_000 }
const candidate = { paths: ['limits.orders'], before: {}, after: { limits: { orders: 5 } } }

describe('Validators', () => {
  it('see the settings as they would be', async () => {
    const validators = new Validators()
    const seen: unknown[] = []
    validators.add('limits.*', (value, { path, previous, get }) => {
      seen.push([path, value, previous, get('limits')])
    })
    validators.add('other', () => seen.push('other'))
    assert.equal(await validators.check(candidate, limits), undefined)
    assert.deepEqual(seen, [['limits.orders', 5, undefined, { orders: 5 }]])
  })

  it('may be a schema of any library, also one that takes its time', async () => {
    const validators = new Validators()
    const schema: StandardSchema = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: () => Promise.resolve({ issues: [{ message: 'too few', path: ['orders'] }] }),
      },
    }
    const remove = validators.add('limits', schema)
    const problem = await validators.check(candidate, limits)
    assert.deepEqual(problem, { kind: 'validator', reason: '"limits": orders: too few' })
    remove()
    assert.equal(await validators.check(candidate, limits), undefined)
  })

  it('have a deadline, and what they throw is the reason', async () => {
    const validators = new Validators()
    const remove = validators.add('>', () => new Promise(() => undefined))
    const late = await validators.check(candidate, { ...limits, timeoutMs: 5 })
    assert.match(late?.reason ?? '', /longer than 5 ms/)
    remove()
    validators.add('>', () => Promise.reject(new Error('mine')))
    assert.match((await validators.check(candidate, limits))?.reason ?? '', /"limits.orders": mine/)
  })
})

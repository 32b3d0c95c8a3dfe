import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { RepeatGate } from './repeat-gate.ts'

describe('RepeatGate', () => {
  it('lets a key through once in the quiet time, each key for itself', () => {
    const gate = new RepeatGate({ quietMs: 100, keysMax: 10 })
    const opened = [0, 99, 100, 150].map((nowMs) => gate.opens('a', nowMs))
    assert.deepEqual(opened, [true, false, true, false])
    assert.ok(gate.opens('b', 150))
  })

  it('opens again for what begins with the prefix that was reset', () => {
    const gate = new RepeatGate({ quietMs: 100, keysMax: 10 })
    for (const key of ['dial a 1', 'dial a 2', 'dial ab 1']) gate.opens(key, 0)
    gate.reset('dial a ')
    const opened = ['dial a 1', 'dial a 2', 'dial ab 1'].map((key) => gate.opens(key, 1))
    assert.deepEqual(opened, [true, true, false])
  })

  it('forgets the oldest key for a new one', () => {
    const gate = new RepeatGate({ quietMs: 100, keysMax: 2 })
    for (const key of ['a', 'b', 'c']) gate.opens(key, 0)
    assert.deepEqual([gate.opens('c', 1), gate.opens('a', 1)], [false, true])
  })
})

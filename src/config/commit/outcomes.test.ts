import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Outcomes } from './outcomes.ts'
import type { Outcome, Txid } from './transaction.ts'

const outcome: Outcome = { type: 'abort', refusal: { kind: 'gone', node: 'a', reason: 'x' } }
const txid = (counter: number, incarnation = '1'): Txid => ({
  coordinator: 'a',
  incarnation,
  counter,
})

describe('Outcomes', () => {
  it('know what they have forgotten from what they never knew', () => {
    const outcomes = new Outcomes(2)
    for (let counter = 1; counter <= 3; counter++) outcomes.add(txid(counter), outcome)
    assert.equal(outcomes.size, 2)
    assert.equal(outcomes.get(txid(1)), undefined)
    assert.equal(outcomes.mayBeForgotten(txid(1)), true)
    assert.equal(outcomes.mayBeForgotten(txid(4)), false)
    assert.equal(outcomes.mayBeForgotten(txid(1, '2')), false)
    assert.deepEqual([...outcomes.forgotten()], [['a/1', 1]])
  })

  it('keep the first of a transaction', () => {
    const outcomes = new Outcomes(2)
    outcomes.add(txid(1), outcome)
    outcomes.add(txid(1), { type: 'commit', version: { wallMs: 1, counter: 0, writer: 'a' } })
    assert.equal(outcomes.get(txid(1)), outcome)
  })
})

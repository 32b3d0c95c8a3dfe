/** A coordinator that starts again with its file. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Bench, commit, proposalOf } from './commit-fixtures.ts'

describe('a coordinator that ended before it had decided', () => {
  const former = { ...proposalOf(1), txid: { coordinator: 'a', incarnation: '0', counter: 1 } }

  it('has aborted when it is back and nobody knows better', () => {
    const a = new Bench('a', true)
    a.remembered = '0'
    a.protocol.restore(former, '0')
    a.pass(1)
    assert.deepEqual(a.types, ['inquiry to b'])
    assert.equal(a.protocol.held().length, 1)
    a.pass(200)
    assert.deepEqual([a.protocol.held(), a.doubts, a.applied], [[], [], []])
    a.protocol.receive({ type: 'inquiry', txid: former.txid, incarnation: '0' }, 'b')
    const last = a.sent.at(-1)
    assert.ok(last?.message.type === 'answer' && last.message.outcome?.type === 'abort')
    a.protocol.stop()
  })

  it('hears first what a person has said meanwhile', () => {
    const a = new Bench('a', true)
    a.remembered = '0'
    a.protocol.restore(former, '0')
    a.pass(1)
    a.protocol.receive({ type: 'answer', txid: former.txid, outcome: commit }, 'b')
    a.pass(500)
    assert.deepEqual([a.applied.length, a.contradictions], [1, []])
    a.protocol.stop()
  })

  it('is in doubt as all others where its file does not know that life', () => {
    const a = new Bench('a', true)
    a.protocol.restore(former, '0')
    a.pass(500)
    assert.equal(a.doubts.length, 1)
    a.protocol.stop()
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { telemetryTo, type TelemetryRecord } from '../kernel/index.ts'
import { traceBlock } from '../wire/index.ts'
import { CommitParts, traceOf } from './commit-parts.ts'
import type { Proposal, Refusal } from './commit/transaction.ts'

const txid = { coordinator: 'a', incarnation: '1', counter: 7 }
const proposal: Proposal = {
  ...{ txid, participants: [], entries: [], hash: 'h', timeoutMs: 50 },
}
const refusal: Refusal = { kind: 'view', node: 'b', reason: 'why' }

describe('a part in a commit', () => {
  it('has one vote, however often it is sent, and none before it was asked or after its end', () => {
    const records: TelemetryRecord[] = []
    const parts = new CommitParts(telemetryTo((record) => records.push(record)))
    parts.voted(txid, undefined)
    parts.asked(proposal)
    parts.voted(txid, refusal)
    parts.voted(txid, refusal)
    parts.ended(txid, 'abort')
    parts.voted(txid, refusal)
    parts.ended(txid, 'abort')
    const votes = records.map(({ metadata }) => [metadata['vote'], metadata['reason']])
    assert.deepEqual(votes, [['view', 'why']])
  })

  it('runs in the trace it was proposed in; one that cannot be read is none', () => {
    const trace = { correlationId: 'r' }
    assert.deepEqual(traceOf({ ...proposal, trace: traceBlock(trace) }), trace)
    assert.equal(traceOf({ ...proposal, trace: Buffer.from([9, 1]) }), undefined)
    assert.equal(traceOf(proposal), undefined)
  })
})

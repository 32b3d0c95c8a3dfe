/** What the sweeps of the simulation do not show: the file, and what a person decides. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Bench, commit, proposalOf, turn } from './commit-fixtures.ts'

describe('a commit, without validators', () => {
  it('is answered in the turn that asks, and no refusal stands in a yes', () => {
    const b = new Bench('b', false, false)
    b.protocol.receive({ type: 'prepare', ...proposalOf(1) }, 'a')
    const { txid, hash } = proposalOf(1)
    assert.deepEqual(b.sent, [{ to: 'a', message: { type: 'vote', txid, hash } }])
    b.protocol.stop()
  })
})

describe('the coordinator', () => {
  it('does its own part once the others have been told theirs', async () => {
    const a = new Bench('a', false)
    const decided = a.protocol.propose(proposalOf(1))
    assert.deepEqual(a.types, ['prepare to b'])
    assert.equal(a.protocol.held().length, 0)
    await turn()
    a.protocol.receive({ type: 'vote', txid: proposalOf(1).txid, hash: 'h' }, 'b')
    assert.deepEqual(a.types, ['prepare to b', 'decision to b'])
    assert.deepEqual(a.applied, [])
    await turn()
    assert.equal(a.applied.length, 1)
    a.protocol.receive({ type: 'ack', txid: proposalOf(1).txid }, 'b')
    assert.deepEqual(await (await decided).settled, ['a', 'b'])
    a.protocol.stop()
  })
})

describe('a step that fails', () => {
  it('is told, and neither holds the others up nor the commits that come later', async () => {
    const a = new Bench('a', false, false)
    a.cannotApply = true
    const first = a.protocol.propose(proposalOf(1))
    await turn()
    a.protocol.receive({ type: 'vote', txid: proposalOf(1).txid, hash: 'h' }, 'b')
    await turn()
    assert.deepEqual(a.failures, ['no room'])
    assert.equal((await first).outcome.type, 'commit')
    assert.deepEqual(a.protocol.held(), [])
    a.cannotApply = false
    const second = a.protocol.propose(proposalOf(2))
    await turn()
    a.protocol.receive({ type: 'vote', txid: proposalOf(2).txid, hash: 'h' }, 'b')
    assert.equal((await second).outcome.type, 'commit')
    await turn()
    assert.equal(a.applied.length, 1)
    a.protocol.stop()
  })
})

describe('a commit, with a file', () => {
  it('says yes only when the yes is written, and no when it cannot be', async () => {
    const b = new Bench('b', true)
    b.protocol.receive({ type: 'prepare', ...proposalOf(1) }, 'a')
    await turn()
    assert.deepEqual(b.types, [])
    const [vote] = b.written
    assert.ok(vote?.entry.type === 'vote')
    vote.done.resolve(true)
    await turn()
    assert.deepEqual(b.types, ['vote to a'])
    b.protocol.receive({ type: 'prepare', ...proposalOf(2, 'a', 'y') }, 'a')
    await turn()
    b.written[1]?.done.resolve(false)
    await turn()
    const last = b.sent.at(-1)?.message
    assert.ok(last?.type === 'vote' && last.refusal?.kind === 'storage')
  })

  it('tells nobody of a commit before that is written', async () => {
    const a = new Bench('a', true)
    const proposal = proposalOf(1)
    const decided = a.protocol.propose(proposal)
    await turn()
    a.written[0]?.done.resolve(true)
    a.protocol.receive({ type: 'vote', txid: proposal.txid, hash: 'h' }, 'b')
    await turn()
    assert.deepEqual(a.types, ['prepare to b'])
    assert.deepEqual(a.applied, [])
    const [, outcome] = a.written
    assert.ok(outcome?.entry.type === 'outcome')
    outcome.done.resolve(true)
    assert.equal((await decided).outcome.type, 'commit')
    assert.deepEqual(a.types, ['prepare to b', 'decision to b'])
    a.protocol.stop()
  })

  it('keeps nobody waiting for a disk that does not answer', async () => {
    const a = new Bench('a', true)
    const decided = a.protocol.propose(proposalOf(1))
    await turn()
    a.written[0]?.done.resolve(true)
    a.protocol.receive({ type: 'vote', txid: proposalOf(1).txid, hash: 'h' }, 'b')
    await turn()
    a.pass(100)
    await assert.rejects(decided, { code: 'FND_TIMED_OUT' })
    a.protocol.stop()
  })

  it('holds a yes of a former life until somebody knows the outcome', () => {
    const b = new Bench('b', true)
    b.protocol.restore(proposalOf(1), '0')
    b.pass(1)
    assert.deepEqual(b.types, ['inquiry to a'])
    b.protocol.receive({ type: 'answer', txid: proposalOf(1).txid, outcome: commit }, 'a')
    assert.equal(b.applied.length, 1)
    assert.deepEqual(b.protocol.held(), [])
  })
})

describe('the caller of a commit', () => {
  it('is told at its deadline who has acknowledged', async () => {
    const a = new Bench('a', false)
    const decided = a.protocol.propose(proposalOf(1))
    await turn()
    a.protocol.receive({ type: 'vote', txid: proposalOf(1).txid, hash: 'h' }, 'b')
    const { outcome, settled } = await decided
    assert.equal(outcome.type, 'commit')
    await turn()
    a.pass(50)
    assert.deepEqual(await settled, ['a'])
    a.protocol.stop()
  })
})

describe('a commit, in doubt', () => {
  async function doubtful(): Promise<Bench> {
    const b = new Bench('b', false)
    b.protocol.receive({ type: 'prepare', ...proposalOf(1) }, 'a')
    await turn()
    b.pass(1_000)
    assert.equal(b.doubts.length, 1)
    return b
  }

  it('refuses the next on its path, also one that waited, and not one of another path', async () => {
    const b = new Bench('b', false)
    b.protocol.receive({ type: 'prepare', ...proposalOf(2, 'c') }, 'c')
    await turn()
    b.protocol.receive({ type: 'prepare', ...proposalOf(1) }, 'a')
    await turn()
    assert.deepEqual(b.types, ['vote to c'])
    b.pass(1_000)
    b.protocol.receive({ type: 'prepare', ...proposalOf(3, 'd') }, 'd')
    b.protocol.receive({ type: 'prepare', ...proposalOf(4, 'd', 'y') }, 'd')
    await turn()
    const votes = b.sent.flatMap(({ to, message }) =>
      message.type === 'vote' ? [`${to} ${message.refusal?.kind ?? 'yes'}`] : [],
    )
    assert.deepEqual(votes, ['c yes', 'a in-doubt', 'd in-doubt', 'd yes'])
  })

  it('ends by the word of a person, which stands against a later one', async () => {
    const b = await doubtful()
    const refusal = { kind: 'operator', node: 'b', reason: 'x' } as const
    b.protocol.learn(proposalOf(1).txid, { type: 'abort', refusal }, 'b')
    assert.deepEqual(b.protocol.held(), [])
    b.protocol.receive(
      { type: 'decision', txid: proposalOf(1).txid, hash: 'h', outcome: commit },
      'a',
    )
    assert.deepEqual([b.applied.length, b.contradictions.length], [0, 1])
  })
})

describe('an inquiry', () => {
  const { txid } = proposalOf(7)
  const outcomeFor = (incarnation: string): string | undefined => {
    const b = new Bench('b', false)
    b.protocol.receive({ type: 'inquiry', txid, incarnation }, 'c')
    const answer = b.sent.at(-1)?.message
    assert.ok(answer?.type === 'answer')
    return answer.outcome?.type
  }

  it('is answered "abort" by the life that was asked and has not voted, and by no other', () => {
    assert.equal(outcomeFor('1'), 'abort')
    assert.equal(outcomeFor('0'), undefined)
    assert.equal(outcomeFor(''), undefined)
  })

  it('answered so is a vote: it cannot say yes any more', async () => {
    const b = new Bench('b', false)
    b.protocol.receive({ type: 'inquiry', txid, incarnation: '1' }, 'c')
    b.protocol.receive({ type: 'prepare', ...proposalOf(7) }, 'a')
    await turn()
    const vote = b.sent.at(-1)?.message
    assert.ok(vote?.type === 'vote' && vote.refusal)
  })
})

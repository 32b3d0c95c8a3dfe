import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { QuorumRoster } from './quorum-roster.ts'

const options = { forgetMemberAfterMs: 1_000, namesMax: 4 }

describe('QuorumRoster', () => {
  it('counts those who crashed or are cut off, and not those who left', () => {
    const roster = new QuorumRoster('a', options)
    for (const name of ['b', 'c', 'd']) roster.up(name)
    roster.down('b', 0)
    roster.down('c', 0)
    assert.deepEqual(roster.quorum(1), { size: 4, present: 2, needed: 3 })
    roster.left('d')
    assert.deepEqual(roster.quorum(1), { size: 3, present: 1, needed: 2 })
    roster.up('b')
    assert.deepEqual(roster.quorum(1), { size: 3, present: 2, needed: 2 })
  })

  it('forgets who is away for long, and who is away longest when there are too many', () => {
    const roster = new QuorumRoster('a', options)
    for (const name of ['b', 'c']) roster.up(name)
    roster.down('b', 10)
    roster.down('c', 0)
    roster.up('d')
    roster.up('e')
    assert.equal(roster.quorum(20).size, 4)
    assert.deepEqual(roster.quorum(1_005), { size: 4, present: 3, needed: 3 })
    assert.deepEqual(roster.quorum(1_010), { size: 3, present: 3, needed: 2 })
  })
})

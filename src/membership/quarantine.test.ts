import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { judgeAdmission } from './admission.ts'
import { TestCluster } from './cluster-kit.test.ts'
import { MemberTable } from './members/member-table.ts'
import { Quarantine } from './members/quarantine.ts'

describe('Quarantine', () => {
  it('ends by itself', () => {
    const quarantine = new Quarantine(4)
    quarantine.put('a', 100)
    assert.deepEqual([quarantine.endOf('a', 99), quarantine.names(99)], [100, ['a']])
    assert.deepEqual([quarantine.endOf('a', 100), quarantine.names(100)], [undefined, []])
  })

  it('forgets the oldest name for a new one', () => {
    const quarantine = new Quarantine(2)
    for (const name of ['a', 'b', 'a', 'c']) quarantine.put(name, 100)
    assert.deepEqual(quarantine.names(0), ['a', 'c'])
  })

  it('is a reason not to let in', () => {
    const identity = (name: string) => ({
      ...{ name, incarnation: '1', cluster: 'c', addresses: [], roles: [], meta: {} },
    })
    const facts = {
      self: identity('me'),
      isLeaving: false,
      isKeptOut: true,
      table: new MemberTable({ membersMax: 4, keepEndedForMs: 1 }),
      linkedIncarnation: undefined,
    }
    assert.equal(judgeAdmission(identity('a'), facts), 'rejected')
  })
})

describe('membership.quarantine', () => {
  it('keeps a member out for that long, whoever dials, and lets it in again', async () => {
    const cluster = new TestCluster()
    const [a, b] = await cluster.mesh('a', 'b', 'c')
    assert.ok(a && b)
    assert.equal(a.membership.quarantine('b', 20_000), true)
    a.membership.propose(b.address, 'seeds')
    await cluster.advance(19_000)
    assert.deepEqual([a.is('alive'), a.is('down')], [['c'], ['b']])
    assert.equal(a.membership.member('b')?.cause, 'quarantined')
    assert.deepEqual(a.membership.status().quarantined, ['b'])
    await cluster.advance(45_000)
    assert.deepEqual(
      [a.is('alive'), b.is('alive')],
      [
        ['b', 'c'],
        ['a', 'c'],
      ],
    )
  })

  it('is nothing for who is no live member', async () => {
    const cluster = new TestCluster()
    const [a] = await cluster.mesh('a')
    assert.equal(a?.membership.quarantine('nobody', 1_000), false)
  })
})

describe('membership.dials.hasten', () => {
  it('dials a lost member at once, without waiting for its turn', async () => {
    const cluster = new TestCluster()
    const [a] = await cluster.mesh('a', 'b')
    cluster.hub.cut('a', 'b')
    await cluster.advance(120_000)
    cluster.hub.heal()
    // Both wait for up to half a minute now.
    assert.equal(a?.membership.dials.hasten('b'), true)
    await cluster.advance(500)
    assert.deepEqual(a.is('alive'), ['b'])
    assert.equal(a.membership.dials.hasten('b'), false)
  })
})

import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { LinkInfo, NodeIdentity } from '../../transport/index.ts'
import { observerRole } from './member.ts'
import { MemberTable } from './member-table.ts'
import { membershipDefaults } from '../options.ts'
import { Roster } from './roster.ts'

const identity = (name: string): NodeIdentity => ({
  ...{ name, incarnation: '1', cluster: 'c', addresses: [`${name}:1`], roles: [], meta: {} },
})

it('Roster: tells status and address of a member without asking the engine for its figures', () => {
  const table = new MemberTable(membershipDefaults)
  const link: LinkInfo = {
    peer: identity('b'),
    epoch: 1,
    protocol: 1,
    address: 'b:1',
    dialedBy: 'self',
  }
  const stats = (): never => assert.fail('the price of the figures grows with the links')
  const roster = new Roster({
    ...{ self: () => identity('a'), isIn: () => true, table, transport: { stats } },
    links: new Map([['b', link]]),
  })
  table.up(identity('b'), [], 0)
  table.up(identity('c'), [], 0)
  assert.deepEqual(
    ['a', 'b', 'x'].map((name) => roster.statusOf(name)),
    ['alive', 'alive', undefined],
  )
  assert.deepEqual(
    ['b:1', 'c:1'].map((address) => roster.linkedAt(address)),
    ['b', undefined],
  )
})

it('Roster: counts the other members that are alive, but not the lookers-on', () => {
  const table = new MemberTable(membershipDefaults)
  const roster = new Roster({
    ...{ self: () => identity('a'), isIn: () => true, table, transport: { stats: () => [] } },
    links: new Map(),
  })
  table.up(identity('b'), [], 0)
  table.up({ ...identity('cli'), roles: [observerRole] }, [], 0)
  table.up(identity('gone'), [], 0)
  table.down('gone', 'crashed', 0)
  assert.equal(roster.alivePeers, 1)
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { NodeIdentity } from '../../transport/index.ts'
import { isLive, MemberTable, type MemberChange } from './member-table.ts'

const options = { membersMax: 4, keepEndedForMs: 1_000 }

function identity(name: string, incarnation = '1'): NodeIdentity {
  return { name, incarnation, cluster: 'c', addresses: [`${name}:1`], roles: [], meta: {} }
}

function inWords(changes: readonly MemberChange[]): string[] {
  return changes.map(({ type, record }) => `${type} ${record.name}/${record.incarnation}`)
}

describe('MemberTable', () => {
  it('announces a member once, however many links it gets', () => {
    const table = new MemberTable(options)
    assert.deepEqual(inWords(table.up(identity('a'), ['x'], 0)), ['member-up a/1'])
    assert.deepEqual(table.up(identity('a'), ['y'], 1), [])
    assert.deepEqual(table.get('a')?.provenance, ['x', 'y'])
  })

  it('takes over what changed about a living member', () => {
    const table = new MemberTable(options)
    table.up(identity('a'), [], 0)
    table.up({ ...identity('a'), addresses: ['new:1'], roles: ['db'] }, [], 1)
    const { addresses, roles, status } = table.get('a') ?? {}
    assert.deepEqual([addresses, roles, status], [['new:1'], ['db'], 'alive'])
  })

  it('replaces a former incarnation first, and for ever', () => {
    const table = new MemberTable(options)
    table.up(identity('a', '1'), [], 0)
    const changes = table.up(identity('a', '2'), [], 1)
    assert.deepEqual(inWords(changes), ['member-down a/1', 'member-up a/2'])
    assert.equal(changes[0]?.record.cause, 'replaced')
    assert.equal(table.endOf('a', '1'), 'replaced')
    assert.deepEqual(table.up(identity('a', '1'), [], 2), [])
  })

  it('lets a member that was given up come back, but not one that left', () => {
    const table = new MemberTable(options)
    table.up(identity('a'), [], 0)
    table.down('a', 'unreachable', 1)
    assert.deepEqual(inWords(table.up(identity('a'), [], 2)), ['member-up a/1'])
    assert.deepEqual(inWords(table.left('a', 3)), ['member-left a/1'])
    assert.deepEqual(table.up(identity('a'), [], 4), [])
    assert.deepEqual(inWords(table.up(identity('a', '2'), [], 5)), ['member-up a/2'])
  })

  it('announces a suspicion again only with another cause', () => {
    const table = new MemberTable(options)
    table.up(identity('a'), [], 0)
    assert.equal(table.suspect('a', 'silent', 1).length, 1)
    assert.equal(table.suspect('a', 'silent', 2).length, 0)
    assert.equal(table.suspect('a', 'indirect', 3)[0]?.record.cause, 'indirect')
    assert.equal(table.alive('a', 4)[0]?.record.cause, undefined)
    assert.deepEqual(table.alive('a', 5), [])
  })
})

describe('MemberTable: bounds', () => {
  it('purges the ended after a while, and the oldest of them when a place is needed', () => {
    const table = new MemberTable(options)
    for (const [index, name] of ['a', 'b', 'c', 'd'].entries()) table.up(identity(name), [], index)
    assert.ok(table.isFullFor('e'))
    assert.deepEqual(table.up(identity('e'), [], 5), [])
    table.down('c', 'crashed', 6)
    table.down('b', 'crashed', 7)
    assert.ok(!table.isFullFor('e'))
    table.up(identity('e'), [], 8)
    assert.equal(table.get('c'), undefined)
    table.purge(1_006)
    assert.ok(table.get('b'))
    table.purge(1_007)
    assert.equal(table.get('b'), undefined)
  })

  it('bars a member until one of its addresses is asked for', () => {
    const table = new MemberTable(options)
    table.up(identity('a'), [], 0)
    table.bar('a')
    table.permit('b:1')
    assert.deepEqual([table.isBarred('a', '1'), table.isBarred('a', '2')], [true, false])
    table.permit('a:1')
    assert.ok(!table.isBarred('a', '1'))
  })

  it('leaves out addresses too long to be introduced, and more than 16', () => {
    const table = new MemberTable(options)
    const addresses = ['x'.repeat(281), ...Array.from({ length: 20 }, (_, i) => `h:${String(i)}`)]
    table.up({ ...identity('a'), addresses }, [], 0)
    assert.deepEqual(table.get('a')?.addresses, addresses.slice(1, 17))
  })
})

const step = fc.record({
  call: fc.constantFrom('up', 'suspect', 'alive', 'down', 'left', 'purge', 'end'),
  name: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
  incarnation: fc.constantFrom('1', '2', '3'),
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

function perform(
  table: MemberTable,
  { call, name, incarnation }: Step,
  nowMs: number,
): MemberChange[] {
  if (call === 'up') return table.up(identity(name, incarnation), [], nowMs)
  if (call === 'suspect') return table.suspect(name, 'silent', nowMs)
  if (call === 'down') return table.down(name, 'unreachable', nowMs)
  if (call === 'alive' || call === 'left') return table[call](name, nowMs)
  if (call === 'purge') table.purge(nowMs)
  return []
}

describe('MemberTable: whatever happens', () => {
  it('announces up before everything else, never an ended incarnation, and stays bounded', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const table = new MemberTable(options)
        const live = new Map<string, string>()
        const ended = new Set<string>()
        for (const [index, one] of steps.entries()) {
          for (const { type, record } of perform(table, one, index * 100)) {
            const { name, incarnation, cause } = record
            if (type === 'member-up') {
              assert.ok(!live.has(name) && !ended.has(`${name}/${incarnation}`))
              live.set(name, incarnation)
            } else assert.equal(live.get(name), incarnation)
            if (type === 'member-down' || type === 'member-left') live.delete(name)
            if (type === 'member-left' || cause === 'replaced') ended.add(`${name}/${incarnation}`)
          }
          assert.ok(table.list().length <= options.membersMax)
        }
        const listed = table.list().filter(isLive)
        assert.deepEqual(new Map(listed.map((r) => [r.name, r.incarnation])), live)
      }),
      { numRuns: 500 },
    )
  })
})

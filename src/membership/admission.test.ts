import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { NodeIdentity } from '../transport/index.ts'
import { Door, judgeAdmission, type AdmissionFacts } from './admission.ts'
import { MemberTable } from './members/member-table.ts'

function identity(name: string, incarnation = '1'): NodeIdentity {
  return { name, incarnation, cluster: 'c', addresses: [`${name}:1`], roles: [], meta: {} }
}

function facts(overrides: Partial<AdmissionFacts> = {}): AdmissionFacts {
  const table = new MemberTable({ membersMax: 2, keepEndedForMs: 1_000 })
  return {
    self: identity('me', '5'),
    isLeaving: false,
    isKeptOut: false,
    table,
    linkedIncarnation: undefined,
    ...overrides,
  }
}

describe('judgeAdmission', () => {
  it('admits strangers, and members that come again', () => {
    const given = facts()
    assert.equal(judgeAdmission(identity('a'), given), 'admit')
    given.table.up(identity('a'), [], 0)
    assert.equal(judgeAdmission(identity('a'), { ...given, linkedIncarnation: '1' }), 'admit')
    given.table.down('a', 'unreachable', 1)
    assert.equal(judgeAdmission(identity('a'), given), 'admit')
  })

  it('admits nobody while leaving', () => {
    assert.equal(judgeAdmission(identity('a'), facts({ isLeaving: true })), 'leaving')
  })

  it('tells only the younger of two namesakes that the name is taken', () => {
    assert.equal(judgeAdmission(identity('me', '6'), facts()), 'name_in_use')
    assert.equal(judgeAdmission(identity('me', '4'), facts()), 'rejected')
    assert.equal(judgeAdmission(identity('me', '5'), facts()), 'rejected')
  })

  it('asks the holder of a name only when it has a link', () => {
    const given = facts()
    given.table.up(identity('a', '1'), [], 0)
    const peer = identity('a', '2')
    assert.equal(judgeAdmission(peer, { ...given, linkedIncarnation: '1' }), 'ask-holder')
    assert.equal(judgeAdmission(peer, given), 'admit')
  })

  it('rejects who left, who was disconnected, and who finds no place', () => {
    const given = facts()
    given.table.up(identity('a'), [], 0)
    given.table.left('a', 1)
    assert.equal(judgeAdmission(identity('a'), given), 'rejected')
    given.table.up(identity('b'), [], 2)
    given.table.bar('b')
    assert.equal(judgeAdmission(identity('b'), given), 'rejected')
    given.table.up(identity('c'), [], 3)
    assert.equal(judgeAdmission(identity('d'), given), 'rejected')
  })

  it('tells a replaced node that lives on that its name is taken', () => {
    const given = facts()
    given.table.up(identity('a', '1'), [], 0)
    given.table.up(identity('a', '2'), [], 1)
    assert.equal(judgeAdmission(identity('a', '1'), given), 'name_in_use')
    given.table.down('a', 'crashed', 2)
    assert.equal(judgeAdmission(identity('a', '1'), given), 'rejected')
  })
})

describe('Door', () => {
  it('gives the place of a holder that does not answer to the newcomer', async () => {
    const given = facts({ linkedIncarnation: '1' })
    given.table.up(identity('a', '1'), [], 0)
    const replaced: string[] = []
    const door = (answers: boolean): Door =>
      new Door({
        facts: () => given,
        probe: () => Promise.resolve(answers),
        replace: (name) => replaced.push(name),
        elderNamesake: () => undefined,
      })
    assert.equal(await door(true).admit(identity('a', '2')), 'name_in_use')
    assert.deepEqual(replaced, [])
    assert.equal(await door(false).admit(identity('a', '2')), 'admit')
    assert.deepEqual(replaced, ['a'])
  })

  it('does not replace a holder that came while the former one was asked', async () => {
    const given = facts()
    given.table.up(identity('a', '1'), [], 0)
    const links = ['1', '3']
    const door = new Door({
      facts: () => ({ ...given, linkedIncarnation: links.shift() }),
      probe: () => {
        given.table.up(identity('a', '3'), [], 1)
        return Promise.resolve(false)
      },
      replace: () => assert.fail('replaced a live node'),
      elderNamesake: () => undefined,
    })
    assert.equal(await door.admit(identity('a', '2')), 'name_in_use')
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { MemberCause } from '../membership/index.ts'
import { MemberHistory, type MemberNews } from './member-history.ts'
import { MemberWatch } from './member-watch.ts'
import { missingEdges, type EdgeFacts } from './missing-edges.ts'
import { heard, member } from './monitor-fixtures.ts'

const at = (nowMs: number) => ({ nowMs, wallMs: nowMs })
const news = (
  type: MemberNews['type'],
  given: { cause?: MemberCause; incarnation?: string } = {},
) => ({
  type,
  member: member('b', { incarnation: given.incarnation ?? '1' }),
  ...(given.cause && { cause: given.cause }),
})

describe('MemberHistory', () => {
  it('remembers the last changes of each member', () => {
    const history = new MemberHistory(2)
    history.note(news('member-up'), at(1))
    history.note(news('member-suspect', { cause: 'silent' }), at(2))
    history.note(news('member-down', { cause: 'unreachable' }), at(3))
    assert.deepEqual(history.of('b'), [
      { type: 'member-suspect', incarnation: '1', cause: 'silent', at: 2 },
      { type: 'member-down', incarnation: '1', cause: 'unreachable', at: 3 },
    ])
    assert.deepEqual([history.changedAtMs('b'), history.changedAtMs('x')], [3, undefined])
  })

  it('sees who comes and goes within a minute, whatever its incarnation', () => {
    const history = new MemberHistory(32)
    for (let life = 0; life < 3; life++) {
      const incarnation = String(life)
      history.note(news('member-up', { incarnation }), at(life * 10_000))
      history.note(news('member-down', { incarnation, cause: 'crashed' }), at(life * 10_000 + 1))
    }
    assert.deepEqual(history.flapping(6, 30_000), [{ name: 'b', changes: 6 }])
    assert.deepEqual(history.flapping(7, 30_000), [])
    assert.deepEqual(history.flapping(6, 60_001), [])
  })

  it('does not hold a leave in order, a suspicion or a quarantine against it', () => {
    const history = new MemberHistory(32)
    const calm = [news('member-left'), news('member-suspect'), news('member-alive')]
    for (const change of calm) history.note(change, at(0))
    history.note(news('member-down', { cause: 'quarantined' }), at(0))
    assert.deepEqual(history.flapping(1, 0), [])
  })
})

describe('MemberWatch', () => {
  it('gives each loss once; a leave is none', () => {
    const watch = new MemberWatch(32)
    watch.note(news('member-up'), at(0))
    watch.note(news('member-down', { cause: 'unreachable' }), at(5))
    assert.deepEqual(watch.takeLost(), ['b'])
    watch.note(news('member-left'), at(6))
    assert.deepEqual(watch.takeLost(), [])
  })
})

describe('missing edges', () => {
  const found = (given: Partial<EdgeFacts>) =>
    missingEdges({
      members: [member('a', { isSelf: true }), member('b', { status: 'down' }), member('c')],
      linked: new Set(['c']),
      vitals: [['c', heard({ linked: ['a', 'b'] }, 8_000)]],
      nowMs: 10_000,
      reportMaxAgeMs: 10_000,
      changedAtMs: () => 0,
      ...given,
    })

  it('are members that others have a link to and this node has not', () => {
    assert.deepEqual(found({}), [{ name: 'b', by: ['c'] }])
    assert.deepEqual(found({ linked: new Set(['b', 'c']) }), [])
  })

  it('are not believed from old reports, or from nodes without a link', () => {
    assert.deepEqual(found({ nowMs: 18_001 }), [])
    assert.deepEqual(found({ linked: new Set() }), [])
  })

  it('are not found in what others say before they can have noticed a death', () => {
    assert.deepEqual(found({ changedAtMs: () => 6_001 }), [])
    assert.deepEqual(found({ changedAtMs: () => 6_000 }), [{ name: 'b', by: ['c'] }])
  })

  it('are not those this node wants no link to', () => {
    for (const cause of ['disconnected', 'quarantined', 'replaced'] as const) {
      assert.deepEqual(found({ members: [member('b', { status: 'down', cause })] }), [])
    }
    assert.deepEqual(found({ members: [member('b', { status: 'left' })] }), [])
  })
})

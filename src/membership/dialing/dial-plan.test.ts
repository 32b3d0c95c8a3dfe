import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DialPlan, type LinkedMember } from './dial-plan.ts'
import { hostOf, provesGone } from './dial-target.ts'
import { redialDelayMs, relinkDelayMs } from './redial-schedule.ts'

const options = { redialMinMs: 1_000, redialMaxMs: 30_000, rememberForMs: 100_000, targetsMax: 16 }
const half = 0.5 // with this chance jitter changes nothing

function member(name: string, addresses: readonly string[] = [`${name}:1`]): LinkedMember {
  const linkAddress = addresses[0] ?? ''
  return { name, incarnation: '1', addresses, linkAddress, dialedBy: 'self' }
}

function takenKeys(plan: DialPlan, nowMs: number, count = 8): string[] {
  return plan.take(count, nowMs).map((target) => target.key)
}

describe('redial schedule', () => {
  it('doubles from the minimum to the maximum, a quarter more or less', () => {
    const at = (failures: number, chance = half): number => redialDelayMs(failures, options, chance)
    assert.deepEqual(
      [1, 2, 3, 5, 6, 99].map((n) => at(n)),
      [1_000, 2_000, 4_000, 16_000, 30_000, 30_000],
    )
    assert.equal(at(1, 0), 750)
    assert.ok(at(99, 0.999) < 37_500)
  })

  it('does not wait after a link that held, nor after the first short one', () => {
    assert.deepEqual(
      [0, 1, 2, 3].map((n) => relinkDelayMs(n, options, half)),
      [0, 0, 1_000, 2_000],
    )
  })
})

describe('DialPlan', () => {
  it('dials who has not failed yet before those that fail again and again', () => {
    const plan = new DialPlan(options)
    for (const name of ['x:1', 'y:1']) plan.propose(name, 'lan', 0)
    for (const key of takenKeys(plan, 0)) plan.failed(key, 'timeout', { nowMs: 0, chance: half })
    plan.propose('z:1', 'lan', 50_000)
    assert.deepEqual(takenKeys(plan, 60_000, 1), ['address:z:1'])
    assert.deepEqual(takenKeys(plan, 60_000, 1), ['address:x:1'])
  })

  it('takes an address from a member when another node has it, and the last one with the member', () => {
    const plan = new DialPlan(options)
    plan.linked(member('a', ['h:1', 'h:2']), 0)
    plan.linkLost('a', { nowMs: 5_000, chance: half })
    plan.lostAddress('member:a', 'h:1')
    assert.deepEqual(plan.get('member:a')?.addresses, ['h:2'])
    assert.equal(plan.byAddress('h:1'), undefined)
    plan.lostAddress('member:a', 'h:2')
    assert.equal(plan.get('member:a'), undefined)
  })

  it('dials a proposal at once, then with growing waits, whoever proposes it again', () => {
    const plan = new DialPlan(options)
    plan.propose('x:1', 'lan', 0)
    assert.deepEqual(takenKeys(plan, 0), ['address:x:1'])
    assert.deepEqual(takenKeys(plan, 0), [])
    plan.failed('address:x:1', 'refused', { nowMs: 10, chance: half })
    plan.propose('x:1', 'dns', 20)
    assert.deepEqual(takenKeys(plan, 1_009), [])
    assert.deepEqual(takenKeys(plan, 1_010), ['address:x:1'])
    assert.deepEqual(plan.byAddress('x:1')?.provenance, ['lan', 'dns'])
  })

  it('takes no more than asked for, longest due first', () => {
    const plan = new DialPlan(options)
    for (const [index, address] of ['x:1', 'y:1', 'z:1'].entries())
      plan.propose(address, 'lan', index)
    assert.deepEqual(takenKeys(plan, 10, 2), ['address:x:1', 'address:y:1'])
    assert.deepEqual(takenKeys(plan, 10, 0), [])
  })

  it('leaves a linked member alone, and dials it at once when its link is lost', () => {
    const plan = new DialPlan(options)
    plan.propose('a:1', 'lan', 0)
    plan.linked(member('a', ['a:1', 'a:2']), 0)
    assert.equal(plan.propose('a:2', 'dns', 1).key, 'member:a')
    assert.deepEqual(takenKeys(plan, 90_000), [])
    plan.linkLost('a', { nowMs: 90_000, chance: half })
    const [target] = plan.take(8, 90_000)
    assert.deepEqual(target?.addresses, ['a:1', 'a:2'])
    assert.deepEqual(target.provenance, ['lan', 'dns'])
  })

  it('waits when links to a member keep ending at once', () => {
    const plan = new DialPlan(options)
    const waits = [0, 1, 2].map(() => {
      plan.linked(member('a'), 0)
      plan.linkLost('a', { nowMs: 10, chance: half })
      return (plan.ofMember('a')?.nextAtMs ?? 0) - 10
    })
    assert.deepEqual(waits, [0, 1_000, 2_000])
  })

  it('does not wait for a new incarnation because the ones before it ended soon', () => {
    const plan = new DialPlan(options)
    const waits = ['1', '2', '3', '4'].map((incarnation) => {
      plan.linked({ ...member('a'), incarnation }, 0)
      plan.linkLost('a', { nowMs: 10, chance: half })
      return (plan.ofMember('a')?.nextAtMs ?? 0) - 10
    })
    assert.deepEqual(waits, [0, 0, 0, 0])
  })
})

describe('DialPlan: introductions', () => {
  it('tries an introduced member after the delay, and one that is re-tried soon', () => {
    const plan = new DialPlan(options)
    plan.introduce(member('a'), 500, 0)
    assert.deepEqual([takenKeys(plan, 499), takenKeys(plan, 500)], [[], ['member:a']])
    for (const nowMs of [500, 2_000, 10_000]) {
      plan.take(8, nowMs)
      plan.failed('member:a', 'timeout', { nowMs, chance: half })
    }
    assert.equal(plan.ofMember('a')?.nextAtMs, 14_000)
    plan.introduce(member('a'), 0, 10_500)
    assert.equal(plan.ofMember('a')?.nextAtMs, 11_000)
  })
})

describe('DialPlan: bounds', () => {
  it('forgets what nobody proposed for rememberForMs, and never dials itself again', () => {
    const plan = new DialPlan(options)
    plan.propose('x:1', 'lan', 0)
    takenKeys(plan, 0)
    plan.failed('address:x:1', 'self', { nowMs: 0, chance: half })
    assert.deepEqual(takenKeys(plan, 99_999), [])
    plan.purge(100_000)
    assert.equal(plan.list().length, 1)
    plan.purge(100_001)
    assert.deepEqual(plan.list(), [])
  })

  it('is bounded: what was proposed longest ago is dropped, but no linked member', () => {
    const plan = new DialPlan(options)
    plan.linked(member('a'), 0)
    for (let n = 0; n < 40; n++) plan.propose(`x:${String(n)}`, 'lan', n)
    assert.equal(plan.list().length, 16)
    assert.ok(plan.ofMember('a'))
    assert.ok(plan.byAddress('x:39') && !plan.byAddress('x:0'))
  })

  it('joins a proposed address with the member that answered there', () => {
    const plan = new DialPlan(options)
    const target = plan.propose('name.internal:1', 'dns', 0)
    plan.linked(member('a'), 0)
    plan.resolved(target, 'a')
    assert.equal(plan.byAddress('name.internal:1')?.key, 'member:a')
    assert.deepEqual(plan.ofMember('a')?.provenance, ['dns'])
    plan.dropMember('a')
    assert.equal(plan.byAddress('name.internal:1'), undefined)
  })
})

describe('provesGone', () => {
  const plan = new DialPlan(options)
  const target = plan.linked(member('a', ['10.0.0.1:7', '172.17.0.1:7']), 0)

  it('believes the host the member was linked from', () => {
    assert.ok(provesGone(target, [{ address: '10.0.0.1:7', reason: 'refused' }]))
    assert.ok(provesGone(target, [{ address: '10.0.0.1:7', reason: 'other-node' }]))
    assert.ok(!provesGone(target, [{ address: '10.0.0.1:7', reason: 'timeout' }]))
  })

  it('believes other addresses only when all refuse', () => {
    const elsewhere = { address: '172.17.0.1:7', reason: 'refused' }
    assert.ok(!provesGone(target, [elsewhere]))
    assert.ok(!provesGone(target, [{ address: '10.0.0.1:7', reason: 'timeout' }, elsewhere]))
    const unknown = { ...target, trustedHost: undefined }
    assert.ok(provesGone(unknown, [elsewhere, { address: '10.0.0.1:7', reason: 'refused' }]))
    assert.ok(!provesGone(unknown, []))
  })

  it('reads hosts of all kinds of addresses', () => {
    const addresses = ['h:1', '[::1]:2', 'h', '[::ffff:10.0.0.1]:3']
    assert.deepEqual(addresses.map(hostOf), ['h', '[::1]', 'h', '10.0.0.1'])
  })
})

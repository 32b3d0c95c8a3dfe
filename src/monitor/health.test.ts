import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { reasonMaxBytes, reasonsMax } from './vitals/health-status.ts'
import { judgeHealth, type HealthFacts } from './health.ts'
import { healthFacts, heard, limits, member } from './monitor-fixtures.ts'

const judged = (given: Partial<HealthFacts>, expectedMembers = 0): string[] => {
  const { status, reasons } = judgeHealth(healthFacts(given), { ...limits, expectedMembers })
  return [status, ...reasons]
}
const topology = (state: 'ok' | 'degraded', detail = '') => ({
  topology: 'lan',
  state: 'running' as const,
  health: { state, detail },
})
const delay = (p99Ms: number) => ({ eventLoop: { meanMs: 0, p99Ms, maxMs: p99Ms } })

describe('health', () => {
  it('is healthy when nothing is found', () => {
    assert.deepEqual(judged({}), ['healthy'])
  })

  it('is unhealthy when the node is not running', () => {
    assert.deepEqual(judged({ isRunning: false }), ['unhealthy', 'this node is not running'])
  })

  it('counts the members that should be there, lookers-on not', () => {
    const members = [member('a'), member('b'), member('cli', { roles: ['observer'] })]
    assert.deepEqual(judged({ members }, 3), ['degraded', '2 of 3 expected members'])
    assert.deepEqual(judged({ members }, 5), ['unhealthy', '2 of 5 expected members'])
    assert.deepEqual(judged({ members }, 2), ['healthy'])
  })

  it('names suspects and who is in quarantine', () => {
    const members = [member('a'), member('b', { status: 'suspect' }), member('c'), member('d')]
    assert.deepEqual(judged({ members }), ['degraded', '1 of 4 members suspect: b'])
    assert.deepEqual(judged({ quarantined: ['x'] }), ['degraded', 'x is in quarantine'])
  })

  it('is degraded by a topology that does not work, unhealthy when that leaves it alone', () => {
    const topologies = [topology('degraded', 'own multicast not heard')]
    const found = 'topology lan: own multicast not heard'
    assert.deepEqual(judged({ topologies }), ['degraded', found])
    assert.deepEqual(judged({ topologies, members: [member('a')] }), [
      ...['unhealthy', 'alone, and no topology works'],
      found,
    ])
    assert.deepEqual(judged({ topologies: [topology('ok')], members: [member('a')] }), ['healthy'])
  })

  it('is unhealthy while the node is cut off from what its transport stands on', () => {
    const outage = 'the broker cannot be reached'
    assert.deepEqual(judged({ outage }), ['unhealthy', `cut off: ${outage}`])
  })

  it('is unhealthy while the cluster does not let the node in', () => {
    const refusal = 'the name is in use'
    assert.deepEqual(judged({ refusal }), ['unhealthy', `not let in as "a": ${refusal}`])
  })

  it('does not mind a topology that is switched off', () => {
    const off = { ...topology('degraded'), state: 'disabled' as const }
    assert.deepEqual(judged({ topologies: [off], members: [member('a')] }), ['healthy'])
  })

  it('names lost connections and missing edges', () => {
    const classes = { events: { state: 'degraded' } } as never
    assert.deepEqual(judged({ links: [{ peer: 'b', classes }] }), [
      ...['degraded', 'the events connection to b is lost'],
    ])
    assert.deepEqual(judged({ missingEdges: [{ name: 'b', by: ['c'] }] }), [
      ...['degraded', 'no link to b, which c has'],
    ])
  })

  it('names slow event loops, here and elsewhere', () => {
    assert.deepEqual(judged({ ownLoopDelayMs: 900 }), [
      ...['degraded', 'event loop delay p99 900 ms on a'],
    ])
    assert.deepEqual(judged({ ownLoopDelayMs: 6_000 })[0], 'unhealthy')
    assert.deepEqual(judged({ vitals: [['b', heard(delay(6_000))]] }), [
      ...['degraded', 'event loop delay p99 6000 ms on b'],
    ])
  })

  it('misses who does not say how it is any more', () => {
    assert.deepEqual(judged({ vitals: [['b', heard()]], nowMs: 20_000 }), ['healthy'])
    assert.deepEqual(judged({ vitals: [['b', heard()]], nowMs: 21_000 }), [
      ...['degraded', 'no vital signs of b for 21 s'],
    ])
  })

  it('gives settings two reports to become equal', () => {
    const vitals = [['b', { ...heard({}, 10_000), differsSinceMs: 0 }]] as const
    assert.deepEqual(judged({ vitals, nowMs: 9_999 }), ['healthy'])
    assert.deepEqual(judged({ vitals, nowMs: 10_000 }), ['degraded', 'config diverged on b'])
  })

  it('names failed children', () => {
    assert.deepEqual(judged({ failedChildren: ['counter:1'] }), [
      ...['degraded', 'child counter:1 failed'],
    ])
  })

  it('gives the worst first, not too many, none too long', () => {
    const quarantined = Array.from({ length: 40 }, (_, at) => `n${String(at)}`)
    const many = judged({ quarantined, isRunning: false })
    assert.deepEqual(many.slice(0, 2), ['unhealthy', 'this node is not running'])
    assert.equal(many.length, 1 + reasonsMax)
    const [, long = ''] = judged({ topologies: [topology('degraded', 'ü'.repeat(600))] })
    assert.ok(Buffer.byteLength(long) <= reasonMaxBytes && long.endsWith('ü...'))
  })
})

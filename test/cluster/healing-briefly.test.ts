/** Rules of healing with times so short that they can be waited for on any engine. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ground, needs } from '../ground/ground.ts'
import { formCluster, sees } from './form-cluster.ts'

const judgeIntervalMs = 100

describe('healing', needs(), () => {
  it('tells once that members are missing, and is content when they come', async () => {
    await using network = await ground.openNetwork({})
    const options = { monitor: { expectedMembers: 3, troubleAfterMs: 1_000, judgeIntervalMs } }
    const a = await network.startNode({ ...options, name: 'a' })
    await network.startNode({ ...options, name: 'b' })
    const troubles: string[] = []
    a.on('trouble', ({ error }) => troubles.push(error.code))
    await network.until('it is told', () => troubles.length > 0)
    assert.equal(a.monitor.health().status, 'degraded')
    await network.startNode({ ...options, name: 'c' })
    await network.until('all is well', () => a.monitor.health().status === 'healthy')
    assert.deepEqual(troubles, ['FND_MEMBERS_MISSING'])
  })

  it('keeps out a member that comes and goes, and lets it in when its time is over', async () => {
    const monitor = {
      ...{ healing: ['quarantine'] as const, flapsMax: 3, judgeIntervalMs },
      ...{ quarantineMinMs: 3_000, quarantineMaxMs: 3_000 },
    }
    // A silence is judged soon: what comes and goes is to come and go often.
    const options = { monitor, membership: { suspectAfterMs: 1_000, downAfterMs: 1_500 } }
    await using cluster = await formCluster(['a', 'b', 'c', 'd'], { options })
    const { network, node } = cluster
    const a = node('a')
    const isOut = (): boolean => a.monitor.snapshot().healing.quarantined.includes('b')
    const isIn = (): boolean => sees(a, ['a', 'b', 'c', 'd'])
    for (let round = 0; round < 10 && !isOut(); round++) {
      network.kill('b')
      await network.until('it is gone', () => !isIn() || isOut())
      if (isOut()) break
      await network.startNode({ ...options, name: 'b' })
      await network.until('it is there, or kept out', () => isIn() || isOut())
    }
    await network.until('it is kept out', isOut)
    assert.match(a.monitor.health().reasons.join(), /b is in quarantine/)
    if (!isIn()) await network.startNode({ ...options, name: 'b' })
    await network.until('it is let in again', isIn)
  })
})

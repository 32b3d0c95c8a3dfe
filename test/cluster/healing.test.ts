/** Each rule of healing: the illness without it, and the cure with it. In virtual time. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { StrategyDefinition, Topology } from '../../src/discovery/index.ts'
import type { HealingRuleName } from '../../src/monitor/index.ts'
import type { FoundationNode } from '../../src/node/index.ts'
import type { MemoryNodeOptions } from '../../src/testing/index.ts'
import { ground, needs } from '../ground/ground.ts'
import type { Network } from '../ground/network.ts'
import { formCluster } from './form-cluster.ts'

const healingOf = (healing: readonly HealingRuleName[]): { options: MemoryNodeOptions } => ({
  options: { monitor: { healing } },
})

function peersOf(node: FoundationNode): string[] {
  return node.members({ status: ['alive'] }).flatMap(({ name, isSelf }) => (isSelf ? [] : [name]))
}

/** Lets time pass until it is so. @returns virtual milliseconds; Infinity when it never was. */
async function msUntil(
  network: Network,
  isSo: () => boolean,
  patienceMs = 90_000,
): Promise<number> {
  for (let ms = 0; ms <= patienceMs; ms += 100) {
    if (isSo()) return ms
    await network.advance(100)
  }
  return Infinity
}

/** What a node did to heal, as "rule target". */
function healed(node: FoundationNode): string[] {
  const { actions } = node.monitor.snapshot().healing
  return actions.map(({ rule, target = '' }) => `${rule} ${target}`.trim())
}

describe('redial', needs('virtual time'), () => {
  // Long waits, as one sets where many addresses are dead; nobody looks for anybody else.
  const slow = { topologies: {}, membership: { redialMaxMs: 600_000 } }

  const cureMs = async (healing: readonly HealingRuleName[]): Promise<number> => {
    await using network = await ground.openNetwork({})
    const nodes: FoundationNode[] = []
    for (const name of ['a', 'b', 'c']) {
      const node = await network.startNode({ ...slow, monitor: { healing }, name })
      for (const other of nodes) await network.run(node.connect(`${other.name}:1`))
      nodes.push(node)
    }
    const [a, b] = nodes
    assert.ok(a && b)
    network.cut('a', 'b')
    await network.advance(900_000)
    assert.deepEqual(peersOf(a), ['c'])
    assert.match(a.monitor.health().reasons.join(), /no link to b, which c has/)
    network.heal()
    const ms = await msUntil(network, () => peersOf(a).includes('b'), 900_000)
    if (healing.length > 0) assert.ok(healed(a).includes('redial b'))
    return ms
  }

  it('closes an edge that others have, instead of waiting for its turn', async () => {
    const [ill, cured] = [await cureMs([]), await cureMs(['redial'])]
    assert.ok(ill > 30_000, `ill for ${String(ill)} ms`)
    assert.ok(cured <= 16_000, `cured after ${String(cured)} ms`)
  })
})

describe('rediscover', needs('virtual time', 'addresses to look up'), () => {
  /** As DNS that is asked rarely: knows everybody, is told by nobody. */
  const slowly = (network: Network): Record<string, Topology> => ({
    slow: {
      strategy: {
        name: 'slow',
        aliases: [],
        rules: {},
        create: () => ({
          kind: 'poll',
          defaults: { pollIntervalMs: 60_000, lookupTimeoutMs: 1_000, prune: 'never' },
          lookup: () => {
            const peers = network.addresses().map((address) => ({
              host: address.replace(/:\d+$/, ''),
              port: Number(address.split(':').at(-1)),
            }))
            return Promise.resolve({ peers, complete: true })
          },
        }),
      } satisfies StrategyDefinition,
    },
  })

  const cureMs = async (healing: readonly HealingRuleName[]): Promise<number> => {
    await using network = await ground.openNetwork({})
    const options = { monitor: { healing }, topologies: slowly(network) }
    const a = await network.startNode({ ...options, name: 'a' })
    await network.startNode({ ...options, name: 'b' })
    await network.run(a.ready({ minPeers: 1 }))
    await network.advance(5_000)
    // The successor looks for nobody itself: it is found, or it is not.
    const successor = { name: 'c', topologies: {}, monitor: { healing } }
    await network.startNode(successor)
    network.kill('b')
    return await msUntil(network, () => peersOf(a).join() === 'c')
  }

  it('finds the successor of a crashed member at once, not at the next lookup', async () => {
    const [ill, cured] = [await cureMs([]), await cureMs(['rediscover'])]
    assert.ok(ill > 30_000, `ill for ${String(ill)} ms`)
    assert.ok(cured < 3_000, `cured after ${String(cured)} ms`)
  })
})

describe('quarantine', needs('virtual time'), () => {
  /** A member that crashes every four seconds for a minute. @returns how often it came. */
  const flap = async (network: Network, options: MemoryNodeOptions): Promise<void> => {
    for (let round = 0; round < 15; round++) {
      await network.advance(2_000)
      network.kill('b')
      await network.advance(2_000)
      await network.startNode({ ...options, name: 'b' })
    }
  }

  const sick = async (healing: readonly HealingRuleName[]): Promise<[number, number]> => {
    const { options } = healingOf(healing)
    await using cluster = await formCluster(['a', 'b', 'c', 'd'], { options })
    const { network } = cluster
    const a = cluster.node('a')
    let ups = 0
    a.on('member-up', ({ member }) => {
      if (member.name === 'b') ups += 1
    })
    await flap(network, options)
    if (healing.length > 0) {
      const { quarantined } = a.monitor.snapshot().healing
      assert.deepEqual([quarantined, peersOf(a)], [['b'], ['c', 'd']])
      assert.match(a.monitor.health().reasons.join(), /b is in quarantine/)
    }
    const backMs = await msUntil(network, () => peersOf(a).includes('b'), 240_000)
    return [ups, backMs]
  }

  it('keeps out a member that crashes again and again, and lets it in when it has stopped', async () => {
    const [illUps] = await sick([])
    const [curedUps, backMs] = await sick(['quarantine'])
    assert.ok(illUps >= 12, `came ${String(illUps)} times`)
    assert.ok(curedUps <= 6, `came ${String(curedUps)} times`)
    assert.ok(backMs > 0 && backMs < 240_000, `back after ${String(backMs)} ms`)
  })
})

describe('expected', needs('virtual time'), () => {
  it('is one trouble when members are missing for a while, and well again when they come', async () => {
    await using network = await ground.openNetwork({})
    const options = { monitor: { expectedMembers: 3 } }
    const a = await network.startNode({ ...options, name: 'a' })
    await network.startNode({ ...options, name: 'b' })
    const troubles: string[] = []
    const statuses: string[] = []
    a.on('trouble', ({ error }) => troubles.push(error.code))
    a.monitor.on('health-changed', ({ status }) => statuses.push(status))
    await network.advance(10_000)
    assert.deepEqual(a.monitor.health(), {
      status: 'degraded',
      reasons: ['2 of 3 expected members'],
    })
    assert.deepEqual(troubles, [])
    await network.advance(60_000)
    assert.deepEqual(troubles, ['FND_MEMBERS_MISSING'])
    assert.deepEqual(healed(a), ['expected'])
    await network.startNode({ ...options, name: 'c' })
    await network.advance(5_000)
    assert.deepEqual(a.monitor.health(), { status: 'healthy', reasons: [] })
    assert.deepEqual(statuses, ['degraded', 'healthy'])
  })
})

describe('healing', needs('virtual time'), () => {
  it('does nothing in a cluster that is well', async () => {
    await using cluster = await formCluster(['a', 'b', 'c'])
    await cluster.network.advance(120_000)
    assert.deepEqual(
      cluster.nodes.flatMap((node) => healed(node)),
      [],
    )
  })
})

describe('healing, its rules', needs(), () => {
  it('are switched off one by one', async () => {
    await using cluster = await formCluster(['a'], healingOf(['expected']))
    assert.deepEqual(cluster.node('a').monitor.snapshot().healing.rules, ['expected'])
  })
})

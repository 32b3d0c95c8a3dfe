import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { virtualCluster } from './virtual-cluster.ts'

const statusesOn = (node: { members(): { name: string; status: string }[] }): string[] =>
  node.members().map(({ name, status }) => `${name} ${status}`)

describe('three nodes: membership', () => {
  it('a node that stood still for ten seconds is linked again at once, by one link', async () => {
    // The pauses differ, so that dials of the others meet it in every phase of waking up.
    for (const pauseMs of [8_000, 9_000, 10_000, 10_700, 11_300]) {
      await using cluster = await virtualCluster(['cedar', 'elm', 'fir'], { seed: pauseMs })
      const { network } = cluster
      network.pause('cedar', pauseMs)
      await network.advance(pauseMs - 1)
      assert.deepEqual(statusesOn(cluster.node('elm')), ['elm alive', 'fir alive'])
      await network.advance(1_500)
      for (const node of cluster.nodes) {
        assert.deepEqual(
          statusesOn(node),
          ['cedar alive', 'elm alive', 'fir alive'],
          `${node.name} after ${String(pauseMs)}`,
        )
        assert.equal(node.status().links.length, 2)
      }
    }
  })

  it('a partition is seen by both sides and heals without discovery', async () => {
    const topologies = { none: { strategy: 'static', config: { hosts: ['a:1'] } } }
    await using cluster = await virtualCluster(['a', 'b', 'c'], { options: { topologies } })
    const { network } = cluster
    network.partition(['a'], ['b', 'c'])
    await network.advance(7_000)
    assert.deepEqual(statusesOn(cluster.node('a')), ['a alive'])
    assert.deepEqual(statusesOn(cluster.node('b')), ['b alive', 'c alive'])
    network.heal()
    await network.advance(35_000)
    for (const node of cluster.nodes) assert.equal(node.members().length, 3)
  })

  it('a pair that cannot reach each other keeps each other as suspects, through the third', async () => {
    await using cluster = await virtualCluster(['a', 'b', 'c'])
    const { network } = cluster
    const downs: string[] = []
    cluster.node('a').on('member-down', ({ member }) => downs.push(member.name))
    network.cut('a', 'b')
    await network.advance(20_000)
    const seen = cluster
      .node('a')
      .members()
      .find(({ name }) => name === 'b')
    assert.deepEqual([seen?.status, seen?.cause, downs], ['suspect', 'indirect', []])
    network.heal()
    await network.advance(35_000)
    assert.equal(
      cluster
        .node('a')
        .members()
        .find(({ name }) => name === 'b')?.status,
      'alive',
    )
  })

  it('a node that leaves is seen as left at once and stays away', async () => {
    await using cluster = await virtualCluster(['a', 'b', 'c'])
    const { network } = cluster
    const events: string[] = []
    for (const type of ['member-left', 'member-down', 'member-up'] as const) {
      cluster.node('a').on(type, ({ member }) => events.push(`${type} ${member.name}`))
    }
    await network.run(cluster.node('c').stop())
    await network.advance(10_000)
    assert.deepEqual(events, ['member-left c'])
    await assert.rejects(cluster.node('c').connect('a:1'), { code: 'FND_NOT_RUNNING' })
  })

  it('a second node under a taken name is refused and told so; the first is undisturbed', async () => {
    await using cluster = await virtualCluster(['a', 'b'])
    const { network } = cluster
    const events: string[] = []
    for (const type of ['member-down', 'member-suspect', 'member-up'] as const) {
      cluster.node('b').on(type, ({ member }) => events.push(`${type} ${member.name}`))
    }
    const second = await network.startNode({ name: 'a' })
    const refused = assert.rejects(second.ready({ minPeers: 1, timeoutMs: 20_000 }), {
      code: 'FND_NAME_IN_USE',
    })
    await network.advance(5_000)
    await refused
    assert.deepEqual(events, [])
    assert.equal(cluster.node('a').members().length, 2)
    await network.run(second.stop())
  })

  it('a newcomer never takes the refused namesake for the holder of the name', async () => {
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      await using cluster = await virtualCluster(['ada', 'bell'], { seed, jitterMs: 10 })
      const { network } = cluster
      const second = await network.startNode({ name: 'ada' })
      await network.advance(2_000)
      const curie = await network.startNode({ name: 'curie' })
      await network.advance(5_000)
      const seen = curie.members().find(({ name }) => name === 'ada')
      assert.equal(seen?.incarnation, cluster.node('ada').self.incarnation, `seed ${String(seed)}`)
      assert.deepEqual(statusesOn(cluster.node('ada')), ['ada alive', 'bell alive', 'curie alive'])
      assert.deepEqual(second.status().links, [])
      await network.run(second.stop())
    }
  })

  it('a refused namesake joins once the holder of the name has left', async () => {
    await using cluster = await virtualCluster(['ada', 'bell'])
    const { network } = cluster
    const second = await network.startNode({ name: 'ada' })
    await network.advance(3_000)
    await network.run(cluster.node('ada').stop())
    await network.advance(45_000)
    const seen = cluster
      .node('bell')
      .members()
      .find(({ name }) => name === 'ada')
    assert.deepEqual([seen?.status, seen?.incarnation], ['alive', second.self.incarnation])
  })
})

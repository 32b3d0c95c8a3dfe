import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { silentLog, type Log } from '../../src/kernel/index.ts'
import type { FoundationNode } from '../../src/node/index.ts'
import { ground, needs } from '../ground/ground.ts'
import { formCluster, part, sees } from './form-cluster.ts'

const statusesOn = (node: { members(): { name: string; status: string }[] }): string[] =>
  node.members().map(({ name, status }) => `${name} ${status}`)

describe('three nodes: membership', needs(), () => {
  it(
    'a node that stood still for ten seconds is linked again at once, by one link',
    needs('virtual time'),
    async () => {
      // The pauses differ, so that dials of the others meet it in every phase of waking up.
      for (const pauseMs of [8_000, 9_000, 10_000, 10_700, 11_300]) {
        await using cluster = await formCluster(['cedar', 'elm', 'fir'], { seed: pauseMs })
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
    },
  )

  it('a partition is seen by both sides and heals without discovery', async () => {
    const topologies = { none: { strategy: 'static', config: { hosts: ['a:1'] } } }
    await using cluster = await formCluster(['a', 'b', 'c'], { options: { topologies } })
    const { network } = cluster
    await part(cluster, ['a'], ['b', 'c'])
    assert.deepEqual(statusesOn(cluster.node('a')), ['a alive'])
    assert.deepEqual(statusesOn(cluster.node('b')), ['b alive', 'c alive'])
    network.heal()
    await network.until('all meet again', () =>
      cluster.nodes.every((node) => sees(node, ['a', 'b', 'c'])),
    )
  })

  it('a pair that cannot reach each other keeps each other as suspects, through the third', async () => {
    await using cluster = await formCluster(['a', 'b', 'c'])
    const { network } = cluster
    const downs: string[] = []
    cluster.node('a').on('member-down', ({ member }) => downs.push(member.name))
    network.cut('a', 'b')
    const seen = () =>
      cluster
        .node('a')
        .members()
        .find(({ name }) => name === 'b')
    await network.until('b is suspect', () => seen()?.status === 'suspect')
    // Longer than the silence that makes a member down.
    await network.advance(6_000)
    assert.deepEqual([seen()?.status, seen()?.cause, downs], ['suspect', 'indirect', []])
    network.heal()
    await network.until('b is alive', () => seen()?.status === 'alive')
  })

  it('a node that leaves is seen as left at once and stays away', async () => {
    await using cluster = await formCluster(['a', 'b', 'c'])
    const { network } = cluster
    const events: string[] = []
    for (const type of ['member-left', 'member-down', 'member-up'] as const) {
      cluster.node('a').on(type, ({ member }) => events.push(`${type} ${member.name}`))
    }
    await network.run(cluster.node('c').stop())
    await network.until('it is told', () => events.length > 0)
    await network.advance(4_000)
    assert.deepEqual(events, ['member-left c'])
    await assert.rejects(cluster.node('c').connect('a:1'), { code: 'FND_NOT_RUNNING' })
  })

  it('a second node under a taken name is refused and told so; the first is undisturbed', async () => {
    await using cluster = await formCluster(['a', 'b'])
    const { network } = cluster
    const events: string[] = []
    for (const type of ['member-down', 'member-suspect', 'member-up'] as const) {
      cluster.node('b').on(type, ({ member }) => events.push(`${type} ${member.name}`))
    }
    const lines: string[] = []
    const warn = (fields: object, message: string): void => {
      lines.push(`${'code' in fields ? String(fields.code) : ''} ${message}`)
    }
    const log: Log = { ...silentLog, warn, child: () => log }
    const second = await network.startNode({ name: 'a', log })
    const refused = assert.rejects(second.ready({ minPeers: 1, timeoutMs: 20_000 }), {
      code: 'FND_NAME_IN_USE',
    })
    await network.run(refused)
    await network.advance(1_000)
    assert.deepEqual(events, [])
    assert.equal(lines.length, 1, lines.join('\n'))
    assert.match(lines[0] ?? '', /^FND_NAME_IN_USE .*choose another/)
    assert.equal(cluster.node('a').members().length, 2)
    await network.run(second.stop())
  })

  it('a newcomer never takes the refused namesake for the holder of the name', async () => {
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      await using cluster = await formCluster(['ada', 'bell'], { seed, jitterMs: 10 })
      const { network } = cluster
      const second = await network.startNode({ name: 'ada' })
      await network.advance(500)
      const curie = await network.startNode({ name: 'curie' })
      await network.run(curie.ready({ minPeers: 2, timeoutMs: 30_000 }))
      await network.advance(500)
      const seen = curie.members().find(({ name }) => name === 'ada')
      assert.equal(seen?.incarnation, cluster.node('ada').self.incarnation, `seed ${String(seed)}`)
      assert.deepEqual(statusesOn(cluster.node('ada')), ['ada alive', 'bell alive', 'curie alive'])
      assert.deepEqual(second.status().links, [])
      await network.run(second.stop())
    }
  })

  // On a broker they hear of each other by themselves: test/nats/namesakes.test.ts
  it(
    'of two nodes with one name, the refused one says so and runs nothing until it is let in',
    needs('addresses to look up'),
    async () => {
      const Job = class {
        readonly isHere = true
      }
      const topologies = { none: { strategy: 'static', config: { hosts: ['nobody:1'] } } }
      const options = { name: 'ada', services: { Job }, topologies }
      const network = await ground.openNetwork({})
      const first = await network.startNode(options)
      const second = await network.startNode(options)
      const jobOn = (node: FoundationNode): number => node.status().supervisor.local
      // Neither has heard of the other.
      for (const { supervisor } of [first, second]) {
        await network.run(supervisor.singleton('job', { service: 'Job' }))
      }
      const [address = ''] = first.self.addresses
      const nameInUse = { code: 'FND_NAME_IN_USE' }
      await network.run(assert.rejects(second.connect(address), nameInUse))
      await network.until('it runs nothing', () => jobOn(second) === 0)
      const { status, reasons } = second.monitor.health()
      assert.equal(status, 'unhealthy')
      assert.match(reasons.join(), /not let in as "ada": /)
      const another = second.supervisor.singleton('another', { service: 'Job' })
      await network.run(assert.rejects(another, nameInUse))
      assert.equal(jobOn(first), 1)
      assert.deepEqual(first.monitor.health().reasons, [])
      await network.run(first.stop())
      await network.until('it has the name, and the job', () => jobOn(second) === 1)
      await network.stop()
    },
  )

  it('a refused namesake joins once the holder of the name has left', async () => {
    await using cluster = await formCluster(['ada', 'bell'])
    const { network } = cluster
    const second = await network.startNode({ name: 'ada' })
    await network.advance(3_000)
    await network.run(cluster.node('ada').stop())
    const isThere = (): boolean =>
      cluster
        .node('bell')
        .members()
        .some(
          ({ name, status, incarnation }) =>
            name === 'ada' && status === 'alive' && incarnation === second.self.incarnation,
        )
    await network.until('the second is a member', isThere)
  })
})

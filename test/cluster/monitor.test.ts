import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ground, needs } from '../ground/ground.ts'
import { formCluster } from './form-cluster.ts'

describe('node.monitor', needs(), () => {
  it('is a plain JSON snapshot of the cluster, with the word of every node on itself', async () => {
    await using world = await formCluster(['a', 'b', 'c'])
    const wordsOf = () => Object.values(world.nodes[0]?.monitor.snapshot().nodes ?? {})
    await world.network.until(
      'every node has said that it is well and linked with both others',
      () =>
        wordsOf().length === 3 &&
        wordsOf().every(({ health, linked }) => health === 'healthy' && linked.length === 2),
    )
    const snapshot = world.nodes[0]?.monitor.snapshot()
    assert.ok(snapshot)
    assert.deepEqual(JSON.parse(JSON.stringify(snapshot)), snapshot)
    assert.deepEqual(Object.keys(snapshot.nodes).sort(), ['a', 'b', 'c'])
    assert.deepEqual([...(snapshot.nodes['b']?.linked ?? [])].sort(), ['a', 'c'])
    assert.equal(snapshot.nodes['c']?.health, 'healthy')
    assert.deepEqual(snapshot.links.map(({ peer }) => peer).sort(), ['b', 'c'])
    assert.deepEqual(
      snapshot.members.find(({ name }) => name === 'b')?.history.map(({ type }) => type),
      ['member-up'],
    )
  })

  it('hears a newcomer at once, and forgets who is down', async () => {
    await using world = await formCluster(['a', 'b'])
    const { network, nodes } = world
    await network.startNode({ name: 'c' })
    const seen = () => nodes[0]?.monitor.snapshot()
    await network.until('c is heard', () => seen()?.nodes['c'] !== undefined)
    network.kill('c')
    await network.until(
      'c is down',
      () => seen()?.members.find(({ name }) => name === 'c')?.status === 'down',
    )
    await network.until('c is forgotten', () => seen()?.nodes['c'] === undefined)
  })

  it('tells of each change of the topology, with who is there', async () => {
    await using world = await formCluster(['a', 'b'])
    const { network, nodes } = world
    const told: string[] = []
    nodes[0]?.monitor.on('topology-changed', ({ change, member, members }) =>
      told.push(`${change} ${member}: ${members.join()}`),
    )
    await network.startNode({ name: 'c' })
    await network.until('c was seen', () => told.length === 1)
    await network.run(nodes[1]?.stop() ?? Promise.resolve())
    await network.until('b was seen to leave', () => told.length === 2)
    assert.deepEqual(told, ['member-up c: a,b,c', 'member-left b: a,c'])
  })

  it('tells when health changes, and of what another node suffers', async () => {
    await using world = await formCluster(['a', 'b', 'c'])
    const { network, nodes } = world
    const told: string[] = []
    nodes[0]?.monitor.on('health-changed', ({ status, previous, reasons }) =>
      told.push(`${previous} -> ${status}: ${reasons.join()}`),
    )
    network.partition(['a', 'c'], ['b'])
    await network.until('b is suspect', () => told.length > 0)
    network.heal()
    await network.until('all is well again', () => told.length > 1)
    assert.deepEqual(told, [
      'healthy -> degraded: 1 of 3 members suspect: b',
      'degraded -> healthy: ',
    ])
  })

  it('harms nobody when a listener throws or rejects', async () => {
    await using world = await formCluster(['a', 'b'])
    const { network, nodes } = world
    const told: string[] = []
    const monitor = nodes[0]?.monitor
    monitor?.on('topology-changed', () => {
      throw new Error('no')
    })
    monitor?.on('topology-changed', () => Promise.reject(new Error('no')))
    const stop = monitor?.on('topology-changed', ({ member }) => told.push(member))
    await network.startNode({ name: 'c' })
    await network.until('c was seen', () => told.length === 1)
    stop?.()
    await network.startNode({ name: 'd' })
    await network.until('d is there', () => nodes[0]?.members().length === 4)
    assert.deepEqual(told, ['c'])
  })

  it('is unhealthy once the node has stopped', async () => {
    await using world = await formCluster(['a'])
    const [a] = world.nodes
    await world.network.run(a?.stop() ?? Promise.resolve())
    assert.deepEqual(a?.monitor.health(), {
      status: 'unhealthy',
      reasons: ['this node is not running'],
    })
  })

  it('takes options, and says what is wrong with one', async () => {
    await using network = await ground.openNetwork({})
    const bad = { name: 'a', monitor: { healing: ['pray'] } } as never
    await assert.rejects(network.startNode(bad), {
      code: 'FND_OPTION_INVALID',
      message: /monitor\.healing.*redial/,
    })
  })
})

import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { collect, linkedCluster, TestCluster, until, type TestNode } from './cluster-fixtures.ts'
import type { DeliveryMeta } from './delivery.ts'

let cluster: TestCluster

afterEach(() => {
  cluster.stop()
})

/** Nodes that know each other. */
async function nodes(count: number): Promise<[TestNode, TestNode, TestNode]> {
  cluster = await linkedCluster(count)
  return [...cluster.nodes.values()] as [TestNode, TestNode, TestNode]
}

describe('PubSub, on one node as Phoenix.PubSub', () => {
  it('counts subscriptions and forgets them again', async () => {
    const [a] = await nodes(1)
    const one = a.pubsub.subscribe('events.x', () => undefined)
    const two = a.pubsub.subscribe('events.x', () => undefined)
    assert.equal(a.pubsub.stats().subscriptions, 2)
    assert.equal(a.pubsub.stats().topics, 1)
    one.unsubscribe()
    two[Symbol.dispose]()
    assert.equal(a.pubsub.stats().subscriptions, 0)
    assert.equal(a.pubsub.stats().topics, 0)
    assert.deepEqual([...a.log.entries('interest')], [])
  })

  it('broadcasts to each subscriber, twice to one that subscribed twice', async () => {
    const [a] = await nodes(1)
    const one = collect(a, 'events.x')
    const handler = (message: unknown): void => {
      one.push(message)
    }
    a.pubsub.subscribe('events.x', handler)
    a.pubsub.subscribe('events.x', handler)
    await a.pubsub.broadcast('events.x', 1)
    assert.deepEqual(one, [1, 1, 1])
  })

  it('does not broadcast to other topics', async () => {
    const [a] = await nodes(1)
    const other = collect(a, 'events.y')
    await a.pubsub.broadcast('events.x', 1)
    assert.deepEqual(other, [])
  })

  it('skips the one subscription with broadcastFrom, and only that one', async () => {
    const [a, b] = await nodes(2)
    const far = collect(b, 'events.x')
    await b.pubsub.subscribe('events.y', () => undefined).ready
    const messages: string[] = []
    const own = a.pubsub.subscribe('events.x', () => messages.push('own'))
    a.pubsub.subscribe('events.x', () => messages.push('other'))
    await a.pubsub.broadcastFrom(own, 'events.x', 1)
    assert.deepEqual(messages, ['other'])
    await until(() => far.length === 1)
  })
})

describe('PubSub, directly and locally as Phoenix.PubSub', () => {
  it('does nothing when unsubscribed again', async () => {
    const [a] = await nodes(1)
    const kept = collect(a, 'events.x')
    const gone = a.pubsub.subscribe('events.x', () => undefined)
    gone.unsubscribe()
    gone.unsubscribe()
    await a.pubsub.broadcast('events.x', 1)
    assert.deepEqual(kept, [1])
  })

  it('broadcasts directly to the own node', async () => {
    const [a, b] = await nodes(2)
    const far = collect(b, 'events.x')
    const near = collect(a, 'events.x')
    await a.pubsub.directBroadcast('a', 'events.x', 1)
    await cluster.settled()
    assert.deepEqual([near, far], [[1], []])
  })

  it('refuses a direct broadcast to a node it does not know, unlike Phoenix', async () => {
    const [a, b] = await nodes(2)
    await assert.rejects(a.pubsub.directBroadcast('z', 'events.x', 1), { code: 'FND_NODE_UNKNOWN' })
    cluster.unlink(a, b)
    await assert.rejects(a.pubsub.directBroadcast('b', 'events.x', 1), { code: 'FND_NODE_UNKNOWN' })
  })

  it('broadcasts directly to one node only, whatever it listens to', async () => {
    const [a, b, c] = await nodes(3)
    const received = [collect(a, 'events.x'), collect(b, 'events.x'), collect(c, 'events.x')]
    const result = await a.pubsub.directBroadcast('b', 'events.x', 1)
    assert.deepEqual(result, { peers: 1, queued: 1, dropped: 0 })
    await cluster.settled()
    assert.deepEqual(received, [[], [1], []])
  })

  it('reaches this node only with localBroadcast', async () => {
    const [a, b] = await nodes(2)
    const near = collect(a, 'events.x')
    const far = collect(b, 'events.x')
    await until(() => a.log.digest()[1]?.entries === 1)
    a.pubsub.localBroadcast('events.x', 1)
    await cluster.settled()
    assert.deepEqual([near, far], [[1], []])
    assert.equal(cluster.sent.length, 0)
  })
})

describe('PubSub, between nodes', () => {
  it('broadcasts to every node', async () => {
    cluster = await linkedCluster(4)
    const all = [...cluster.nodes.values()]
    const received = all.map((node) => collect(node, 'events.x'))
    await Promise.all(all.map(({ pubsub }) => pubsub.subscribe('events.y', () => 0).ready))
    const result = await all[0]?.pubsub.broadcast('events.x', 'hello')
    assert.deepEqual(result, { peers: 3, queued: 3, dropped: 0 })
    await until(() => received.every(({ length }) => length === 1))
  })

  it('needs no equal settings on both sides: the topic is all they share', async () => {
    cluster = new TestCluster()
    const a = cluster.add('a', { channels: { orders: { class: 'bulk' } } })
    const b = cluster.add('b')
    cluster.link(a, b)
    const channels: string[] = []
    const subscription = b.pubsub.subscribe('orders.*', (_, meta) => channels.push(meta.channel))
    await subscription.ready
    await a.pubsub.broadcast('orders.new', 1)
    await until(() => channels.length === 1)
    assert.equal(cluster.sent[0]?.class, 'bulk')
    assert.deepEqual(channels, ['events'], 'unknown there, so it belongs to events')
  })

  it('tells a subscriber where a message came from and when', async () => {
    const [a, b] = await nodes(2)
    const metas: DeliveryMeta[] = []
    await b.pubsub.subscribe('telemetry.cpu', (_, meta) => metas.push(meta)).ready
    const before = Date.now()
    await a.pubsub.broadcast('telemetry.cpu', 1)
    await b.pubsub.broadcast('telemetry.cpu', 2)
    await until(() => metas.length === 2)
    const far = metas.find(({ from }) => from === 'a')
    const own = metas.find(({ from }) => from === 'b')
    const { sentAt, ...rest } = far ?? { sentAt: 0 }
    assert.ok(sentAt >= before && sentAt <= Date.now())
    const common = { topic: 'telemetry.cpu', channel: 'telemetry' }
    assert.deepEqual(rest, { ...common, from: 'a', epoch: 1, sequence: 1, bytes: 1 })
    assert.equal(own?.epoch, 0)
  })
})

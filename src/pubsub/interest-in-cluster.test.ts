import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { collect, linkedCluster, TestCluster, until, type TestNode } from './cluster-fixtures.ts'

let cluster: TestCluster

afterEach(() => {
  cluster.stop()
})

/** Nodes that know each other. */
async function nodes(count: number): Promise<[TestNode, TestNode, TestNode]> {
  cluster = await linkedCluster(count)
  return [...cluster.nodes.values()] as [TestNode, TestNode, TestNode]
}

describe('PubSub, sending where it is wanted', () => {
  it('sends only to peers that listen, by topic or pattern', async () => {
    const [a, b, c] = await nodes(3)
    await b.pubsub.subscribe('events.orders.*', () => undefined).ready
    await c.pubsub.subscribe('events.carts.>', () => undefined).ready
    const sentTo = async (topic: string): Promise<string[]> => {
      cluster.sent.length = 0
      await a.pubsub.broadcast(topic, 1)
      return cluster.sent.map(({ to }) => to)
    }
    assert.deepEqual(await sentTo('events.orders.new'), ['b'])
    assert.deepEqual(await sentTo('events.carts.new.big'), ['c'])
    assert.deepEqual(await sentTo('events.orders.new.big'), [])
    assert.deepEqual(await sentTo('events.orders'), [])
  })

  it('stops sending when the last subscriber of a topic is gone', async () => {
    const [a, b] = await nodes(2)
    const one = b.pubsub.subscribe('events.x', () => undefined)
    const two = b.pubsub.subscribe('events.x', () => undefined)
    await two.ready
    one.unsubscribe()
    await b.log.acknowledged(b.log.sequence)
    assert.equal((await a.pubsub.broadcast('events.x', 1)).peers, 1)
    two.unsubscribe()
    await b.log.acknowledged(b.log.sequence)
    assert.equal((await a.pubsub.broadcast('events.x', 1)).peers, 0)
  })

  it('sends everything to a peer whose interest is not known yet, never twice', async () => {
    cluster = new TestCluster()
    const a = cluster.add('a')
    const b = cluster.add('b')
    const received = collect(b, 'events.x')
    await a.pubsub.broadcast('events.x', 'before')
    cluster.link(a, b)
    assert.equal(a.log.isKnown('b'), false)
    assert.equal((await a.pubsub.broadcast('events.x', 'joining')).peers, 1)
    assert.equal((await a.pubsub.broadcast('events.other', 'joining')).peers, 1)
    await until(() => a.log.isKnown('b'))
    assert.equal((await a.pubsub.broadcast('events.other', 'known')).peers, 0)
    await a.pubsub.broadcast('events.x', 'known')
    await until(() => received.length >= 2)
    await cluster.settled()
    assert.deepEqual(received, ['joining', 'known'])
    assert.equal(b.pubsub.stats().unwanted, 1)
  })
})

describe('PubSub, learning what is wanted', () => {
  it('stops sending to a peer that turns out to listen to nothing', async () => {
    cluster = new TestCluster()
    const a = cluster.add('a')
    const b = cluster.add('b')
    cluster.link(a, b)
    assert.equal((await a.pubsub.broadcast('events.x', 1)).peers, 1)
    await until(() => a.log.isKnown('b'))
    assert.equal((await a.pubsub.broadcast('events.x', 2)).peers, 0)
  })

  it('delivers what is published in the turn after ready', async () => {
    const [a, b] = await nodes(2)
    for (let round = 0; round < 20; round++) {
      const topic = `events.round-${String(round)}`
      const received = collect(b, topic)
      const subscription = b.pubsub.subscribe(topic, () => undefined)
      await subscription.ready
      await a.pubsub.broadcast(topic, round)
      await until(() => received.length === 1)
    }
  })

  it('is ready at once on a node alone, and never rejects', async () => {
    cluster = new TestCluster()
    const a = cluster.add('a')
    await a.pubsub.subscribe('events.x', () => undefined).ready
    const late = a.pubsub.subscribe('events.y', () => undefined)
    a.pubsub.stop()
    a.log.stop()
    await late.ready
  })

  it('sends to a peer that comes back what it listens to by then', async () => {
    const [a, b] = await nodes(2)
    const received = collect(b, 'events.x')
    cluster.unlink(a, b)
    const later = collect(b, 'events.y')
    cluster.link(a, b)
    await a.pubsub.broadcast('events.x', 1)
    await a.pubsub.broadcast('events.y', 2)
    await until(() => received.length === 1 && later.length === 1)
  })
})

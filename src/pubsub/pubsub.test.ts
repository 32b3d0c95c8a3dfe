import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { linkedCluster, TestCluster, until, type TestNode } from './cluster-fixtures.ts'
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

/** Subscribes and keeps what arrives. */
function collect(node: TestNode, topic: string): unknown[] {
  const messages: unknown[] = []
  node.pubsub.subscribe(topic, (message) => {
    messages.push(message)
  })
  return messages
}

// The intent of the adapter tests of Phoenix.PubSub.
describe('PubSub, as Phoenix.PubSub', () => {
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
    assert.deepEqual(rest, { ...common, from: 'a', epoch: 1, sequence: 1 })
    assert.equal(own?.epoch, 0)
  })
})

describe('PubSub, interest', () => {
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

describe('PubSub, delivery', () => {
  it('keeps the order of one sender, ten thousand messages long, without a duplicate', async () => {
    const [a, b] = await nodes(2)
    const received = collect(b, 'events.x')
    const near = collect(a, 'events.x')
    await b.pubsub.subscribe('events.y', () => undefined).ready
    const expected = Array.from({ length: 10_000 }, (_, index) => index)
    await Promise.all(expected.map((index) => a.pubsub.broadcast('events.x', index)))
    await until(() => received.length === expected.length)
    assert.deepEqual(received, expected)
    assert.deepEqual(near, expected)
  })

  it('keeps the order of a sender when a handler publishes during a delivery', async () => {
    const [a] = await nodes(1)
    a.pubsub.subscribe('events.x', (message) => {
      if (Number(message) < 3) void a.pubsub.broadcast('events.x', Number(message) + 1)
    })
    const received = collect(a, 'events.x')
    await a.pubsub.broadcast('events.x', 0)
    assert.deepEqual(received, [0, 1, 2, 3])
  })

  it('gives the event loop its turn when handlers publish to themselves without end', async () => {
    const [a] = await nodes(1)
    let count = 0
    const subscription = a.pubsub.subscribe('events.x', () => {
      count += 1
      void a.pubsub.broadcast('events.x', count)
    })
    await a.pubsub.broadcast('events.x', 0)
    assert.ok(count > 0 && count < 5_000)
    subscription.unsubscribe()
  })

  it('reports handlers that throw or reject and calls the others', async () => {
    const [a] = await nodes(1)
    const unhandled: unknown[] = []
    const onUnhandled = (reason: unknown): void => {
      unhandled.push(reason)
    }
    process.on('unhandledRejection', onUnhandled)
    a.pubsub.subscribe('events.x', () => {
      throw new Error('thrown')
    })
    a.pubsub.subscribe('events.x', () => Promise.reject(new Error('rejected')))
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- users do this
    a.pubsub.subscribe('events.x', () => Promise.reject('text'))
    const received = collect(a, 'events.x')
    await a.pubsub.broadcast('events.x', 1)
    await cluster.settled()
    process.off('unhandledRejection', onUnhandled)
    assert.deepEqual(received, [1])
    assert.deepEqual(unhandled, [])
    const troubles = a.news.map((news) => (news.type === 'trouble' ? news.error : undefined))
    assert.deepEqual(
      troubles.map((error) => error?.message),
      ['thrown', 'rejected', 'text'].map((each) => `Subscriber of "events.x" failed: ${each}`),
    )
    assert.ok(troubles.every((error) => error?.code === 'FND_SUBSCRIBER_FAILED'))
    assert.deepEqual(troubles[0]?.details, { topic: 'events.x' })
  })

  it('delivers to those that were subscribed when the delivery began', async () => {
    const [a] = await nodes(1)
    const calls: string[] = []
    a.pubsub.subscribe('events.x', () => {
      calls.push('first')
      second.unsubscribe()
      if (calls.length === 1) a.pubsub.subscribe('events.x', () => calls.push('late'))
    })
    const second = a.pubsub.subscribe('events.x', () => calls.push('second'))
    await a.pubsub.broadcast('events.x', 1)
    assert.deepEqual(calls, ['first', 'second'])
    await a.pubsub.broadcast('events.x', 2)
    assert.deepEqual(calls, ['first', 'second', 'first', 'late'])
  })

  it('shares one message between subscribers, but for those that ask for a copy', async () => {
    const [a, b] = await nodes(2)
    for (const node of [a, b]) {
      const seen: unknown[] = []
      const keep = (message: unknown): void => {
        seen.push(message)
      }
      node.pubsub.subscribe('events.x', keep)
      node.pubsub.subscribe('events.x', keep)
      await node.pubsub.subscribe('events.x', keep, { copy: true }).ready
      const message = { at: new Date(7), items: [1] }
      await a.pubsub.broadcast('events.x', message)
      await until(() => seen.length === 3)
      assert.equal(seen[0], seen[1])
      assert.notEqual(seen[2], seen[0])
      assert.deepEqual(seen[2], message)
      if (node === a) assert.equal(seen[0], message)
    }
  })

  it('refuses what cannot be carried, with peers and without', async () => {
    const [a] = await nodes(1)
    const received = collect(a, 'events.x')
    const bad = { callback: () => undefined }
    await assert.rejects(a.pubsub.broadcast('events.x', bad), { code: 'FND_MESSAGE_INVALID' })
    assert.throws(
      () => {
        a.pubsub.localBroadcast('events.x', bad)
      },
      { code: 'FND_MESSAGE_INVALID' },
    )
    assert.deepEqual(received, [])
  })

  it('refuses a message one byte too large, and carries the one just below', async () => {
    const [a, b] = await nodes(2)
    const received = collect(b, 'events.x')
    await b.pubsub.subscribe('events.y', () => undefined).ready
    const head = 12 + 'events.x'.length
    const fitting = cluster.payloadMaxBytes - head - 5 // 5: header of the byte string.
    await a.pubsub.broadcast('events.x', Buffer.alloc(fitting))
    await assert.rejects(
      a.pubsub.broadcast('events.x', Buffer.alloc(fitting + 1)),
      (error: Error) => {
        assert.match(error.message, /262145 bytes, more than the 262144 .* "bulk\."/)
        return (error as Error & { code: string }).code === 'FND_MESSAGE_TOO_LARGE'
      },
    )
    await a.pubsub.broadcast('bulk.x', Buffer.alloc(fitting + 1))
    await a.pubsub.broadcast('events.x', 'after')
    await until(() => received.length === 2)
    assert.equal(received[1], 'after')
  })

  it('drops what it does not understand and goes on', async () => {
    const [a, b] = await nodes(2)
    const received = collect(b, 'events.x')
    await b.pubsub.subscribe('events.y', () => undefined).ready
    await a.pubsub.broadcast('events.x', 1)
    await until(() => received.length === 1)
    const good = Buffer.from(cluster.sent[0]?.payload ?? [])
    const spoilt = [good.subarray(0, 11), good.subarray(0, good.length - 1), Buffer.from([48])]
    const change = (at: number, byte: number): void => {
      const copy = Buffer.from(good)
      copy[at] = byte
      spoilt.push(copy)
    }
    change(1, 1) // a flag of a later version
    change(2, 0xff) // with the next byte: not a number
    change(10, 0xff) // length of the topic
    change(12, 0x20) // a blank in the topic
    change(good.length - 1, 0xc1) // never a value
    spoilt[4]?.fill(0xff, 2, 10)
    for (const payload of spoilt) {
      b.router.receive({ from: 'a', class: 'events', epoch: 1, sequence: 1, payload })
    }
    assert.equal(b.router.rejected, spoilt.length)
    await a.pubsub.broadcast('events.x', 2)
    await until(() => received.length === 2)
  })

  it('tells subscribers of the class, and the node, of a lost stretch', async () => {
    const [a, b] = await nodes(2)
    const gaps: unknown[] = []
    const onGap = (gap: unknown): void => {
      gaps.push(gap)
    }
    b.pubsub.subscribe('telemetry.x', () => undefined, { onGap })
    b.pubsub.subscribe('events.x', () => undefined, { onGap })
    const received = collect(b, 'orders.x')
    await b.pubsub.subscribe('*.x', () => undefined, { onGap }).ready
    cluster.fate = ({ class: channelClass }) => (channelClass === 'events' ? 'lost' : 'accepted')
    await a.pubsub.broadcast('orders.x', 1)
    cluster.fate = () => 'accepted'
    await a.pubsub.broadcast('orders.x', 2)
    await until(() => received.length === 1)
    const gap = { from: 'a', channel: 'events', count: 1 }
    assert.deepEqual(gaps, [gap, gap])
    assert.deepEqual(b.news, [{ type: 'gap', ...gap }])
    assert.equal(b.pubsub.stats().gaps.events, 1)
  })

  it('does nothing more after stop', async () => {
    const [a, b] = await nodes(2)
    const received = collect(a, 'events.x')
    const stream = a.pubsub.subscribe('events.x')
    a.pubsub.stop()
    a.pubsub.stop()
    assert.deepEqual(await stream.next(), { value: undefined, done: true })
    await assert.rejects(a.pubsub.broadcast('events.x', 1), { code: 'FND_NOT_RUNNING' })
    assert.throws(() => a.pubsub.subscribe('events.x'), { code: 'FND_NOT_RUNNING' })
    await b.pubsub.broadcast('events.x', 1)
    await cluster.settled()
    assert.deepEqual(received, [])
  })
})

describe('PubSub, doors', () => {
  it('binds to a channel: its name and every topic below', async () => {
    const [a, b] = await nodes(2)
    const received: unknown[] = []
    const subscription = b.pubsub.channel('telemetry').subscribe((message) => {
      received.push(message)
    })
    await subscription.ready
    await a.pubsub.channel('telemetry').broadcast(1)
    await a.pubsub.broadcast('telemetry.cpu', 2)
    await a.pubsub.broadcast('events.cpu', 3)
    await until(() => received.length === 2)
    assert.deepEqual(received, [1, 2])
    assert.ok(cluster.sent.every((sent) => sent.class === 'telemetry'))
    subscription.unsubscribe()
    assert.equal(b.pubsub.stats().topics, 0)
  })

  it('refuses a channel that is not set up, naming those that are', async () => {
    const [a] = await nodes(1)
    assert.throws(() => a.pubsub.channel('metrics'), {
      code: 'FND_OPTION_INVALID',
      message: /"metrics".*control, events, telemetry, bulk/,
    })
  })

  it('checks a typed topic when sent and when received', async () => {
    const [a, b] = await nodes(2)
    const schema = {
      '~standard': {
        version: 1 as const,
        vendor: 'test',
        validate: (value: unknown) =>
          typeof value === 'number'
            ? { value: `#${String(value)}` }
            : { issues: [{ message: 'not a number', path: ['order', { key: 'id' }] }] },
        types: undefined as { input: number; output: string } | undefined,
      },
    }
    const received: string[] = []
    const subscription = b.pubsub.topic('events.n', schema).subscribe((message) => {
      received.push(message.toUpperCase())
    })
    await subscription.ready
    const out = a.pubsub.topic('events.n', schema)
    await assert.rejects(out.broadcast('x' as unknown as number), {
      code: 'FND_MESSAGE_INVALID',
      message: /"events.n" does not match its schema: order.id: not a number/,
    })
    await a.pubsub.broadcast('events.n', 'bad')
    await out.broadcast(7)
    await until(() => received.length === 1)
    assert.deepEqual(received, ['#7'])
    const [news] = b.news
    assert.ok(news?.type === 'trouble' && news.error.code === 'FND_MESSAGE_INVALID')
    assert.deepEqual(news.error.details, { topic: 'events.n', from: 'a' })
  })

  it('refuses a schema that validates asynchronously', async () => {
    const [a] = await nodes(1)
    const validate = (value: unknown): Promise<{ value: unknown }> => Promise.resolve({ value })
    const schema = { '~standard': { version: 1 as const, vendor: 'test', validate } }
    await assert.rejects(a.pubsub.topic('events.n', schema).broadcast(1), /asynchronously/)
  })
})

import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import {
  collect,
  linkedCluster,
  type TestCluster,
  until,
  type TestNode,
} from './cluster-fixtures.ts'

let cluster: TestCluster

afterEach(() => {
  cluster.stop()
})

/** Nodes that know each other. */
async function nodes(count: number): Promise<[TestNode, TestNode, TestNode]> {
  cluster = await linkedCluster(count)
  return [...cluster.nodes.values()] as [TestNode, TestNode, TestNode]
}

describe('PubSub, order', () => {
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
})

describe('PubSub, handlers', () => {
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
})

describe('PubSub, messages', () => {
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
})

describe('PubSub, what does not fit', () => {
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
})

describe('PubSub, gaps and the end', () => {
  it('tells of a gap whom it concerns, where the engine knows what was lost', async () => {
    const [, b] = await nodes(2)
    const told: string[] = []
    for (const topic of ['events.a', 'events.*', 'events.b', 'control.a', '>']) {
      b.pubsub.subscribe(topic, () => undefined, {
        onGap: ({ count }) => told.push(`${topic} ${String(count)}`),
      })
    }
    b.pubsub.gap('a', 'events', 2, { topic: 'events.a' })
    assert.deepEqual(told, ['events.a 2', 'events.* 2', '> 2'])
    assert.deepEqual(b.news, [{ type: 'gap', from: 'a', channel: 'events', count: 2 }])
    b.pubsub.gap('a', 'control', 3, 'unpublished')
    assert.equal(told.length, 3, 'what parts of the node lost is no concern of subscribers')
    b.pubsub.gap('a', 'control', 4)
    assert.deepEqual(told.slice(3), ['control.a 4', '> 4'])
    assert.deepEqual([b.pubsub.stats().gaps.events, b.pubsub.stats().gaps.control], [2, 4])
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

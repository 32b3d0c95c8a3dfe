import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { linkedCluster, type TestCluster, until, type TestNode } from './cluster-fixtures.ts'

let cluster: TestCluster

afterEach(() => {
  cluster.stop()
})

/** Nodes that know each other. */
async function nodes(count: number): Promise<[TestNode, TestNode, TestNode]> {
  cluster = await linkedCluster(count)
  return [...cluster.nodes.values()] as [TestNode, TestNode, TestNode]
}

describe('PubSub, bound to a channel', () => {
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
})

describe('PubSub, bound to a schema', () => {
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

describe('subscribe()', () => {
  it('refuses a handler or an option that is none, naming it', async () => {
    const [a] = await nodes(1)
    const refused = (second: unknown, why: RegExp): void => {
      assert.throws(() => a.pubsub.subscribe('events.x', second as object), {
        code: 'FND_OPTION_INVALID',
        message: why,
      })
    }
    refused('no handler', /"subscribe": expected an object/)
    refused({ bufferMax: 0 }, /"subscribe.bufferMax"/)
    refused({ overflow: 'wait' }, /"subscribe.overflow".*drop-oldest/)
    refused({ latestby: () => 1 }, /did you mean "latestBy"/)
    refused({ latestBy: 'id' }, /"subscribe.latestBy": expected a function/)
    assert.equal(a.pubsub.stats().subscriptions, 0)
  })
})

import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { systemHost } from '../kernel/index.ts'
import { linkedCluster, until, type TestCluster } from './cluster-fixtures.ts'

let cluster: TestCluster

afterEach(() => {
  cluster.stop()
})

describe('PubSub, read as a stream', () => {
  it('reads a stream in order', async () => {
    cluster = await linkedCluster(1)
    const [a] = cluster.nodes.values()
    const stream = a?.pubsub.subscribe('events.x')
    assert.ok(a && stream)
    await a.pubsub.broadcast('events.x', 1)
    await a.pubsub.broadcast('events.x', 2)
    systemHost.defer(() => void a.pubsub.broadcast('events.x', 3))
    const read: unknown[] = []
    for await (const { message, meta } of stream) {
      read.push([message, meta.topic])
      if (read.length === 3) break
    }
    assert.deepEqual(
      read,
      [1, 2, 3].map((each) => [each, 'events.x']),
    )
    assert.equal(a.pubsub.stats().subscriptions, 0, 'leaving the loop unsubscribes')
  })

  it('gives out what is kept after unsubscribe, then ends', async () => {
    cluster = await linkedCluster(1)
    const [a] = cluster.nodes.values()
    assert.ok(a)
    const stream = a.pubsub.subscribe('events.x')
    await a.pubsub.broadcast('events.x', 1)
    stream.unsubscribe()
    await a.pubsub.broadcast('events.x', 2)
    assert.equal((await stream.next()).value?.message, 1)
    assert.equal((await stream.next()).done, true)
  })

  it('forgets what is kept when the loop is left', async () => {
    cluster = await linkedCluster(1)
    const [a] = cluster.nodes.values()
    assert.ok(a)
    const stream = a.pubsub.subscribe('events.x')
    await a.pubsub.broadcast('events.x', 1)
    await stream.return?.()
    assert.equal((await stream.next()).done, true)
  })
})

describe('PubSub, when a subscriber is behind', () => {
  it('drops the oldest, or the newest, and counts exactly', async () => {
    cluster = await linkedCluster(1)
    const [a] = cluster.nodes.values()
    assert.ok(a)
    const oldest = a.pubsub.subscribe('telemetry.x', { bufferMax: 3 })
    const newest = a.pubsub.subscribe('telemetry.x', { bufferMax: 3, overflow: 'drop-newest' })
    for (let at = 1; at <= 10; at++) await a.pubsub.broadcast('telemetry.x', at)
    assert.deepEqual([oldest.dropped, newest.dropped, a.pubsub.stats().dropped], [7, 7, 14])
    assert.equal((await oldest.next()).value?.message, 8)
    assert.equal((await newest.next()).value?.message, 1)
  })

  it('ends a subscription with its signal', async () => {
    cluster = await linkedCluster(1)
    const [a] = cluster.nodes.values()
    assert.ok(a)
    const abort = new AbortController()
    const stream = a.pubsub.subscribe('events.x', { signal: abort.signal })
    abort.abort()
    assert.equal((await stream.next()).done, true)
    a.pubsub.subscribe('events.x', () => undefined, { signal: abort.signal })
    assert.equal(a.pubsub.stats().subscriptions, 0)
  })
})

describe('PubSub, the latest of each key', () => {
  it('gives a latestBy handler nothing more once it has unsubscribed', async () => {
    cluster = await linkedCluster(1)
    const [a] = cluster.nodes.values()
    assert.ok(a)
    const seen: unknown[] = []
    const handler = async (message: unknown): Promise<void> => {
      seen.push(message)
      await Promise.resolve()
      subscription.unsubscribe()
    }
    const subscription = a.pubsub.subscribe('events.x', handler, { latestBy: (each) => each })
    for (let at = 1; at <= 3; at++) void a.pubsub.broadcast('events.x', at)
    await cluster.settled()
    assert.deepEqual(seen, [1])
  })

  it('keeps the last value of every key for a slow handler, one message at a time', async () => {
    cluster = await linkedCluster(1)
    const [a] = cluster.nodes.values()
    assert.ok(a)
    const last = new Map<number, number>()
    let running = 0
    let calls = 0
    const latestBy = ({ key }: { key: number }): number => key
    const handler = async ({ key, value }: { key: number; value: number }): Promise<void> => {
      calls += 1
      assert.equal(++running, 1)
      await Promise.resolve()
      last.set(key, value)
      running -= 1
    }
    a.pubsub.subscribe('telemetry.x', handler, { latestBy, bufferMax: 100 })
    const wanted = new Map<number, number>()
    for (let at = 0; at < 10_000; at++) {
      wanted.set(at % 100, at)
      void a.pubsub.broadcast('telemetry.x', { key: at % 100, value: at })
    }
    await until(
      () => last.size === 100 && [...last].every(([key, value]) => wanted.get(key) === value),
    )
    assert.ok(calls < 500, `${String(calls)} calls`)
    assert.equal(a.pubsub.stats().dropped, 0)
  })
})

describe('PubSub, handlers that fail while behind', () => {
  it('goes on with a latestBy handler that rejects', async () => {
    cluster = await linkedCluster(1)
    const [a] = cluster.nodes.values()
    assert.ok(a)
    const seen: unknown[] = []
    const handler = (message: unknown): Promise<never> => {
      seen.push(message)
      return Promise.reject(new Error('mine'))
    }
    a.pubsub.subscribe('telemetry.x', handler, { latestBy: () => 1 })
    for (let at = 1; at <= 3; at++) void a.pubsub.broadcast('telemetry.x', at)
    await until(() => seen.length === 2)
    assert.deepEqual(seen, [1, 3])
    await until(() => a.news.length === 2)
  })
})

import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { isFoundationError } from '../kernel/index.ts'
import { linkedCluster, until, type TestCluster, type TestNode } from './cluster-fixtures.ts'

let cluster: TestCluster

afterEach(() => {
  cluster.stop()
})

interface Scene {
  readonly a: TestNode
  /** What b and c have received. */
  readonly far: Record<'b' | 'c', unknown[]>
}

/** Three nodes; b and c listen to all; the queue to b is full. */
async function scene(options: Parameters<typeof linkedCluster>[1] = {}): Promise<Scene> {
  cluster = await linkedCluster(3, options)
  const far: Scene['far'] = { b: [], c: [] }
  for (const name of ['b', 'c'] as const) {
    const listening = cluster.nodes.get(name)?.pubsub.subscribe('>', (message) => {
      far[name].push(message)
    })
    await listening?.ready
  }
  blockB()
  return { a: cluster.nodes.get('a') as TestNode, far }
}

function blockB(): void {
  cluster.fate = ({ to }) => (to === 'b' ? 'full' : 'accepted')
}

function freeB(): void {
  cluster.fate = () => 'accepted'
  cluster.drain()
}

describe('PubSub, waiting for a peer', () => {
  it('waits on events; the others have the message at once', async () => {
    const { a, far } = await scene()
    let result: unknown
    void a.pubsub.broadcast('events.x', 1).then((each) => (result = each))
    await until(() => far.c.length === 1)
    assert.equal(result, undefined)
    assert.equal(a.pubsub.stats().waiting, 1)
    freeB()
    await until(() => far.b.length === 1)
    assert.deepEqual(result, { peers: 2, queued: 2, dropped: 0 })
    assert.equal(a.pubsub.stats().waiting, 0)
  })

  it('lets no later message overtake one that waits', async () => {
    const { a, far } = await scene()
    const all = [a.pubsub.broadcast('events.x', 1), a.pubsub.broadcast('events.y', 2)]
    // There is room again, but the first two wait still.
    cluster.fate = () => 'accepted'
    all.push(a.pubsub.broadcast('events.x', 3))
    cluster.drain()
    all.push(a.pubsub.broadcast('events.x', 4))
    await Promise.all(all)
    await until(() => far.b.length === 4)
    assert.deepEqual(far, { b: [1, 2, 3, 4], c: [1, 2, 3, 4] })
  })

  it('stops in the middle when the queue fills up again, and goes on later', async () => {
    const { a, far } = await scene()
    const all = [1, 2, 3, 4].map((each) => a.pubsub.broadcast('events.x', each))
    let attempts = 0
    cluster.fate = () => (++attempts === 3 ? 'full' : 'accepted')
    cluster.drain()
    await until(() => far.b.length === 2)
    assert.equal(a.pubsub.stats().waiting, 2)
    freeB()
    await Promise.all(all)
    await until(() => far.b.length === 4)
    assert.deepEqual(far.b, [1, 2, 3, 4])
  })
})

describe('PubSub, not waiting without need', () => {
  it('does not make a channel wait that would rather drop', async () => {
    const { a, far } = await scene({
      channels: { ticks: { class: 'events', overflow: 'drop-oldest' } },
    })
    const waiting = a.pubsub.broadcast('events.x', 'waits')
    cluster.fate = () => 'accepted'
    assert.equal((await a.pubsub.broadcast('ticks.x', 'goes')).queued, 2)
    cluster.drain()
    await waiting
    await until(() => far.b.length === 2)
    assert.deepEqual(far.b, ['goes', 'waits'])
  })

  it('does not let a waiting class hold up another', async () => {
    const { a, far } = await scene()
    cluster.fate = (sent) => (sent.class === 'bulk' ? 'full' : 'accepted')
    const bulk = a.pubsub.broadcast('bulk.x', 'bulk')
    await a.pubsub.broadcast('events.x', 'events')
    await until(() => far.b.length === 1)
    assert.deepEqual(far.b, ['events'])
    freeB()
    assert.equal((await bulk).queued, 2)
  })

  it('encodes a message once for all peers', async () => {
    const { a } = await scene()
    cluster.fate = () => 'accepted'
    cluster.sent.length = 0
    await a.pubsub.broadcast('events.x', 1)
    assert.equal(cluster.sent.length, 2)
    assert.equal(cluster.sent[0]?.payload, cluster.sent[1]?.payload)
  })
})

describe('PubSub, waiting no longer', () => {
  it('refuses to let more wait than the bounds allow', async () => {
    const { a } = await scene({ waitersMax: 3 })
    const waiting = [1, 2, 3].map((each) => a.pubsub.broadcast('events.x', each))
    await assert.rejects(a.pubsub.broadcast('events.x', 4), (error) => {
      assert.ok(isFoundationError(error))
      assert.equal(error.code, 'FND_LIMIT_REACHED')
      assert.deepEqual(error.details, { peer: 'b', class: 'events', waiting: 3 })
      return true
    })
    freeB()
    await Promise.all(waiting)
  })

  it('bounds the bytes that wait, too', async () => {
    const { a } = await scene({ waitingMaxBytes: 10_000 })
    const waiting = a.pubsub.broadcast('events.x', Buffer.alloc(9_000))
    const refused = a.pubsub.broadcast('events.x', Buffer.alloc(2_000))
    await assert.rejects(refused, { code: 'FND_LIMIT_REACHED' })
    freeB()
    await waiting
  })

  it('gives up at the deadline and does not send the message later', async () => {
    const { a, far } = await scene()
    const late = a.pubsub.broadcast('events.x', 'late', { timeoutMs: 20 })
    await assert.rejects(late, { code: 'FND_TIMED_OUT' })
    assert.equal(a.pubsub.stats().waiting, 0)
    freeB()
    await a.pubsub.broadcast('events.x', 'next')
    await until(() => far.b.length === 1)
    assert.deepEqual(far, { b: ['next'], c: ['late', 'next'] })
  })

  it('has room again for the bytes of a message that was given up', async () => {
    const { a } = await scene({ waitingMaxBytes: 10_000 })
    const first = a.pubsub.broadcast('events.x', Buffer.alloc(5_000))
    const late = a.pubsub.broadcast('events.x', Buffer.alloc(4_000), { timeoutMs: 10 })
    await assert.rejects(late, { code: 'FND_TIMED_OUT' })
    const again = a.pubsub.broadcast('events.x', Buffer.alloc(4_000))
    freeB()
    assert.deepEqual([(await first).queued, (await again).queued], [2, 2])
  })

  it('gives up when the signal aborts, with its reason', async () => {
    const { a } = await scene()
    const abort = new AbortController()
    const waiting = a.pubsub.broadcast('events.x', 1, { signal: abort.signal })
    abort.abort(new Error('enough'))
    await assert.rejects(waiting, /^Error: enough$/)
    await assert.rejects(a.pubsub.broadcast('events.x', 1, { signal: abort.signal }), /enough/)
    assert.equal(a.pubsub.stats().waiting, 0)
  })
})

describe('PubSub, when a queue is full', () => {
  it('drops what waits for a peer that goes away', async () => {
    const { a } = await scene()
    const waiting = a.pubsub.broadcast('events.x', 1)
    cluster.unlink(a, cluster.nodes.get('b') as TestNode)
    assert.deepEqual(await waiting, { peers: 2, queued: 1, dropped: 1 })
  })

  it('ends what waits when the node stops', async () => {
    const { a } = await scene()
    const waiting = a.pubsub.broadcast('events.x', 1)
    a.pubsub.stop()
    assert.deepEqual(await waiting, { peers: 2, queued: 1, dropped: 1 })
  })

  it('fails at once on control, naming who; the others have the message', async () => {
    const { a, far } = await scene()
    await assert.rejects(a.pubsub.broadcast('control.x', 1), (error) => {
      assert.ok(isFoundationError(error))
      assert.equal(error.code, 'FND_LIMIT_REACHED')
      const { peers, channel } = error.details ?? {}
      assert.deepEqual([peers, channel], [['b'], 'control'])
      return true
    })
    await until(() => far.c.length === 1)
  })

  it('drops on telemetry, counts it, and logs it once in a while', async () => {
    const { a } = await scene()
    for (let at = 0; at < 5; at++) {
      const result = await a.pubsub.broadcast('telemetry.x', at)
      assert.deepEqual(result, { peers: 2, queued: 1, dropped: 1 })
    }
    assert.equal(a.pubsub.stats().dropped, 5)
    assert.equal(a.warnings.length, 1)
  })

  it('lets an added channel choose its class and its overflow', async () => {
    const channels = { metrics: { class: 'events', overflow: 'fail' } } as const
    const { a } = await scene({ channels })
    await assert.rejects(a.pubsub.broadcast('metrics.x', 1), { code: 'FND_LIMIT_REACHED' })
    assert.equal(cluster.sent.at(-1)?.class, 'events')
  })
})

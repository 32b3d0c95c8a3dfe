import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createMemoryNetwork } from '../../src/testing/index.ts'
import { needs } from '../ground/ground.ts'
import { formCluster } from './form-cluster.ts'

describe('three nodes: messages', needs(), () => {
  it('reach every subscriber on every node, once, with who sent them', async () => {
    await using cluster = await formCluster(['a', 'b', 'c'])
    const { network, nodes } = cluster
    const seen: string[] = []
    const ready = nodes.map((node) => {
      const subscription = node.pubsub.subscribe('events.orders.*', (message, meta) => {
        seen.push(`${node.name} ${meta.topic} ${JSON.stringify(message)} from ${meta.from}`)
      })
      return subscription.ready
    })
    await network.run(Promise.all(ready))
    const result = await network.run(
      cluster.node('a').pubsub.broadcast('events.orders.created', { id: 1 }),
    )
    await network.settle()
    assert.deepEqual(result, { peers: 2, queued: 2, dropped: 0 })
    assert.deepEqual(seen.toSorted(), [
      'a events.orders.created {"id":1} from a',
      'b events.orders.created {"id":1} from a',
      'c events.orders.created {"id":1} from a',
    ])
  })

  it('published in the turn after `ready` on another node are delivered', async () => {
    await using cluster = await formCluster(['a', 'b'])
    const { network } = cluster
    const got: unknown[] = []
    const subscription = cluster.node('b').pubsub.subscribe('events.x', (message) => {
      got.push(message)
    })
    await network.run(subscription.ready)
    void cluster.node('a').pubsub.broadcast('events.x', 'now')
    await network.settle()
    assert.deepEqual(got, ['now'])
  })

  it('of a sender arrive in order on each channel, whatever the delays', async () => {
    await using cluster = await formCluster(['a', 'b'], { delayMs: 5, jitterMs: 20 })
    const { network } = cluster
    const got: Record<string, number[]> = { control: [], events: [], telemetry: [], bulk: [] }
    const subscriptions = Object.keys(got).map((channel) =>
      cluster
        .node('b')
        .channel(channel)
        .subscribe<number>((message) => {
          got[channel]?.push(message)
        }),
    )
    await network.run(Promise.all(subscriptions.map(({ ready }) => ready)))
    const sent = Array.from({ length: 200 }, (_, index) => index)
    for (const index of sent) {
      for (const channel of Object.keys(got))
        void cluster.node('a').channel(channel).broadcast(index)
    }
    await network.settle()
    for (const messages of Object.values(got)) assert.deepEqual(messages, sent)
  })

  it(
    'lost with a link are reported as a gap with their number, never silently',
    needs('link reset'),
    async () => {
      await using cluster = await formCluster(['a', 'b'], { delayMs: 50 })
      const { network } = cluster
      const got: number[] = []
      let missing = 0
      const b = cluster.node('b')
      const subscription = b.pubsub.subscribe('events.n', (message: number) => {
        got.push(message)
      })
      b.on('gap', ({ count, channel }) => {
        if (channel === 'events') missing += count
      })
      await network.run(subscription.ready)
      for (let index = 0; index < 10; index += 1)
        void cluster.node('a').pubsub.broadcast('events.n', index)
      await network.advance(1)
      network.resetLink('a', 'b')
      await network.advance(5_000)
      await network.run(cluster.node('a').pubsub.broadcast('events.n', 10))
      await network.advance(1_000)
      assert.equal(got.at(-1), 10)
      assert.equal(got.length + missing, 11)
      assert.ok(missing > 0, 'the reset lost something, or the test shows nothing')
    },
  )

  it('that cannot be carried are refused with the path of the part, and nothing is sent', async () => {
    await using cluster = await formCluster(['a', 'b'])
    const publishing = cluster
      .node('a')
      .pubsub.broadcast('events.x', { user: { onClick: () => 1 } })
    await assert.rejects(publishing, { code: 'FND_MESSAGE_INVALID', message: /user\.onClick/ })
    await assert.rejects(cluster.node('a').pubsub.broadcast('events..x', 1), {
      code: 'FND_TOPIC_INVALID',
    })
    const large = new Uint8Array(300_000)
    await assert.rejects(cluster.node('a').pubsub.broadcast('events.x', large), {
      code: 'FND_MESSAGE_TOO_LARGE',
      message: /bulk/,
    })
    const unknown = cluster.node('a').pubsub.directBroadcast('nobody', 'events.x', 1)
    await assert.rejects(unknown, { code: 'FND_NODE_UNKNOWN' })
  })
})

describe('three nodes: calls', needs(), () => {
  it('fail at once when the node dies meanwhile', async () => {
    await using cluster = await formCluster(['a', 'b'])
    const { network } = cluster
    cluster.node('b').rpc.handle('never', () => new Promise(() => undefined))
    const call = cluster.node('a').rpc.call('b', 'never', {}, { timeoutMs: 60_000 })
    const failed = assert.rejects(call, { code: 'FND_NODE_DOWN' })
    await network.advance(10)
    network.kill('b')
    await network.advance(1_000)
    await failed
  })

  it('to all members give an outcome for each', async () => {
    await using cluster = await formCluster(['a', 'b', 'c'])
    for (const node of cluster.nodes) node.rpc.handle('who', () => node.name)
    const outcomes = await cluster.network.run(cluster.node('a').rpc.multicall('who', {}))
    assert.deepEqual(
      outcomes.map((outcome) => ('value' in outcome ? outcome.value : outcome.error)).toSorted(),
      ['a', 'b', 'c'],
    )
  })
})

describe('a network in real time', needs(), () => {
  it('needs nobody to advance it', async () => {
    await using network = createMemoryNetwork({ seed: 1 })
    const a = await network.startNode({ name: 'a' })
    const b = await network.startNode({ name: 'b' })
    await a.ready({ minPeers: 1, timeoutMs: 5_000 })
    b.rpc.handle('echo', (value) => value)
    assert.equal(await a.rpc.call('b', 'echo', 7), 7)
  })
})

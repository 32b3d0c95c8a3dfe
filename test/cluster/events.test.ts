import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { currentTrace, runInTrace, type FoundationEvent } from '../../src/index.ts'
import { needs } from '../ground/ground.ts'
import { formCluster } from './form-cluster.ts'

describe('three nodes: events', needs(), () => {
  it('emitted distributed reach subscribers and histories of every node, once', async () => {
    await using cluster = await formCluster(['a', 'b', 'c'])
    const { network } = cluster
    const seen: FoundationEvent[] = []
    cluster.node('b').events.subscribe('orders.*', (event) => seen.push(event))
    const options = { subject: 'order 1', correlationId: 'r-1' }
    const emitted = await network.run(
      cluster.node('a').events.emitDistributed('orders.created', { id: 1 }, options),
    )
    await network.settle()
    assert.deepEqual(seen, [emitted])
    const { id, time, ...rest } = emitted
    assert.ok(id !== '' && !Number.isNaN(Date.parse(time)))
    assert.deepEqual(rest, {
      specversion: '1.0',
      source: 'a',
      type: 'orders.created',
      subject: 'order 1',
      data: { id: 1 },
      correlationid: 'r-1',
    })
    for (const node of cluster.nodes) {
      const queries = [{}, { type: 'orders.*' }, { source: 'a' }, { correlationId: 'r-1' }]
      for (const query of queries) assert.deepEqual(node.events.query(query), [emitted])
    }
  })

  it('have a type that is a text: any other value is refused, and is no event', async () => {
    await using cluster = await formCluster(['a'])
    const { events } = cluster.node('a')
    for (const type of [undefined, null, 5, {}]) {
      const refused = { code: 'FND_OPTION_INVALID', message: /type of an event/ }
      const given = type as string
      assert.throws(() => events.emit(given, 1), refused)
      await assert.rejects(events.emitDistributed(given, 1), refused)
      assert.throws(() => events.subscribe(given, () => undefined), refused)
    }
    assert.deepEqual(events.query({}), [])
  })

  it('emitted here stay here, and are in the history when their handler runs', async () => {
    await using cluster = await formCluster(['a', 'b'])
    const { network } = cluster
    const [a, b] = [cluster.node('a'), cluster.node('b')]
    const found: number[] = []
    a.events.subscribe('started', ({ id }) => {
      found.push(a.events.query({ type: 'started' }).filter((event) => event.id === id).length)
    })
    a.events.emit('started')
    await network.settle()
    assert.deepEqual(found, [1])
    assert.deepEqual(b.events.query(), [])
  })

  it('are told from other messages on the channel, and nobody speaks for another node', async () => {
    await using cluster = await formCluster(['a', 'b'])
    const { network } = cluster
    const [a, b] = [cluster.node('a'), cluster.node('b')]
    const seen: unknown[] = []
    b.events.subscribe('>', (event) => seen.push(event))
    const forged = { ...b.events.emit('forged', 1) }
    seen.length = 0
    await network.run(a.pubsub.broadcast<string>('events.plain', { id: 1 }))
    await network.run(a.pubsub.broadcast<string>('events.forged', forged, { to: 'everyone' }))
    await network.settle()
    assert.deepEqual(seen, [])
    assert.deepEqual(b.events.query({ source: 'a' }), [])
  })

  it('carry what caused them from node to node, through calls, messages and events', async () => {
    await using cluster = await formCluster(['a', 'b', 'c'])
    const { network } = cluster
    const [a, b, c] = [cluster.node('a'), cluster.node('b'), cluster.node('c')]
    const trace = { correlationId: 'r-7', traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01` }
    b.rpc.handle('order', () => b.events.emitDistributed('orders.created', { id: 1 }))
    c.events.subscribe('orders.created', () => c.pubsub.broadcast('events.mail', 'sent'))
    const ends: unknown[] = []
    await network.run(
      a.pubsub.subscribe('events.mail', () => {
        ends.push(currentTrace())
      }).ready,
    )
    await network.run(runInTrace(trace, () => a.rpc.call('b', 'order')))
    await network.settle()
    assert.deepEqual(ends, [trace])
    const [event] = a.events.query({ correlationId: 'r-7' })
    assert.equal(event?.traceparent, trace.traceparent)
  })
})

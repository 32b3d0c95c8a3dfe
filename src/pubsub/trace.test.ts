/** The trace of a message, and messages for everyone. */
import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { currentTrace, runInTrace, type TraceContext } from '../kernel/index.ts'
import { linkedCluster, until, type TestCluster, type TestNode } from './cluster-fixtures.ts'

let cluster: TestCluster

afterEach(() => {
  cluster.stop()
})

async function pair(): Promise<[TestNode, TestNode]> {
  cluster = await linkedCluster(2)
  const [a, b] = [...cluster.nodes.values()]
  assert.ok(a && b)
  return [a, b]
}

describe('PubSub, in a trace', () => {
  const trace = { correlationId: 'r-1', traceparent: '00-1-2-01' }

  it('carries it to handlers here and on other nodes, and only with that message', async () => {
    const [a, b] = await pair()
    const seen = new Map<string, TraceContext | undefined>()
    const note =
      (node: string) =>
      (message: unknown): void => {
        seen.set(`${node} ${String(message)}`, currentTrace())
      }
    a.pubsub.subscribe('events.x', note('a'))
    await b.pubsub.subscribe('events.x', note('b')).ready
    await runInTrace(trace, () => a.pubsub.broadcast('events.x', 1))
    await a.pubsub.broadcast('events.x', 2)
    await until(() => seen.size === 4)
    assert.deepEqual(Object.fromEntries(seen), {
      'a 1': trace,
      'b 1': trace,
      'a 2': undefined,
      'b 2': undefined,
    })
  })

  it('keeps it for a message that had to wait its turn', async () => {
    const [a] = await pair()
    const seen: (TraceContext | undefined)[] = []
    a.pubsub.subscribe('events.inner', () => seen.push(currentTrace()))
    a.pubsub.subscribe('events.outer', () => {
      void runInTrace(trace, () => a.pubsub.broadcast('events.inner', 1))
    })
    await a.pubsub.broadcast('events.outer', 1)
    await until(() => seen.length === 1)
    assert.deepEqual(seen, [trace])
  })
})

describe('PubSub, to everyone', () => {
  it('reaches a node that told nobody of its subscription', async () => {
    const [a, b] = await pair()
    const seen: unknown[] = []
    b.pubsub.subscribe('events.>', (message) => seen.push(message), { announce: false })
    const interested = await a.pubsub.broadcast('events.x', 'interested')
    const everyone = await a.pubsub.broadcast('events.x', 'everyone', { to: 'everyone' })
    await until(() => seen.length > 0)
    assert.deepEqual([interested.peers, everyone.peers, seen], [0, 1, ['everyone']])
  })

  it('leaves what others announced alone when such a subscription ends', async () => {
    const [a, b] = await pair()
    const seen: unknown[] = []
    await b.pubsub.subscribe('events.x', (message) => seen.push(message)).ready
    b.pubsub.subscribe('events.x', () => undefined, { announce: false }).unsubscribe()
    await cluster.settled()
    await a.pubsub.broadcast('events.x', 1)
    await until(() => seen.length === 1)
  })
})

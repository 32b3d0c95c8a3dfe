import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { linkedCluster, type TestNode } from './cluster-fixtures.ts'
import type { Subscription } from './subscription.ts'

const patterns = ['events.a', 'events.b', 'events.*', '*.a', 'telemetry.>', '>'] as const
const topics = ['events.a', 'events.b', 'events.c', 'control.a', 'telemetry.x.y'] as const
/** Which of the topics each of the patterns matches, spelt out. */
const matching: Record<(typeof patterns)[number], readonly string[]> = {
  'events.a': ['events.a'],
  'events.b': ['events.b'],
  'events.*': ['events.a', 'events.b', 'events.c'],
  '*.a': ['events.a', 'control.a'],
  'telemetry.>': ['telemetry.x.y'],
  '>': topics,
}

const step = fc.record({
  node: fc.nat(1),
  pattern: fc.constantFrom(...patterns),
  kind: fc.constantFrom('subscribe' as const, 'unsubscribe' as const),
})

describe('Interest', () => {
  it('is what the peers listen to after any subscribing and unsubscribing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const cluster = await linkedCluster(3)
        const [a, ...others] = [...cluster.nodes.values()] as [TestNode, TestNode, TestNode]
        const held = new Map<string, Subscription[]>()
        for (const { node, pattern, kind } of steps) {
          const list = held.get(`${String(node)} ${pattern}`) ?? []
          held.set(`${String(node)} ${pattern}`, list)
          if (kind === 'unsubscribe') list.pop()?.unsubscribe()
          else list.push((others[node] as TestNode).pubsub.subscribe(pattern, () => undefined))
        }
        for (const { log } of others) await log.acknowledged(log.sequence)
        for (const topic of topics) {
          const wants = (node: number): boolean =>
            patterns.some((pattern) => {
              const count = held.get(`${String(node)} ${pattern}`)?.length ?? 0
              return count > 0 && matching[pattern].includes(topic)
            })
          const expected = [0, 1].filter(wants).length
          assert.equal((await a.pubsub.broadcast(topic, 1)).peers, expected, topic)
        }
        cluster.stop()
      }),
      { numRuns: 60 },
    )
  })
})

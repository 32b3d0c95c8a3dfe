import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createMemoryNetwork } from '../testing/index.ts'

describe('FoundationNode', () => {
  it('rejects, and does not throw, when it is called after its end', async () => {
    await using network = createMemoryNetwork({ seed: 1 })
    const node = await network.startNode({ name: 'a' })
    await node.stop()
    const outcomes = [node.ready(), node.connect('memory:1'), node.pubsub.broadcast('a', 1)]
    for (const outcome of outcomes) await assert.rejects(outcome, { code: 'FND_NOT_RUNNING' })
  })

  it('may be stopped by a listener of its own', async () => {
    await using network = createMemoryNetwork({ seed: 1 })
    const [a, b] = [await network.startNode({ name: 'a' }), await network.startNode({ name: 'b' })]
    const types: string[] = []
    const over = (async () => {
      for await (const { type } of b.watch()) types.push(type)
    })()
    const stopped = new Promise((resolve) => {
      b.on('member-up', () => b.stop().then(resolve))
    })
    await stopped
    await over
    assert.equal(b.status().state, 'stopped')
    assert.equal(types[0], 'member-up')
    assert.equal(a.status().state, 'running')
  })
})

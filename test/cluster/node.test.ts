import assert from 'node:assert/strict'
import process from 'node:process'
import { describe, it } from 'node:test'
import { silentLog, type Log } from '../../src/kernel/index.ts'
import { ground, needs } from '../ground/ground.ts'

describe('FoundationNode', needs(), () => {
  it('rejects, and does not throw, when it is called after its end', async () => {
    await using network = await ground.openNetwork({ time: 'real' })
    const node = await network.startNode({ name: 'a' })
    await node.stop()
    const outcomes = [node.ready(), node.connect('memory:1'), node.pubsub.broadcast('a', 1)]
    for (const outcome of outcomes) await assert.rejects(outcome, { code: 'FND_NOT_RUNNING' })
  })

  it('resolves its stop at the deadline when a part is slow', async () => {
    const hanging = (): Promise<void> => new Promise(() => undefined)
    class Slow {
      start = (): Promise<void> => Promise.resolve()
      stop = hanging
    }
    await using network = await ground.openNetwork({ time: 'real' })
    const topologies = { slow: { strategy: Slow } }
    const discovery = { stopTimeoutMs: 300 }
    const node = await network.startNode({ name: 'a', topologies, discovery })
    await node.stop({ timeoutMs: 10 })
    assert.equal(node.status().state, 'stopping')
    await node.stop()
    assert.equal(node.status().state, 'stopped')
  })

  it('takes its signal listeners back when it stops', async () => {
    await using network = await ground.openNetwork({ time: 'real' })
    const count = (): number => process.listenerCount('SIGTERM') + process.listenerCount('SIGINT')
    const before = count()
    const node = await network.startNode({ name: 'a', signals: true })
    assert.equal(count(), before + 2)
    await node.stop()
    assert.equal(count(), before)
  })

  it('logs a subscriber that fails once a minute, and tells of each failure', async () => {
    const lines: string[] = []
    const warn = (_: object, message: string): void => void lines.push(message)
    const log: Log = { ...silentLog, warn, child: () => log }
    await using network = await ground.openNetwork({ time: 'real' })
    const node = await network.startNode({ name: 'a', log })
    let told = 0
    node.on('trouble', () => (told += 1))
    node.pubsub.subscribe('events.x', () => {
      throw new Error('mine')
    })
    for (const at of [1, 2, 3]) await node.pubsub.broadcast('events.x', at)
    assert.equal(told, 3)
    assert.deepEqual(lines, ['trouble; repeats are not logged for a minute'])
  })

  it('may be stopped by a listener of its own', async () => {
    await using network = await ground.openNetwork({ time: 'real' })
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

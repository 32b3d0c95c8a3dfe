import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isFoundationError, type ServiceContext } from '../../src/index.ts'
import { needs } from '../ground/ground.ts'
import { formCluster } from './form-cluster.ts'

/** A counter that can be handed over. */
class Counter {
  static version = 1
  #value: number
  readonly where: string
  constructor(ctx: ServiceContext<{ start: number }>) {
    this.#value = ctx.args.start
    this.where = ctx.node
  }
  start(state?: { value: number }): void {
    if (state) this.#value = state.value
  }
  handoff(): { value: number } {
    return { value: this.#value }
  }
  increment(by: number): number {
    this.#value += by
    return this.#value
  }
  node(): string {
    return this.where
  }
}

const services = { Counter }
const threeNodes = ['a', 'b', 'c']
const spec = (id: string) => ({ id, service: 'Counter', args: { start: 0 } })
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (error: unknown) => (isFoundationError(error) ? error.code : String(error)),
  )

describe('children', needs(), () => {
  it('run somewhere, and are called from everywhere', async () => {
    await using cluster = await formCluster(threeNodes, { options: { services } })
    const { network, node } = cluster
    const child = await network.run(node('a').supervisor.startChild(spec('counter:1')))
    assert.ok(child.epoch > 0)
    assert.ok(threeNodes.includes(child.node ?? ''))
    let sum = 0
    for (const name of threeNodes) {
      const remote = node(name).supervisor.get<Counter>('counter:1')
      sum += 1
      assert.equal(await network.run(remote.increment(1)), sum)
      assert.equal(await network.run(remote.node()), child.node)
    }
  })

  it('are started once, whoever asks, and another specification is refused', async () => {
    await using cluster = await formCluster(threeNodes, { options: { services } })
    const { network, nodes, node } = cluster
    const started = nodes.map(({ supervisor }) => supervisor.startChild(spec('counter:1')))
    const children = await network.run(Promise.all(started))
    assert.equal(new Set(children.map(({ node: where }) => where)).size, 1)
    assert.equal(new Set(children.map(({ epoch }) => epoch)).size, 1)
    const other = { ...spec('counter:1'), args: { start: 5 } }
    assert.equal(
      await network.run(codeOf(node('b').supervisor.startChild(other))),
      'FND_CHILD_EXISTS',
    )
  })

  it('are found in the registry under their id, and take no name away', async () => {
    await using cluster = await formCluster(threeNodes, { options: { services } })
    const { network, node } = cluster
    const child = await network.run(node('a').supervisor.startChild(spec('counter:1')))
    const isKnown = (name: string): boolean =>
      threeNodes.every((at) => node(at).registry.lookup(name) !== undefined)
    await network.until('all know it', () => isKnown('counter:1'))
    const { name, epoch, node: where } = node('b').registry.lookup('counter:1') ?? {}
    assert.deepEqual([name, epoch, where], ['counter:1', child.epoch, child.node])
    assert.equal(await network.run(node('c').registry.get<Counter>('counter:1').increment(2)), 2)
    const claim = codeOf(node('c').registry.register('counter:1', {}))
    assert.equal(await network.run(claim), 'FND_NAME_TAKEN')
    await network.run(node('c').registry.register('mailer', {}))
    await network.until('all know it', () => isKnown('mailer'))
    const started = codeOf(node('a').supervisor.startChild(spec('mailer')))
    assert.equal(await network.run(started), 'FND_NAME_TAKEN')
  })

  it('stop when they are taken back', async () => {
    await using cluster = await formCluster(threeNodes, { options: { services } })
    const { network, node } = cluster
    await network.run(node('a').supervisor.startChild(spec('counter:1')))
    await network.run(node('b').supervisor.stopChild('counter:1'))
    assert.deepEqual(node('c').supervisor.which(), [])
    const call = codeOf(node('a').supervisor.get<Counter>('counter:1').increment(1))
    assert.equal(await network.run(call), 'FND_NAME_UNKNOWN')
    assert.equal(
      await network.run(codeOf(node('a').supervisor.stopChild('counter:1'))),
      'FND_CHILD_UNKNOWN',
    )
  })

  it('are started elsewhere when their node dies', async () => {
    await using cluster = await formCluster(threeNodes, { options: { services } })
    const { network, node } = cluster
    const ids = Array.from({ length: 60 }, (_, at) => `counter:${String(at)}`)
    await network.run(Promise.all(ids.map((id) => node('a').supervisor.startChild(spec(id)))))
    const before = node('a').supervisor.count()
    assert.equal(before.running, 60)
    assert.ok((before.byNode['c'] ?? 0) > 10, JSON.stringify(before.byNode))
    network.kill('c')
    await network.until('all run on those who are left', () => {
      const { running, byNode } = node('a').supervisor.count()
      return running === 60 && byNode['c'] === undefined
    })
    const remotes = ids.map((id) => node('b').supervisor.get<Counter>(id).increment(1))
    assert.deepEqual(new Set(await network.run(Promise.all(remotes))), new Set([1]))
  })

  it('are waited for by calls through the registry too while their node has died', async () => {
    await using cluster = await formCluster(threeNodes, { options: { services } })
    const { network, node } = cluster
    const ids = Array.from({ length: 30 }, (_, index) => `counter:${String(index)}`)
    const started = ids.map((id) => node('a').supervisor.startChild(spec(id)))
    await network.run(Promise.all(started))
    const lost = ids.filter((id) => node('a').registry.lookup(id)?.node === 'c')
    assert.ok(lost.length > 0)
    // At this moment their names are gone, and none of them runs elsewhere yet.
    const calls: Promise<number>[] = []
    node('a').on('member-down', () => {
      const gone = lost.filter((id) => !node('a').registry.lookup(id))
      calls.push(...gone.map((id) => node('a').registry.get<Counter>(id).increment(1)))
    })
    network.kill('c')
    await network.until('they are called', () => calls.length === lost.length)
    assert.deepEqual(new Set(await network.run(Promise.all(calls))), new Set([1]))
    const unknown = node('a').registry.get<Counter>('counter:none').increment(1)
    assert.equal(await network.run(codeOf(unknown)), 'FND_NAME_UNKNOWN')
  })

  it('move with their state, and lose no call', async () => {
    await using cluster = await formCluster(threeNodes, { options: { services } })
    const { network, node } = cluster
    const child = await network.run(node('a').supervisor.startChild(spec('counter:1')))
    const { epoch } = child
    const to = threeNodes.find((name) => name !== child.node) ?? ''
    const remote = node('a').supervisor.get<Counter>('counter:1')
    const results: Promise<number>[] = []
    const moving = node('a').supervisor.move('counter:1', to)
    for (let at = 0; at < 100; at++) {
      results.push(remote.increment(1))
      await network.advance(1)
    }
    await network.run(moving)
    assert.equal(child.node, to)
    assert.deepEqual(
      await network.run(Promise.all(results)),
      results.map((_, at) => at + 1),
    )
    assert.ok(child.epoch > epoch)
  })

  it('leave a node that stops, with their state', async () => {
    await using cluster = await formCluster(threeNodes, { options: { services } })
    const { network, node } = cluster
    const ids = Array.from({ length: 30 }, (_, at) => `counter:${String(at)}`)
    await network.run(Promise.all(ids.map((id) => node('a').supervisor.startChild(spec(id)))))
    await network.run(
      Promise.all(ids.map((id) => node('a').supervisor.get<Counter>(id).increment(7))),
    )
    await network.run(node('c').stop())
    await network.until('all run on those who stay', () => {
      const { running, byNode } = node('a').supervisor.count()
      return running === 30 && byNode['c'] === undefined
    })
    const calls = ids.map((id) => node('b').supervisor.get<Counter>(id).increment(1))
    assert.deepEqual(new Set(await network.run(Promise.all(calls))), new Set([8]))
  })
})

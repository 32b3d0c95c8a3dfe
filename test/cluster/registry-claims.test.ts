import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isFoundationError, rendezvousOwner } from '../../src/kernel/index.ts'
import type { Registration } from '../../src/registry/index.ts'
import { needs } from '../ground/ground.ts'
import { formCluster, type Cluster } from './form-cluster.ts'

type Settled = PromiseSettledResult<Registration>

function granted(outcomes: readonly Settled[]): Registration[] {
  return outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
}

/** Who owns a name, as each node sees it. */
function ownersSeen({ nodes }: Cluster, name: string): (string | undefined)[] {
  return nodes.map((node) => node.registry.lookup(name)?.node)
}

describe('registry, concurrent claims', needs(), () => {
  it('gives each of 1 000 names two nodes register at once to exactly one of them', async () => {
    await using cluster = await formCluster(['a', 'b', 'c'], { jitterMs: 3 })
    const { network } = cluster
    const [a, b] = cluster.nodes
    const names = Array.from({ length: 1_000 }, (_, at) => `name-${String(at)}`)
    const work = names.map((name) =>
      Promise.allSettled([a?.registry.register(name), b?.registry.register(name)]),
    )
    const outcomes = await network.run(Promise.all(work))
    for (const [at, outcome] of outcomes.entries()) {
      const [winner, ...others] = granted(outcome as Settled[])
      assert.ok(winner && others.length === 0, `name-${String(at)}`)
      const refused = outcome.find(({ status }) => status === 'rejected')
      assert.ok(refused?.status === 'rejected' && isFoundationError(refused.reason))
      assert.equal(refused.reason.code, 'FND_NAME_TAKEN')
    }
    await network.settle()
    for (const name of names) {
      const [owner, ...seen] = ownersSeen(cluster, name)
      assert.ok(owner)
      assert.deepEqual(seen, [owner, owner])
    }
  })

  it('gives each of 1 000 names one node registers twice at once to exactly one of the two', async () => {
    await using cluster = await formCluster(['a', 'b'])
    const { registry } = cluster.node('a')
    const names = Array.from({ length: 1_000 }, (_, at) => `name-${String(at)}`)
    const work = names.map((name) =>
      Promise.allSettled([registry.register(name), registry.register(name)]),
    )
    const outcomes = await cluster.network.run(Promise.all(work))
    assert.ok(outcomes.every((outcome) => granted(outcome).length === 1))
  })

  it('lets ten nodes race for one name, and every node see the same winner', async () => {
    const names = Array.from({ length: 10 }, (_, at) => `node-${String(at)}`)
    await using cluster = await formCluster(names, { jitterMs: 5 })
    const work = cluster.nodes.map((node) => node.registry.register('leader'))
    const outcomes = await cluster.network.run(Promise.allSettled(work))
    assert.equal(granted(outcomes as Settled[]).length, 1)
    await cluster.network.settle()
    assert.equal(new Set(ownersSeen(cluster, 'leader')).size, 1)
  })

  it('finds every name at once on its owner, and elsewhere with the token', async () => {
    await using cluster = await formCluster(['a', 'b', 'c'], { jitterMs: 3 })
    const [a, , c] = cluster.nodes
    assert.ok(a && c)
    let misses = 0
    const one = async (name: string): Promise<void> => {
      const { token } = await a.registry.register(name)
      if (a.registry.lookup(name)?.node !== 'a') misses += 1
      const entry = await c.registry.lookup(name, { after: token })
      if (entry?.node !== 'a') misses += 1
    }
    const work = Array.from({ length: 5_000 }, (_, at) => one(`name-${String(at)}`))
    await cluster.network.run(Promise.all(work))
    assert.equal(misses, 0)
  })

  it('gives a later owner a later epoch', async () => {
    await using cluster = await formCluster(['a', 'b', 'c'])
    const { network } = cluster
    const epochs: number[] = []
    for (const node of [...cluster.nodes, ...cluster.nodes]) {
      const registration = await network.run(node.registry.register('x'))
      epochs.push(registration.epoch)
      await network.run(registration.unregister())
    }
    assert.deepEqual(
      epochs,
      [...new Set(epochs)].sort((one, two) => one - two),
    )
  })

  it('waits for the acknowledgements it was asked for', async () => {
    await using cluster = await formCluster(['a', 'b', 'c'])
    const { network } = cluster
    const { registry } = cluster.node('a')
    await network.run(registry.register('all', undefined, { ack: 'all' }))
    assert.deepEqual(ownersSeen(cluster, 'all'), ['a', 'a', 'a'])
    await network.run(registry.register('majority', undefined, { ack: 'majority' }))
    const seen = ownersSeen(cluster, 'majority').filter((owner) => owner === 'a')
    assert.ok(seen.length >= 2)
  })

  it('takes back a registration that was not acknowledged in time', async () => {
    await using cluster = await formCluster(['a', 'b'])
    const { network } = cluster
    const { registry } = cluster.node('a')
    const name = ownedByArbiter(cluster, 'a')
    network.cut('a', 'b')
    const work = registry.register(name, undefined, { ack: 'all', timeoutMs: 500 })
    await assert.rejects(network.run(work), { code: 'FND_TIMED_OUT' })
    assert.equal(registry.lookup(name), undefined)
    network.heal()
  })

  it('ends by its deadline when the arbiter does not answer', async () => {
    await using cluster = await formCluster(['a', 'b'])
    const { network } = cluster
    const name = ownedByArbiter(cluster, 'b')
    network.cut('a', 'b')
    const work = cluster.node('a').registry.register(name, undefined, { timeoutMs: 300 })
    await assert.rejects(network.run(work), { code: 'FND_TIMED_OUT' })
    network.heal()
    await network.settle()
    const again = cluster.node('b').registry.register(name)
    assert.equal((await network.run(again)).name, name, 'the late grant was given back')
  })

  it('rejects with the reason of the signal that aborts it, and leaves nothing behind', async () => {
    await using cluster = await formCluster(['a', 'b'])
    const { network } = cluster
    const name = ownedByArbiter(cluster, 'b')
    const controller = new AbortController()
    const work = cluster.node('a').registry.register(name, undefined, { signal: controller.signal })
    const reason = new Error('no longer wanted')
    const refused = assert.rejects(network.run(work), reason)
    controller.abort(reason)
    await refused
    await network.run(cluster.node('b').registry.register(name))
    await network.settle()
    assert.deepEqual(ownersSeen(cluster, name), ['b', 'b'])
  })

  it('goes on when the arbiter dies with a claim on its hands', async () => {
    await using cluster = await formCluster(['a', 'b', 'c'])
    const { network } = cluster
    const name = ownedByArbiter(cluster, 'c')
    const work = cluster.node('a').registry.register(name, undefined, { timeoutMs: 20_000 })
    network.kill('c')
    const { epoch } = await network.run(work)
    assert.ok(epoch > 0)
    await network.settle()
    assert.equal(cluster.node('b').registry.lookup(name)?.node, 'a')
  })

  it('registers alone, with nobody to ask', async () => {
    await using cluster = await formCluster(['a'])
    const registration = await cluster.network.run(cluster.node('a').registry.register('x'))
    assert.equal(cluster.node('a').registry.lookup('x')?.epoch, registration.epoch)
  })

  it('refuses once the node is stopped, and rejects what waits', async () => {
    await using cluster = await formCluster(['a', 'b'])
    const { network } = cluster
    const a = cluster.node('a')
    const name = ownedByArbiter(cluster, 'b')
    network.cut('a', 'b')
    const waiting = assert.rejects(a.registry.register(name), { code: 'FND_NOT_RUNNING' })
    await network.run(a.stop())
    await waiting
    await assert.rejects(a.registry.register('x'), { code: 'FND_NOT_RUNNING' })
  })
})

/** A name whose arbiter is that node. */
function ownedByArbiter({ nodes }: Cluster, arbiter: string): string {
  const names = nodes.map(({ name }) => name)
  for (let at = 0; ; at++) {
    const name = `of-${arbiter}-${String(at)}`
    if (rendezvousOwner(name, names) === arbiter) return name
  }
}

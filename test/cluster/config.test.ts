import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ClusterEvent, FoundationError, FoundationNode } from '../../src/index.ts'
import { needs } from '../ground/ground.ts'
import { formCluster, part, sees } from './form-cluster.ts'

const names = ['a', 'b', 'c']

/** Everything a node tells of one type. */
function heard(node: FoundationNode, type: ClusterEvent['type']): ClusterEvent[] {
  const events: ClusterEvent[] = []
  node.on(type, (event) => events.push(event))
  return events
}

describe('three nodes: set', needs(), () => {
  it('reaches every node, lies over the defaults, and is undone by undefined', async () => {
    const config = { defaults: { features: { checkout: false, search: true } } }
    await using cluster = await formCluster(names, { options: { config } })
    const { network, nodes } = cluster
    const [a, b] = [cluster.node('a'), cluster.node('b')]
    await network.run(a.config.set('features.checkout', true))
    await network.settle()
    for (const node of nodes) {
      assert.equal(node.config.get(['features', 'checkout']), true)
      assert.deepEqual(node.config.all('features'), { checkout: true, search: true })
      assert.equal(node.config.version('features.checkout')?.writer, 'a')
    }
    await network.run(b.config.set('features.checkout', undefined))
    await network.settle()
    for (const node of nodes) {
      assert.equal(node.config.get('features.checkout'), false)
      assert.equal(node.config.get('features.none', 'fallback'), 'fallback')
    }
    assert.equal(config.defaults.features.checkout, false, 'the object of the application')
  })

  it('tells subscribers and listeners of every node what changed, and what it was', async () => {
    await using cluster = await formCluster(names)
    const { network } = cluster
    const [a, c] = [cluster.node('a'), cluster.node('c')]
    const changes: unknown[] = []
    const events = heard(c, 'config-changed')
    c.config.subscribe('limits.*', ({ path, value, previous, origin }) => {
      changes.push({ path, value, previous, origin })
    })
    await network.run(a.config.set('limits.orders', 1))
    await network.settle()
    await network.run(a.config.set('limits.orders', 2))
    await network.run(a.config.set('other', 2))
    await network.settle()
    assert.deepEqual(changes, [
      { path: 'limits.orders', value: 1, previous: undefined, origin: 'a' },
      { path: 'limits.orders', value: 2, previous: 1, origin: 'a' },
    ])
    assert.equal(events.length, 3)
  })

  it('is known to who joins later, before it is ready', async () => {
    await using cluster = await formCluster(names)
    const { network } = cluster
    await network.run(cluster.node('a').config.set('x', { y: [1, 2n, new Date(0)] }))
    const late = await network.startNode({ name: 'late' })
    await network.run(late.ready({ minPeers: 3, timeoutMs: 30_000 }))
    assert.deepEqual(late.config.get('x'), { y: [1, 2n, new Date(0)] })
  })
})

describe('three nodes: values', needs(), () => {
  it('are read-only for validators: the same on every node, or refused', async () => {
    await using cluster = await formCluster(names)
    const { network, nodes } = cluster
    cluster.node('b').config.validate('x', (value) => {
      Object.assign(value as object, { orders: 5 })
    })
    const refused = network.run(cluster.node('a').config.commit('x', { orders: 1 }))
    await assert.rejects(refused, { code: 'FND_CONFIG_REFUSED', message: /b: "x": .*read only/ })
    for (const node of nodes) assert.equal(node.config.get('x'), undefined)
  })

  it('set while the caller changes its own object are those that were validated', async () => {
    await using cluster = await formCluster(['a'])
    const { network } = cluster
    const { config } = cluster.node('a')
    config.validate('x', (value) => {
      assert.deepEqual(value, { orders: 1 })
    })
    const own = { orders: 1 }
    const set = config.set('x', own)
    own.orders = 1_000
    await network.run(set)
    assert.deepEqual(config.get('x'), { orders: 1 })
  })

  it('read are read-only, the defaults of the application as well', async () => {
    const config = { defaults: { limits: { orders: 1, list: [1] } } }
    await using cluster = await formCluster(['a'], { options: { config } })
    const { network } = cluster
    const node = cluster.node('a')
    await network.run(node.config.set('limits.items', 2))
    for (const shared of [
      node.config.get('limits'),
      node.config.all(),
      node.config.get('limits.list'),
    ]) {
      assert.throws(() => Object.assign(shared as object, { 0: 9 }), TypeError)
    }
    config.defaults.limits.orders = 9
    assert.equal(node.config.get('limits.orders'), 1)
  })
})

describe('three nodes: commit', needs(), () => {
  it('is applied on all of them when it resolves', async () => {
    await using cluster = await formCluster(names)
    const { network, nodes } = cluster
    const a = cluster.node('a')
    const changes = { 'features.checkout': true, 'limits.orders': 10 }
    const commit = await network.run(a.config.commit(changes))
    assert.deepEqual(commit.participants, names)
    assert.deepEqual(commit.acknowledged.toSorted(), names)
    for (const node of nodes) {
      assert.equal(node.config.get('features.checkout'), true)
      assert.equal(node.config.get('limits.orders'), 10)
      const [entry] = node.config.history('limits.orders')
      assert.deepEqual([entry?.verb, entry?.txid, entry?.value], ['commit', commit.txid, 10])
    }
  })

  it('of what nobody could hold is refused, and the next one is not held up by it', async () => {
    await using cluster = await formCluster(names)
    const { network } = cluster
    const { config } = cluster.node('a')
    const large = config.commit('x', 'x'.repeat(40_000))
    const bytes = /the value of "x" has \d+ bytes, at most 32768 are allowed/
    await assert.rejects(network.run(large), { code: 'FND_LIMIT_REACHED', message: bytes })
    let deep: unknown = 1
    for (let level = 0; level < 29; level++) deep = { in: deep }
    const refused = { code: 'FND_MESSAGE_INVALID', message: /"x" is nested deeper than 28 levels/ }
    await assert.rejects(network.run(config.commit('x', deep)), refused)
    await assert.rejects(network.run(config.set('x', deep)), refused)
    const text = 'x'.repeat(30_000)
    const commit = await network.run(config.commit({ a: text, b: text, c: undefined }))
    assert.deepEqual(commit.acknowledged.toSorted(), names)
  })

  it('is refused everywhere by a validator of one, with its name and reason', async () => {
    await using cluster = await formCluster(names)
    const { network, nodes } = cluster
    cluster.node('c').config.validate('limits.>', (value) => {
      if (Number(value) > 100) throw new Error('more than this machine can do')
    })
    const refused = network.run(cluster.node('a').config.commit('limits.orders', 1_000))
    await assert.rejects(refused, (error: Error & { code?: string; details?: object }) => {
      assert.equal(error.code, 'FND_CONFIG_REFUSED')
      assert.match(error.message, /nothing was changed: c: "limits.orders": more than this/)
      assert.partialDeepStrictEqual(error.details, { node: 'c', kind: 'validator' })
      return true
    })
    for (const node of nodes) assert.equal(node.config.get('limits.orders'), undefined)
    await network.run(cluster.node('a').config.commit('limits.orders', 50))
  })

  it('asks the validators of its own node too, and those of paths above and below', async () => {
    await using cluster = await formCluster(names)
    const { network } = cluster
    const a = cluster.node('a')
    const seen: unknown[] = []
    a.config.validate('limits', (value) => {
      seen.push(value)
      if ((value as { orders: number }).orders > 9) throw new Error('no')
    })
    await network.run(a.config.commit('limits.orders', 5))
    await assert.rejects(network.run(a.config.commit('limits.orders', 10)), /a: "limits": no/)
    await assert.rejects(network.run(a.config.set('limits', { orders: 11 })), {
      code: 'FND_CONFIG_REFUSED',
    })
    assert.deepEqual(seen, [{ orders: 5 }, { orders: 10 }, { orders: 11 }])
  })

  it('of two at once on one path goes through once, and the other may be tried again', async () => {
    await using cluster = await formCluster(names)
    const { network, nodes } = cluster
    const both = nodes.slice(0, 2).map((node) => node.config.commit('x', node.name))
    const outcomes = await network.run(Promise.allSettled(both))
    const failed = outcomes.filter((outcome) => outcome.status === 'rejected')
    assert.equal(failed.length, 1)
    const { code, retryable } = failed[0]?.reason as FoundationError
    assert.deepEqual([code, retryable], ['FND_CONFIG_CONFLICT', true])
    await network.settle()
    assert.equal(new Set(nodes.map((node) => node.config.get('x'))).size, 1)
  })

  it('does not wait for a node that is down, nor ask one that only looks on', async () => {
    await using cluster = await formCluster(names)
    const { network } = cluster
    const cli = await network.startNode({ name: 'cli', roles: ['observer'] })
    await network.run(cli.ready({ minPeers: 3, timeoutMs: 30_000 }))
    network.kill('c')
    const rest = ['a', 'b', 'cli']
    await network.until('c is given up', () =>
      [cluster.node('a'), cluster.node('b'), cli].every((node) => sees(node, rest)),
    )
    const commit = await network.run(cluster.node('a').config.commit('x', 1))
    assert.deepEqual(commit.participants, ['a', 'b'])
    await network.settle()
    const asked = await network.run(cli.config.commit('x', 2))
    assert.deepEqual(asked.participants, ['a', 'b'])
    await network.settle()
    assert.equal(cli.config.get('x'), 2)
  })
})

describe('three nodes: commit, in a partition', needs(), () => {
  it('goes on on each side; on heal all agree, and everybody is told who lost', async () => {
    await using cluster = await formCluster(names)
    const { network, nodes } = cluster
    const conflicts = nodes.map((node) => heard(node, 'config-conflict'))
    await part(cluster, ['a'], ['b', 'c'])
    await network.run(cluster.node('a').config.commit('x', 'left'))
    await network.advance(10)
    await network.run(cluster.node('b').config.commit('x', 'right'))
    network.heal()
    await network.until('everybody is told', () => conflicts.every(({ length }) => length > 0))
    await network.settle()
    for (const [at, node] of nodes.entries()) {
      assert.equal(node.config.get('x'), 'right')
      const [conflict, ...more] = conflicts[at] ?? []
      assert.partialDeepStrictEqual(conflict, { path: 'x', loser: { value: 'left', origin: 'a' } })
      assert.deepEqual(more, [])
      const lost = node.config.history('x').filter(({ outcome }) => outcome === 'lost')
      assert.deepEqual(
        lost.map(({ value }) => value),
        ['left'],
      )
    }
  })

  it('needs a majority of all who were ever seen when it is asked to', async () => {
    const options = { config: { requireQuorum: true } }
    await using cluster = await formCluster(names, { options })
    const { network } = cluster
    await part(cluster, ['a'], ['b', 'c'])
    await assert.rejects(network.run(cluster.node('a').config.commit('x', 1)), {
      code: 'FND_NO_QUORUM',
    })
    await network.run(cluster.node('b').config.commit('x', 2))
    network.heal()
    await network.until('all meet again, and agree', () =>
      cluster.nodes.every((node) => sees(node, names) && node.config.get('x') === 2),
    )
    await network.run(cluster.node('a').config.commit('x', 3))
  })

  it('counts as smaller by who has left', async () => {
    const options = { config: { requireQuorum: true } }
    await using cluster = await formCluster(names, { options })
    const { network } = cluster
    await network.run(cluster.node('b').stop())
    await network.run(cluster.node('c').stop())
    await network.until('a is alone', () => sees(cluster.node('a'), ['a']))
    await network.run(cluster.node('a').config.commit('x', 1))
    assert.equal(cluster.node('a').config.get('x'), 1)
  })
})

/** The intents of the registry tests of Horde, without sleeps. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { NameEvent, Registration } from '../../src/registry/index.ts'
import { needs } from '../ground/ground.ts'
import { formCluster, sees, type Cluster } from './form-cluster.ts'

class Mailer {
  readonly sent: string[] = []

  send(to: string): number {
    return this.sent.push(to)
  }
}

/** Registers and waits until every node has it. */
async function register(
  cluster: Cluster,
  at: string,
  of: { name: string; service?: object; meta?: unknown },
): Promise<Registration> {
  const registered = cluster
    .node(at)
    .registry.register(of.name, of.service, { meta: of.meta, ack: 'all' })
  return cluster.network.run(registered)
}

const pair = (): Promise<Cluster> => formCluster(['a', 'b'])

describe('registry', needs(), () => {
  it('knows on every node what any node has registered', async () => {
    await using cluster = await formCluster(['a', 'b', 'c'])
    for (const name of ['a', 'b', 'c']) await register(cluster, name, { name: `of-${name}` })
    for (const { registry } of cluster.nodes) {
      assert.deepEqual(
        registry
          .select()
          .map(({ name }) => name)
          .sort(),
        ['of-a', 'of-b', 'of-c'],
      )
      assert.deepEqual(registry.keysOn('b'), ['of-b'])
    }
  })

  it('refuses a name this node has already', async () => {
    await using cluster = await pair()
    await register(cluster, 'a', { name: 'x' })
    const again = cluster.node('a').registry.register('x')
    await assert.rejects(cluster.network.run(again), {
      code: 'FND_NAME_TAKEN',
      details: { name: 'x', node: 'a' },
    })
  })

  it('refuses a name another node has', async () => {
    await using cluster = await pair()
    await register(cluster, 'a', { name: 'x' })
    const again = cluster.node('b').registry.register('x')
    await assert.rejects(cluster.network.run(again), { code: 'FND_NAME_TAKEN' })
  })

  it('calls a service by its name from any node', async () => {
    await using cluster = await pair()
    const mailer = new Mailer()
    await register(cluster, 'a', { name: 'mailer', service: mailer })
    for (const { registry } of cluster.nodes) {
      const count = await cluster.network.run(registry.get<Mailer>('mailer').send('ann'))
      assert.equal(count, mailer.sent.length)
    }
  })

  it('fails a call of a name nobody has', async () => {
    await using cluster = await pair()
    const call = cluster.node('b').registry.get<Mailer>('nobody').send('ann')
    await assert.rejects(cluster.network.run(call), { code: 'FND_NAME_UNKNOWN' })
  })

  it('keeps the metadata given with the registration', async () => {
    await using cluster = await pair()
    await register(cluster, 'a', { name: 'x', meta: { zone: 'eu' } })
    const entry = cluster.node('b').registry.lookup('x')
    assert.deepEqual(entry?.meta, { zone: 'eu' })
    assert.equal(entry.node, 'a')
    assert.ok(Math.abs(entry.since - cluster.network.host('a').wallClockMs()) < 60_000)
  })

  it('has no names of a node that has registered none, and none of a node it does not know', async () => {
    await using cluster = await pair()
    await register(cluster, 'a', { name: 'x' })
    assert.deepEqual(cluster.node('a').registry.keysOn('b'), [])
    assert.equal(cluster.node('a').registry.count({ node: 'b' }), 0)
    assert.deepEqual(cluster.node('a').registry.keysOn('nobody'), [])
  })

  it('selects: nothing of an empty registry, all, by prefix, by node, by a condition', async () => {
    await using cluster = await pair()
    const { registry } = cluster.node('b')
    assert.deepEqual(registry.select(), [])
    for (const [at, name] of ['user:1', 'user:2', 'room:1'].entries()) {
      await register(cluster, at === 1 ? 'b' : 'a', { name, meta: at })
    }
    const names = (filter: Parameters<typeof registry.select>[0]): string[] =>
      registry
        .select(filter)
        .map(({ name }) => name)
        .sort()
    assert.deepEqual(names({}), ['room:1', 'user:1', 'user:2'])
    assert.deepEqual(names({ prefix: 'user:' }), ['user:1', 'user:2'])
    assert.deepEqual(names({ node: 'a' }), ['room:1', 'user:1'])
    assert.deepEqual(names({ node: 'a', prefix: 'user:' }), ['user:1'])
    assert.deepEqual(names({ where: ({ meta }) => Number(meta) > 0 }), ['room:1', 'user:2'])
    assert.equal(registry.count(), 3)
    assert.equal(registry.count({ prefix: 'user:' }), 2)
    assert.equal(registry.count({ node: 'a' }), 2)
    assert.equal(registry.count({ node: 'a', prefix: 'user:' }), 1)
    assert.equal(registry.count({ node: 'nobody' }), 0)
  })

  it('forgets a name its owner gives up, on every node', async () => {
    await using cluster = await pair()
    const registration = await register(cluster, 'a', { name: 'x', service: new Mailer() })
    await cluster.network.run(registration.unregister())
    await cluster.network.run(registration.unregister())
    for (const { registry } of cluster.nodes) assert.equal(registry.lookup('x'), undefined)
    const call = cluster.node('b').registry.get<Mailer>('x').send('ann')
    await assert.rejects(cluster.network.run(call), { code: 'FND_NAME_UNKNOWN' })
  })

  it('gives nobody but the owner a way to end or change a registration', async () => {
    await using cluster = await pair()
    const former = await register(cluster, 'a', { name: 'x' })
    await cluster.network.run(former.unregister())
    const present = await register(cluster, 'b', { name: 'x', meta: 1 })
    await cluster.network.run(former.unregister())
    await assert.rejects(
      former.update(() => 2),
      { code: 'FND_NAME_LOST' },
    )
    assert.equal(cluster.node('a').registry.lookup('x')?.epoch, present.epoch)
    assert.equal(cluster.node('a').registry.lookup('x')?.meta, 1)
    assert.equal('unregister' in cluster.node('a').registry, false)
  })

  it('updates metadata, by its owner, everywhere', async () => {
    await using cluster = await pair()
    const registration = await register(cluster, 'a', { name: 'x', meta: 1 })
    await cluster.network.run(registration.update((meta) => Number(meta) + 1))
    assert.equal(registration.meta, 2)
    assert.equal(cluster.node('b').registry.lookup('x')?.meta, 2)
    assert.equal(cluster.node('b').registry.lookup('x')?.epoch, registration.epoch)
  })

  it('cleans up after a node that leaves, and after one that dies', async () => {
    await using cluster = await formCluster(['a', 'b', 'c'])
    const { network } = cluster
    for (const name of ['b', 'c']) await register(cluster, name, { name: `of-${name}` })
    await network.run(cluster.node('b').stop())
    network.kill('c')
    const { registry } = cluster.node('a')
    await network.until('their names are gone', () => registry.count() === 0)
    await network.run(registry.register('of-c'))
  })

  it('tells watchers on every node who came, changed and went, and why', async () => {
    await using cluster = await formCluster(['a', 'b', 'c'])
    const { network } = cluster
    const events: NameEvent[] = []
    const { registry } = cluster.node('a')
    const unwatch = registry.watch({ prefix: 'x' }, (event) => events.push(event))
    registry.watch({ prefix: 'y' }, (event) => events.push(event))
    registry.watch(() => {
      throw new Error('a watcher that throws')
    })
    registry.watch(() => Promise.reject(new Error('a watcher that rejects')))
    const first = await register(cluster, 'b', { name: 'x', meta: 1 })
    await network.run(first.update(() => 2))
    await network.run(first.unregister())
    await register(cluster, 'c', { name: 'x' })
    network.kill('c')
    await network.until('its end is told', () => events.length >= 5)
    // Each node judges for itself, and either may be asked for the name.
    await network.until('b has given it up', () => sees(cluster.node('b'), ['a', 'b']))
    unwatch()
    await network.run(registry.register('x'))
    const words = events.map(({ type, cause, entry }) => `${type} ${cause} ${entry.node}`)
    assert.deepEqual(words, [
      'registered normal b',
      'updated normal b',
      'unregistered normal b',
      'registered normal c',
      'unregistered node-down c',
    ])
    assert.ok(events[1]?.type === 'updated' && events[1].previous.meta === 1)
  })

  it('keeps metadata of its own: put, got, missing, deleted, everywhere', async () => {
    await using cluster = await pair()
    const [a, b] = cluster.nodes
    assert.equal(b?.registry.meta.get('limit'), undefined)
    a?.registry.meta.put('limit', { perSecond: 5 })
    await cluster.network.settle()
    assert.deepEqual(b?.registry.meta.get('limit'), { perSecond: 5 })
    b.registry.meta.delete('limit')
    await cluster.network.settle()
    assert.equal(a?.registry.meta.get('limit'), undefined)
  })

  it('refuses names, services, metadata and options it cannot use', async () => {
    await using cluster = await formCluster(['a'])
    const { registry } = cluster.node('a')
    const invalid = { code: 'FND_OPTION_INVALID' }
    for (const name of ['', 'x'.repeat(256), 'a\u0001b', 7 as never]) {
      await assert.rejects(registry.register(name), invalid)
    }
    await assert.rejects(registry.register('x', 7 as never), invalid)
    await assert.rejects(registry.register('x', {}, { meta: () => 1 }), {
      code: 'FND_MESSAGE_INVALID',
    })
    await assert.rejects(registry.register('x', {}, { meta: 'y'.repeat(10_000) }), {
      code: 'FND_MESSAGE_TOO_LARGE',
    })
    assert.equal(registry.count(), 0)
  })

  it('aborts `lost` when the node stops', async () => {
    await using cluster = await pair()
    const { lost } = await register(cluster, 'a', { name: 'x' })
    await cluster.network.run(cluster.node('a').stop())
    assert.equal((lost.reason as { code: string }).code, 'FND_NOT_RUNNING')
  })

  it('shows its figures in status()', async () => {
    await using cluster = await pair()
    await register(cluster, 'a', { name: 'x', service: new Mailer() })
    const { registry } = cluster.node('a').status()
    const { names, claims, isSettled, services } = registry
    assert.deepEqual([names, claims, isSettled, services.serving], [1, 0, true, 1])
  })
})

describe('registry, groups', needs(), () => {
  it('have any number of members, on any nodes, this node first', async () => {
    await using cluster = await pair()
    const { network } = cluster
    const memberships = ['a', 'a', 'b'].map((name, at) =>
      cluster.node(name).registry.join('workers', undefined, { meta: at }),
    )
    await network.settle()
    const members = cluster.node('b').registry.members('workers')
    assert.deepEqual(
      members.map(({ node, meta }) => [node, meta]),
      [
        ['b', 2],
        ['a', 0],
        ['a', 1],
      ],
    )
    assert.deepEqual(cluster.node('b').registry.members('nobody'), [])
    memberships[0]?.update('changed')
    void memberships[1]?.leave()
    await network.settle()
    const left = cluster.node('b').registry.members('workers')
    assert.deepEqual(
      left.map(({ node, meta }) => [node, meta]),
      [
        ['b', 2],
        ['a', 'changed'],
      ],
    )
  })

  it('dispatch to every member, and one failure is not that of the others', async () => {
    await using cluster = await pair()
    const { network } = cluster
    const [a, b] = cluster.nodes
    const mailers = [new Mailer(), new Mailer()]
    a?.registry.join('mailers', mailers[0])
    b?.registry.join('mailers', mailers[1])
    a?.registry.join('mailers', { send: () => Promise.reject(new Error('broken')) })
    await network.settle()
    const work = b?.registry.dispatch<Mailer, number>('mailers', (mailer) => mailer.send('ann'))
    const outcomes = (await network.run(work ?? Promise.resolve([]))).map((outcome) =>
      'value' in outcome ? outcome.value : outcome.error.message,
    )
    assert.deepEqual(outcomes, [1, 1, 'broken'])
    assert.deepEqual(
      mailers.map(({ sent }) => sent),
      [['ann'], ['ann']],
    )
  })

  it('lose the members of a node that goes', async () => {
    await using cluster = await pair()
    cluster.node('b').registry.join('workers')
    await cluster.network.settle()
    assert.equal(cluster.node('a').registry.members('workers').length, 1)
    await cluster.network.run(cluster.node('b').stop())
    await cluster.network.settle()
    assert.deepEqual(cluster.node('a').registry.members('workers'), [])
  })
})

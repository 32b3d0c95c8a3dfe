/** What a user may do wrong about a name that is held: a coded error each, and the name stays as it was. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Registration } from '../../src/registry/index.ts'
import { needs } from '../ground/ground.ts'
import { codeOf } from './children-kit.ts'
import { formCluster, part, type Cluster } from './form-cluster.ts'

const callback = (): number => 1
const large = 'x'.repeat(10_000)

class Mailer {
  readonly limit = 3
  send(): string {
    return 'sent'
  }
}

interface Held {
  readonly cluster: Cluster
  readonly registration: Registration
}

const misuses: readonly [string, string, (held: Held) => unknown][] = [
  [
    'another node that registers it',
    'FND_NAME_TAKEN',
    ({ cluster }) => cluster.node('b').registry.register('x'),
  ],
  [
    'its own node that registers it again',
    'FND_NAME_TAKEN',
    ({ cluster }) => cluster.node('a').registry.register('x', new Mailer()),
  ],
  [
    'a child under it',
    'FND_NAME_TAKEN',
    ({ cluster }) => cluster.node('b').supervisor.startChild({ id: 'x', service: 'Mailer' }),
  ],
  [
    'metadata that cannot be carried',
    'FND_MESSAGE_INVALID',
    ({ registration }) => registration.update(() => callback),
  ],
  [
    'metadata that is too large',
    'FND_MESSAGE_TOO_LARGE',
    ({ registration }) => registration.update(() => large),
  ],
  [
    'an update that throws',
    'Error: by request',
    ({ registration }) =>
      registration.update(() => {
        throw new Error('by request')
      }),
  ],
  [
    'a call of a method there is not',
    'FND_METHOD_UNKNOWN',
    ({ cluster }) =>
      cluster.node('b').registry.get<Record<string, () => unknown>>('x')['nothing']?.(),
  ],
  [
    'a call of what is no method',
    'FND_METHOD_UNKNOWN',
    ({ cluster }) =>
      cluster.node('b').registry.get<Record<string, () => unknown>>('x')['limit']?.(),
  ],
]

describe('a name that is held', needs('virtual time'), () => {
  for (const [what, code, misuse] of misuses) {
    it(`stays as it was after ${what}`, async () => {
      const options = { services: { Mailer } }
      await using cluster = await formCluster(['a', 'b', 'c'], { options })
      const { network, nodes } = cluster
      const registration = await network.run(
        cluster.node('a').registry.register('x', new Mailer(), { meta: 1, ack: 'all' }),
      )
      const { epoch } = registration
      const tried = Promise.resolve().then(() => misuse({ cluster, registration }))
      assert.equal(await network.run(codeOf(tried)), code)
      await network.settle()
      for (const { registry, supervisor } of nodes) {
        const entries = registry.select().map((entry) => [entry.name, entry.node, entry.epoch])
        assert.deepEqual(entries, [['x', 'a', epoch]])
        assert.equal(registry.lookup('x')?.meta, 1)
        assert.deepEqual(supervisor.which(), [])
      }
      assert.deepEqual([registration.meta, registration.lost.aborted], [1, false])
      assert.equal(await network.run(cluster.node('c').registry.get<Mailer>('x').send()), 'sent')
      await network.run(registration.update(() => 2))
      assert.equal(cluster.node('b').registry.lookup('x')?.meta, 2)
    })
  }

  it('is given up by nobody who had it before, and not by a signal that comes late', async () => {
    await using cluster = await formCluster(['a', 'b'])
    const { network, node } = cluster
    const late = new AbortController()
    const former = await network.run(
      node('a').registry.register('x', undefined, { signal: late.signal }),
    )
    await network.run(former.unregister())
    const present = await network.run(node('b').registry.register('x'))
    late.abort()
    await network.run(former.unregister())
    const changed = codeOf(former.update(() => undefined))
    assert.equal(await changed, 'FND_NAME_LOST')
    await network.settle()
    for (const { registry } of cluster.nodes) {
      assert.equal(registry.lookup('x')?.epoch, present.epoch)
    }
    assert.equal(present.lost.aborted, false)
  })

  it('stays with the winner whatever the loser hands over, and however the winner takes it', async () => {
    const handed: (() => unknown)[] = [
      () => callback,
      () => Promise.reject(new Error('by request')),
      () => Buffer.alloc(64),
    ]
    for (const onConflictLost of handed) {
      await using cluster = await formCluster(['a', 'b'])
      const { network, node } = cluster
      await part(cluster, ['a'], ['b'])
      const mergeState = (): never => {
        throw new Error('by request')
      }
      const winner = await network.run(
        node('a').registry.register('x', new Mailer(), { mergeState }),
      )
      await network.advance(100)
      const loser = await network.run(node('b').registry.register('x', {}, { onConflictLost }))
      network.heal()
      await network.until('the loser is told', () => loser.lost.aborted)
      await network.settle()
      for (const { registry } of cluster.nodes) {
        assert.equal(registry.lookup('x')?.epoch, winner.epoch)
      }
      assert.equal(winner.lost.aborted, false)
      assert.equal(await network.run(node('b').registry.get<Mailer>('x').send()), 'sent')
    }
  })
})

describe('a group', needs('virtual time'), () => {
  it('has no member, and serves none, after what it cannot carry', async () => {
    await using cluster = await formCluster(['a', 'b'])
    const { network, node } = cluster
    const { registry } = node('a')
    const serving = (): number => node('a').status().registry.services.serving
    assert.throws(() => registry.join('mailers', new Mailer(), { meta: callback }), {
      code: 'FND_MESSAGE_INVALID',
    })
    assert.throws(() => registry.join('mailers', new Mailer(), { meta: large }), {
      code: 'FND_MESSAGE_TOO_LARGE',
    })
    assert.equal(serving(), 0)
    const membership = registry.join('mailers', new Mailer(), { meta: 1 })
    assert.throws(
      () => {
        membership.update(callback)
      },
      { code: 'FND_MESSAGE_INVALID' },
    )
    await network.settle()
    const metas = node('b')
      .registry.members('mailers')
      .map(({ meta }) => meta)
    assert.deepEqual([metas, membership.meta, serving()], [[1], 1, 1])
    await network.run(membership.leave())
    assert.throws(
      () => {
        membership.update(2)
      },
      { code: 'FND_NAME_LOST' },
    )
    await network.settle()
    for (const each of cluster.nodes) assert.deepEqual(each.registry.members('mailers'), [])
  })
})

describe('shared metadata', needs('virtual time'), () => {
  it('keep their value after one that cannot be carried', async () => {
    await using cluster = await formCluster(['a', 'b'])
    const { network, node } = cluster
    node('a').registry.meta.put('limit', 1)
    assert.throws(() => node('a').registry.meta.put('limit', callback), {
      code: 'FND_MESSAGE_INVALID',
    })
    await network.settle()
    for (const { registry } of cluster.nodes) assert.equal(registry.meta.get('limit'), 1)
  })
})

describe('a registry that was stopped', needs(), () => {
  it('refuses what nobody would hear of', async () => {
    await using cluster = await formCluster(['a', 'b'])
    const { network, node } = cluster
    const { registry } = node('a')
    await network.run(node('a').stop())
    const refused = { code: 'FND_NOT_RUNNING', message: /this node is not running/ }
    assert.throws(() => registry.join('mailers'), refused)
    assert.throws(() => registry.meta.put('limit', 1), refused)
    assert.throws(() => registry.meta.delete('limit'), refused)
  })

  it('and one that was not, refuse a lookup of what is no name', async () => {
    await using cluster = await formCluster(['a'])
    const { registry, config, supervisor } = cluster.node('a')
    const refused = { code: 'FND_OPTION_INVALID' }
    for (const name of [undefined, 5]) {
      assert.throws(() => registry.lookup(name as unknown as string), refused)
    }
    const nothing = undefined as unknown as () => void
    assert.throws(() => config.validate('a', nothing), refused)
    await assert.rejects(supervisor.startChild(nothing as never), refused)
  })
})

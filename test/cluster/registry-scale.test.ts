/**
 * The registry with many names at once. Counts are what `npm test` has time for; TEST_LOOKUPS=1000000
 * and TEST_NAMES=1000000 give those of the goals.
 */
import assert from 'node:assert/strict'
import process from 'node:process'
import { describe, it } from 'node:test'
import type { FoundationNode } from '../../src/node/index.ts'
import { needs } from '../ground/ground.ts'
import { formCluster, part } from './form-cluster.ts'
import { inBatches } from './in-batches.ts'

const lookups = Number(process.env['TEST_LOOKUPS'] ?? '10000')
const many = Number(process.env['TEST_NAMES'] ?? '20000')

/** All names a node knows, with their owners and epochs. */
function tableOf({ registry }: FoundationNode): string[] {
  return registry.select().map(({ name, node, epoch }) => `${name} ${node} ${String(epoch)}`)
}

describe('registry, many names', needs('virtual time'), () => {
  it(`misses none of ${String(lookups)} lookups right after a registration, on owner and caller`, async () => {
    await using cluster = await formCluster(['owner', 'other', 'caller'], { jitterMs: 3 })
    const { network, node } = cluster
    const [owner, caller] = [node('owner'), node('caller')]
    let misses = 0
    owner.rpc.handle('take', async (name) => {
      const registration = await owner.registry.register(String(name))
      if (!owner.registry.lookup(String(name))) misses += 1
      return registration.epoch
    })
    const one = async (at: number): Promise<void> => {
      const name = `name-${String(at)}`
      const epoch = await caller.rpc.call('owner', 'take', name, { timeoutMs: 60_000 })
      if (caller.registry.lookup(name)?.epoch !== epoch) misses += 1
    }
    await inBatches(lookups / 2, one, (batch) => network.run(batch))
    assert.equal(misses, 0)
    assert.equal(caller.registry.count(), lookups / 2)
  })

  it('resolves ten thousand conflicts at once, and hands over the state of every loser', async () => {
    await using cluster = await formCluster(['a', 'b'])
    const { network, node } = cluster
    await part(cluster, ['a'], ['b'])
    const merged = new Set<string>()
    const names = Array.from({ length: 10_000 }, (_, at) => `name-${String(at)}`)
    const register = async (of: string): Promise<void> => {
      const one = (at: number): Promise<unknown> => {
        const name = names[at] ?? ''
        const mergeState = (state: unknown): void => void merged.add(`${name} ${String(state)}`)
        return node(of).registry.register(name, undefined, { mergeState, onConflictLost: () => of })
      }
      await inBatches(names.length, one, (batch) => network.run(batch))
      await network.advance(50)
    }
    await register('a')
    await register('b')
    network.heal()
    await network.run(node('a').ready({ minPeers: 1, timeoutMs: 50_000 }))
    await network.advance(10_000)
    for (const each of cluster.nodes) assert.equal(each.registry.keysOn('a').length, names.length)
    assert.deepEqual(node('a').registry.keysOn('b'), [])
    assert.deepEqual(merged, new Set(names.map((name) => `${name} b`)))
  })

  it(`brings ${String(many)} names to a node that joins while they change`, async () => {
    await using cluster = await formCluster(['a', 'b'])
    const { network, node } = cluster
    const held = await Promise.all(['a', 'b'].map((of) => fill(node(of), many / 2)))
    const late = await network.startNode({ name: 'late' })
    const joined = network.run(late.ready({ minPeers: 2, timeoutMs: 60_000 }))
    // Ten thousand changes a second: ten in each millisecond.
    for (let ms = 0; ms < 500; ms++) {
      for (let change = 0; change < 5; change++) {
        for (const [at, of] of ['a', 'b'].entries()) {
          const registrations = held[at] ?? []
          void registrations[(ms * 5 + change) % registrations.length]?.unregister()
          void node(of).registry.register(`${of}:new:${String(ms)}:${String(change)}`)
        }
      }
      await network.advance(1)
    }
    await joined
    await network.advance(5_000)
    assert.equal(late.registry.count(), many)
    const expected = tableOf(node('a')).sort()
    for (const each of [node('b'), late]) assert.deepEqual(tableOf(each).sort(), expected)

    async function fill(of: FoundationNode, count: number): Promise<{ unregister(): unknown }[]> {
      const registrations: { unregister(): unknown }[] = []
      const one = async (at: number): Promise<void> => {
        registrations.push(await of.registry.register(`${of.name}:${String(at)}`))
      }
      await inBatches(count, one, (batch) => network.run(batch))
      return registrations
    }
  })
})

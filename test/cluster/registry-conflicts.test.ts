import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { rendezvousOwner, sleep, toError } from '../../src/kernel/index.ts'
import type { ClusterEvent } from '../../src/node/index.ts'
import type { Entry, NameEvent, Registration } from '../../src/registry/index.ts'
import { needs } from '../ground/ground.ts'
import { formCluster, part, type Cluster } from './form-cluster.ts'

/** Both sides of a partition register the name; a is first. */
async function registerOnBothSides(
  cluster: Cluster,
  name: string,
  told: { lost?: (winner: Entry) => unknown; merge?: (state: unknown, loser: Entry) => void } = {},
): Promise<{ older: { epoch: number }; younger: { epoch: number; lost: AbortSignal } }> {
  const { network } = cluster
  await part(cluster, ['a', 'c'], ['b', 'd'])
  const { merge: mergeState, lost: onConflictLost } = told
  const older = await network.run(
    cluster.node('a').registry.register(name, undefined, { meta: 'older', mergeState }),
  )
  // In another millisecond, which is what makes it younger.
  await network.advance(100)
  const younger = await network.run(
    cluster.node('b').registry.register(name, undefined, { meta: 'younger', onConflictLost }),
  )
  const ownerOn = (at: string): string | undefined => cluster.node(at).registry.lookup(name)?.node
  await network.until('both sides know', () => ownerOn('c') === 'a' && ownerOn('d') === 'b')
  return { older, younger }
}

async function healed({ network, nodes }: Cluster): Promise<void> {
  network.heal()
  const all = nodes.map((node) => node.ready({ minPeers: nodes.length - 1, timeoutMs: 50_000 }))
  await network.run(Promise.all(all))
  await network.advance(500)
  await network.settle()
}

describe('registry, two owners meet after a partition', needs(), () => {
  it('keeps the incumbent on every node, and tells the loser', async () => {
    await using cluster = await formCluster(['a', 'b', 'c', 'd'])
    const winners: Entry[] = []
    const { older, younger } = await registerOnBothSides(cluster, 'x', {
      lost: (winner) => {
        winners.push(winner)
      },
    })
    assert.equal(cluster.node('c').registry.lookup('x')?.node, 'a')
    assert.equal(cluster.node('d').registry.lookup('x')?.node, 'b')
    assert.equal(younger.lost.aborted, false)
    await healed(cluster)
    for (const node of cluster.nodes) {
      assert.equal(node.registry.lookup('x')?.epoch, older.epoch)
      assert.equal(node.registry.count(), 1)
    }
    assert.deepEqual(
      winners.map(({ node, meta }) => [node, meta]),
      [['a', 'older']],
    )
    assert.ok(younger.lost.aborted)
    assert.equal((younger.lost.reason as { code: string }).code, 'FND_NAME_LOST')
  })

  it('lets the loser hand its state to the winner', async () => {
    await using cluster = await formCluster(['a', 'b', 'c', 'd'])
    const merged: unknown[] = []
    await registerOnBothSides(cluster, 'x', {
      lost: () => ({ orders: 7 }),
      merge: (state, loser) => {
        merged.push([state, loser.node])
      },
    })
    await healed(cluster)
    assert.deepEqual(merged, [[{ orders: 7 }, 'b']])
  })

  it('is over for a loser that does not come to an end, after the grace', async () => {
    await using cluster = await formCluster(['a', 'b', 'c', 'd'])
    const { younger } = await registerOnBothSides(cluster, 'x', {
      lost: () => new Promise(() => undefined),
    })
    await healed(cluster)
    assert.equal(younger.lost.aborted, false)
    await cluster.network.until('it is over', () => younger.lost.aborted)
  })

  it('takes nothing from who registered a name that its former owner had given up meanwhile', async () => {
    await using cluster = await formCluster(['a', 'b', 'c', 'd'])
    const { network } = cluster
    const former = await network.run(cluster.node('a').registry.register('x'))
    await part(cluster, ['a', 'c'], ['b', 'd'])
    const { lost } = await network.run(cluster.node('b').registry.register('x'))
    void former.unregister()
    await healed(cluster)
    assert.equal(lost.aborted, false, 'what b still held of a was old')
    for (const node of cluster.nodes) assert.equal(node.registry.lookup('x')?.node, 'b')
  })

  it('takes nothing from who got a name that was given up before, when news of that is late', async () => {
    await using cluster = await formCluster(['a', 'b', 'c'])
    const { network, node } = cluster
    const name = namesDecidedBy(cluster, 'c').next().value ?? ''
    const ownerOn = (at: string): string | undefined => node(at).registry.lookup(name)?.node
    network.cut('a', 'b')
    const former = await network.run(node('b').registry.register(name))
    await network.until('the arbiter knows the owner', () => ownerOn('c') === 'b')
    void former.unregister()
    await network.until('the arbiter knows that it is free', () => ownerOn('c') === undefined)
    const { lost } = await network.run(node('a').registry.register(name))
    network.heal()
    const allKnow = (): boolean => ['a', 'b', 'c'].every((at) => ownerOn(at) === 'a')
    await network.until('the news are there', () => lost.aborted || allKnow())
    await network.advance(500)
    assert.equal(lost.aborted, false, 'it was free, and the cluster was whole')
    assert.ok(allKnow())
  })

  it('takes nothing from who got a name that was given up a moment before', async () => {
    await using cluster = await formCluster(['a', 'b'])
    const { network, node } = cluster
    const granted: Registration[] = []
    const spans = Array.from({ length: 12 }, (_, ms) => ms)
    const one = async (name: string, holdMs: number, askMs: number): Promise<void> => {
      const former = await node('b').registry.register(name)
      const giveUp = sleep(network.host('b'), holdMs).then(() => former.unregister())
      await sleep(network.host('a'), askMs)
      const claim = node('a').registry.register(name)
      await claim.then((registration) => granted.push(registration), toError)
      await giveUp
    }
    const names = namesDecidedBy(cluster, 'b')
    const all = spans.flatMap((holdMs) =>
      spans.map((askMs) => one(names.next().value ?? '', holdMs, askMs)),
    )
    await network.run(Promise.all(all))
    await network.advance(500)
    await network.settle()
    assert.ok(granted.length > 0)
    const lost = granted.filter((registration) => registration.lost.aborted)
    assert.deepEqual(
      lost.map(({ name }) => name),
      [],
    )
  })

  it('emits name-conflict, and a conflict event to watchers, at the node of the loser', async () => {
    await using cluster = await formCluster(['a', 'b', 'c', 'd'])
    const events: ClusterEvent[] = []
    const seen: NameEvent[] = []
    const b = cluster.node('b')
    b.on('name-conflict', (event) => events.push(event))
    await registerOnBothSides(cluster, 'x')
    b.registry.watch({ prefix: 'x' }, (event) => {
      if (event.type === 'conflict') seen.push(event)
    })
    await healed(cluster)
    const [event] = events
    assert.ok(event?.type === 'name-conflict' && events.length === 1)
    assert.deepEqual([event.name, event.winner.node, event.loser.node], ['x', 'a', 'b'])
    assert.equal(seen.length, 1)
  })

  it('shows the names of a node that was cut off again, without a conflict', async () => {
    await using cluster = await formCluster(['a', 'b'])
    const { network } = cluster
    const a = cluster.node('a')
    const b = cluster.node('b')
    const registration = await network.run(b.registry.register('x', undefined, { meta: 1 }))
    await network.settle()
    const events: string[] = []
    a.registry.watch(({ type, cause, entry }) => {
      events.push(`${type} ${entry.name} ${cause}`)
    })
    await part(cluster, ['a'], ['b'])
    assert.equal(a.registry.lookup('x'), undefined)
    await healed(cluster)
    assert.equal(a.registry.lookup('x')?.epoch, registration.epoch)
    assert.equal(registration.lost.aborted, false)
    assert.deepEqual(events, ['unregistered x node-down', 'registered x node-up'])
  })
})

/** Names whose arbiter is that node. */
function* namesDecidedBy({ nodes }: Cluster, arbiter: string): Generator<string, undefined> {
  const members = nodes.map(({ name }) => name)
  for (let at = 0; at < 10_000; at++) {
    const name = `of-${arbiter}-${String(at)}`
    if (rendezvousOwner(name, members) === arbiter) yield name
  }
}

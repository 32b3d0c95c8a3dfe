import assert from 'node:assert/strict'
import { it } from 'node:test'
import { peer, peerIds, World } from './discovery-world.test.ts'
import type { StrategyContext } from './port/port.ts'

it('Discovery: letting go: a failed lookup changes nothing, whatever the prune rule', async () => {
  for (const prune of ['never', 'grace', 'immediate'] as const) {
    const world = new World([peer('b')])
    const node = world.node({ pollIntervalMs: 1_000 }, { prune })
    node.discovery.start()
    await world.clock.advance(10)
    world.answer = () => Promise.reject(new Error('down'))
    await world.clock.advance(300_000)
    assert.deepEqual([node.disconnects, peerIds(node)], [[], ['b']], prune)
    await node.discovery.stop()
  }
})

it('Discovery: letting go: an empty and incomplete answer changes nothing, whatever the prune rule', async () => {
  for (const prune of ['never', 'grace', 'immediate'] as const) {
    const world = new World([peer('b')])
    const node = world.node({ pollIntervalMs: 1_000 }, { prune })
    node.discovery.start()
    await world.clock.advance(10)
    world.answer = () => Promise.resolve({ peers: [], complete: false })
    await world.clock.advance(300_000)
    assert.deepEqual([node.disconnects, peerIds(node)], [[], ['b']], prune)
    await node.discovery.stop()
  }
})

it('Discovery: letting go: never: a peer that is no longer listed stays', async () => {
  const world = new World([peer('b'), peer('c')])
  const node = world.node({ pollIntervalMs: 1_000 }, { prune: 'never' })
  node.discovery.start()
  await world.clock.advance(10)
  world.peers = [peer('c')]
  await world.clock.advance(300_000)
  assert.deepEqual([node.disconnects, peerIds(node)], [[], ['b', 'c']])
  await node.discovery.stop()
})

it('Discovery: letting go: immediate: the first lookup that misses a peer disconnects it, and no other', async () => {
  const world = new World([peer('b'), peer('c')])
  const node = world.node({ pollIntervalMs: 1_000 }, { prune: 'immediate' })
  node.connected.add('joined-otherwise')
  node.discovery.start()
  await world.clock.advance(10)
  world.peers = [peer('c')]
  await world.clock.advance(1_300)
  assert.deepEqual([node.disconnects, peerIds(node)], [['b'], ['c']])
  assert.ok(node.connected.has('joined-otherwise'))
  await node.discovery.stop()
})

it('Discovery: letting go: immediate: a disconnect that fails is tried again', async () => {
  const world = new World([peer('b')])
  let attempts = 0
  const disconnect = (name: string): boolean => {
    attempts += 1
    if (attempts < 3) throw new Error('busy')
    return node.connected.delete(name)
  }
  const node = world.node({ pollIntervalMs: 1_000 }, { prune: 'immediate', disconnect })
  node.discovery.start()
  await world.clock.advance(10)
  world.peers = []
  await world.clock.advance(10_000)
  assert.equal(attempts, 3)
  assert.deepEqual(peerIds(node), [])
  await node.discovery.stop()
})

it('Discovery: letting go: grace: forgets an address that is missing long enough and unreachable, and disconnects nobody', async () => {
  const world = new World([peer('b')])
  const node = world.node({ pollIntervalMs: 5_000 }, { prune: 'grace' })
  node.discovery.start()
  await world.clock.advance(10)
  world.peers = []
  await world.clock.advance(300_000)
  assert.deepEqual(peerIds(node), ['b'], 'still connected')
  world.peers = [peer('b')]
  await world.clock.advance(10_000)
  world.peers = []
  node.connected.clear()
  world.peers = []
  await world.clock.advance(20_000)
  assert.deepEqual(peerIds(node), ['b'], 'still within its grace')
  node.connected.clear()
  world.isUp = false
  await world.clock.advance(60_000)
  assert.deepEqual([node.disconnects, peerIds(node)], [[], []])
  assert.equal(node.eventsOf('peer-gone')[0]?.reason, 'pruned')
  await node.discovery.stop()
})

it('Discovery: letting go: a peer past its ttl is forgotten unless connected; a goodbye is taken at its word', async () => {
  let context: StrategyContext | undefined
  class Push {
    start(given: StrategyContext): Promise<void> {
      context = given
      return Promise.resolve()
    }
    stop(): Promise<void> {
      return Promise.resolve()
    }
  }
  const world = new World()
  const node = world.nodeOf({ strategy: Push })
  node.discovery.start()
  for (const name of ['b', 'c', 'd']) {
    context?.emit({ type: 'seen', peer: { ...peer(name), ttlMs: 5_000 } })
  }
  await world.clock.advance(10)
  assert.deepEqual([...node.connected], ['b', 'c', 'd'])
  world.isUp = false
  node.connected.delete('c')
  context?.emit({ type: 'gone', peer: peer('d'), reason: 'goodbye' })
  assert.deepEqual(peerIds(node), ['b', 'c'])
  await world.clock.advance(10_000)
  assert.deepEqual(peerIds(node), ['b'])
  await node.discovery.stop()
  context?.emit({ type: 'seen', peer: peer('late') })
  assert.deepEqual(peerIds(node), ['b'])
})

it('Discovery: letting go: holds a bounded number of peers', async () => {
  const world = new World(Array.from({ length: 50 }, (_, at) => peer(`p${String(at)}`)))
  const node = world.node({}, {}, { options: { peersMax: 10 } })
  node.discovery.start()
  await world.clock.advance(10)
  assert.equal(peerIds(node).length, 10)
  assert.equal(node.discovery.status()[0]?.rejectedHints, 40)
  await node.discovery.stop()
})

it('Discovery: letting go: of a full table, who is listed takes the place of who was missing longest', async () => {
  const world = new World(['a', 'b', 'c'].map((name) => peer(`old-${name}`)))
  const node = world.node({ pollIntervalMs: 1_000 }, {}, { options: { peersMax: 3, graceMs: 500 } })
  node.discovery.start()
  await world.clock.advance(10)
  world.peers = ['old-c', 'new-a', 'new-b', 'new-c'].map(peer)
  await world.clock.advance(2_000)
  assert.deepEqual(peerIds(node).toSorted(), ['new-a', 'new-b', 'old-c'])
  await node.discovery.stop()
})

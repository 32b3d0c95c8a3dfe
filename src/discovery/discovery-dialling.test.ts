import assert from 'node:assert/strict'
import { it } from 'node:test'
import { FoundationError } from '../kernel/index.ts'
import type { PeerHint } from './port/port.ts'
import { peer, World } from './discovery-world.test.ts'

it('Discovery: dialling: dials what is proposed and not connected, never itself', async () => {
  const self = { host: '127.0.0.1', port: 4001 }
  const world = new World([{ ...self, nodeName: 'a' }, peer('b'), self, peer('c')])
  const node = world.node({})
  node.connected.add('c')
  node.discovery.start()
  await world.clock.advance(10)
  assert.deepEqual(node.dials, ['b:7000'])
  const [event] = node.eventsOf('dialed')
  assert.ok(event?.ok && event.node === 'b' && event.address === 'b:7000')
  await node.discovery.stop()
})

it('Discovery: dialling: dials a namesake, and itself at no address', async () => {
  const hints: [PeerHint, string[]][] = [
    [{ ...peer('a'), host: 'x', meta: { incarnation: 'other' } }, ['x:7000']],
    [{ ...peer('a'), host: 'x', meta: { incarnation: 'own' } }, []],
    [{ ...peer('a'), host: 'x', addresses: ['127.0.0.1:4001'] }, ['x:7000']],
    // What is left of a former self.
    [{ host: '127.0.0.1', port: 4001, nodeName: 'a', meta: { incarnation: 'other' } }, []],
  ]
  for (const [hint, dials] of hints) {
    const world = new World([hint])
    const node = world.node({}, {}, { self: { incarnation: 'own' } })
    node.discovery.start()
    await world.clock.advance(10)
    assert.deepEqual(node.dials, dials, JSON.stringify(hint))
    await node.discovery.stop()
  }
})

it('Discovery: dialling: drops hints of other clusters', async () => {
  const world = new World([
    { ...peer('b'), cluster: 'cart' },
    { ...peer('c'), cluster: 'shop' },
  ])
  const node = world.node({})
  node.discovery.start()
  await world.clock.advance(10)
  assert.deepEqual(node.dials, ['c:7000'])
  await node.discovery.stop()
})

it('Discovery: dialling: uses the port this node listens on where a hint has none', async () => {
  const world = new World([{ host: 'b' }, { host: 'fe80::1' }])
  const node = world.node({})
  node.discovery.start()
  await world.clock.advance(10)
  assert.deepEqual(node.dials, ['b:4001', '[fe80::1]:4001'])
  await node.discovery.stop()
})

it('Discovery: dialling: does not dial an address again that a connected node is known at', async () => {
  const world = new World([{ host: 'b.internal', port: 7000 }])
  const nodeAt = (address: string): string | undefined =>
    address === 'b.internal:7000' ? 'b' : undefined
  const node = world.node({}, {}, { deps: { nodeAt } })
  node.connected.add('b')
  node.discovery.start()
  await world.clock.advance(60_000)
  assert.deepEqual(node.dials, [])
  await node.discovery.stop()
})

it('Discovery: dialling: tries again with growing pauses until it works, and again after the link is lost', async () => {
  const world = new World([peer('b')])
  let isUp = false
  const attempts: number[] = []
  const connect = (): boolean => {
    attempts.push(world.clock.nowMs)
    if (isUp) node.connected.add('b')
    return isUp
  }
  const node = world.node({}, { connect })
  node.discovery.start()
  await world.clock.advance(300_000)
  assert.ok(attempts.length >= 10 && attempts.length <= 25, String(attempts.length))
  const reasons = node.eventsOf('dialed').map(({ reason }) => reason)
  assert.deepEqual(new Set(reasons), new Set(['unreachable']))
  isUp = true
  await world.clock.advance(40_000)
  const soFar = attempts.length
  assert.ok(node.connected.has('b'))
  node.connected.delete('b')
  await world.clock.advance(3_000)
  assert.equal(attempts.length, soFar + 1)
  await node.discovery.stop()
})

it('Discovery: dialling: dials at most 8 at a time', async () => {
  const world = new World(Array.from({ length: 20 }, (_, at) => peer(`p${String(at)}`)))
  let running = 0
  let most = 0
  const connect = async (name: string): Promise<boolean> => {
    most = Math.max(most, (running += 1))
    await new Promise<void>((resolve) => {
      world.host.after(50, resolve)
    })
    running -= 1
    node.connected.add(name)
    return true
  }
  const node = world.node({}, { connect })
  node.discovery.start()
  await world.clock.advance(200)
  assert.equal(most, 8)
  assert.equal(node.connected.size, 20)
  await node.discovery.stop()
})

it('Discovery: dialling: tries the other addresses of a peer when the first does not answer', async () => {
  const world = new World([{ ...peer('b'), addresses: ['b2:1', 'b3:1'] }])
  const tried: string[] = []
  const connect = (_: string, { address }: { address: string }): boolean => {
    tried.push(address)
    if (address === 'b2:1') node.connected.add('b')
    return address === 'b2:1'
  }
  const node = world.node({}, { connect })
  node.discovery.start()
  await world.clock.advance(10)
  assert.deepEqual(tried, ['b:7000', 'b2:1'])
  await node.discovery.stop()
})

it('Discovery: dialling: a restarted peer is dialled at once, whatever the backoff', async () => {
  const world = new World([{ ...peer('b'), meta: { incarnation: '1' } }])
  const node = world.node({ pollIntervalMs: 100 }, { connect: () => false })
  node.discovery.start()
  await world.clock.advance(60_000)
  const before = node.eventsOf('dialed').length
  world.peers = [{ ...peer('b'), meta: { incarnation: '2' } }]
  await world.clock.advance(150)
  assert.equal(node.eventsOf('dialed').length, before + 1)
  await node.discovery.stop()
})

it('Discovery: dialling: tells each outcome of a hook from the others; none of them hurts', async () => {
  const outcomes: Record<string, [() => unknown, string | undefined]> = {
    yes: [() => true, undefined],
    no: [() => false, 'unreachable'],
    ignored: [() => 'ignored', 'not_part_of_network'],
    junk: [() => 'maybe', 'invalid'],
    nothing: [() => undefined, 'invalid'],
    thrown: [() => { throw new Error('boom') }, 'error'], // prettier-ignore
    rejected: [() => Promise.reject(new Error('boom')), 'error'],
    hanging: [() => new Promise(() => undefined), 'timeout'],
    refused: [
      () => {
        throw new FoundationError('FND_DIAL_FAILED', 'x', { details: { reason: 'refused' } })
      },
      'refused',
    ],
  }
  const names = Object.keys(outcomes)
  const world = new World(names.map(peer))
  const connect = (name: string): boolean => outcomes[name]?.[0]() as boolean
  const node = world.node({}, { connect })
  node.discovery.start()
  await world.clock.advance(15_000)
  for (const name of names) {
    const event = node.eventsOf('dialed').find((dialed) => dialed.node === name)
    assert.equal(event?.reason, outcomes[name]?.[1], name)
  }
  await node.discovery.stop()
})

it('Discovery: dialling: does nothing while listNodes fails', async () => {
  const world = new World([peer('b')])
  const node = world.node({}, { listNodes: () => Promise.reject(new Error('not now')) })
  node.discovery.start()
  await world.clock.advance(60_000)
  assert.deepEqual(node.dials, [])
  await node.discovery.stop()
})

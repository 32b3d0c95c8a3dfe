import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FoundationError } from '../kernel/index.ts'
import { VirtualClock } from '../testing/virtual-host.ts'
import { PretendedNode, type PretendedNodeOptions } from './discovery-kit.test.ts'
import type { LookupResult, PeerHint, StrategyContext } from './port.ts'
import type { Topology } from './topology.ts'

describe('Discovery: the loop', () => {
  it('looks up at once, without blocking start, and then every interval with jitter', async () => {
    const world = new World()
    const node = world.node({ pollIntervalMs: 1_000 })
    node.discovery.start()
    assert.equal(world.lookups, 0)
    await world.clock.advance(0)
    assert.equal(world.lookups, 1)
    await world.clock.advance(60_000)
    assert.ok(world.lookups >= 50 && world.lookups <= 75, String(world.lookups))
    const gaps = world.lookupTimes.slice(1).map((at, index) => at - (world.lookupTimes[index] ?? 0))
    assert.ok(Math.min(...gaps) >= 800 && Math.max(...gaps) <= 1_200)
    assert.ok(new Set(gaps).size > 10)
    await node.discovery.stop()
  })

  it('never overlaps lookups and gives up on one that takes too long', async () => {
    const world = new World()
    world.answer = () => new Promise(() => undefined)
    const node = world.node({ pollIntervalMs: 100, lookupTimeoutMs: 5_000 })
    node.discovery.start()
    await world.clock.advance(4_900)
    assert.equal(world.lookups, 1)
    await world.clock.advance(200)
    assert.equal(node.eventsOf('lookup-failed').length, 1)
    assert.match(node.eventsOf('lookup-failed')[0]?.message ?? '', /took longer than 5000 ms/)
    assert.ok(world.lastSignal?.aborted)
    await node.discovery.stop()
  })

  it('waits twice as long after each failure in a row, up to 30 s, and is quick again after success', async () => {
    const world = new World()
    world.answer = () => Promise.reject(Object.assign(new Error('no'), { code: 'ESERVFAIL' }))
    const node = world.node({ pollIntervalMs: 1_000 })
    node.discovery.start()
    await world.clock.advance(300_000)
    const gaps = world.lookupTimes.slice(1).map((at, index) => at - (world.lookupTimes[index] ?? 0))
    assert.ok((gaps[0] ?? 0) >= 1_600 && (gaps[0] ?? 0) <= 2_400)
    assert.ok((gaps.at(-1) ?? 0) >= 24_000 && Math.max(...gaps) <= 36_000)
    assert.equal(node.discovery.status()[0]?.lastError?.code, 'ESERVFAIL')
    assert.equal(node.discovery.status()[0]?.health.state, 'degraded')
    world.answer = () => Promise.resolve({ peers: [], complete: true })
    node.discovery.refresh()
    await world.clock.advance(1_300)
    assert.equal(node.discovery.status()[0]?.health.state, 'ok')
    const before = world.lookups
    await world.clock.advance(10_000)
    assert.ok(world.lookups - before >= 7)
    await node.discovery.stop()
  })

  it('refresh looks up now, and once more when a lookup is running', async () => {
    const world = new World()
    const node = world.node({ pollIntervalMs: 60_000 })
    node.discovery.start()
    await world.clock.advance(10)
    node.discovery.refresh('lan')
    await world.clock.advance(10)
    assert.equal(world.lookups, 2)
    let finish = (): void => undefined
    world.answer = () =>
      new Promise((resolve) => {
        finish = () => {
          resolve({ peers: [], complete: true })
        }
      })
    node.discovery.refresh()
    await world.clock.advance(10)
    node.discovery.refresh()
    finish()
    await world.clock.advance(10)
    assert.equal(world.lookups, 4)
    assert.throws(() => {
      node.discovery.refresh('wan')
    }, /No topology is called "wan"/)
    await node.discovery.stop()
  })

  it('a lookup that gives junk has failed; unusable hints are left out and counted', async () => {
    const world = new World()
    const node = world.node({})
    for (const junk of [undefined, null, [], 'a', { peers: 'a' }, 7]) {
      world.answer = () => Promise.resolve(junk as unknown as LookupResult)
      node.discovery.refresh()
      node.discovery.start()
      await world.clock.advance(40_000)
      assert.ok(node.eventsOf('lookup').length === 0, JSON.stringify(junk))
    }
    const bad = [{ host: '' }, { host: 'a b' }, { host: 'x', port: 0 }, { host: 'x', port: 70_000 }]
    world.answer = () =>
      Promise.resolve({ peers: [...bad, null, peer('b')] as PeerHint[], complete: true })
    await world.clock.advance(40_000)
    assert.deepEqual(new Set(node.seen), new Set(['b']))
    assert.ok((node.discovery.status()[0]?.rejectedHints ?? 0) >= 5)
    await node.discovery.stop()
  })

  it('a lookup that throws before it returns a promise has failed as well', async () => {
    const world = new World()
    world.answer = () => {
      throw new TypeError('at once')
    }
    const node = world.node({})
    node.discovery.start()
    await world.clock.advance(10)
    assert.match(node.eventsOf('lookup-failed')[0]?.message ?? '', /at once/)
    await node.discovery.stop()
  })

  it('a disabled topology is shown and not started; stop is final and leaves no timer', async () => {
    const world = new World()
    const node = world.node({}, { enabled: false })
    node.discovery.start()
    await world.clock.advance(60_000)
    assert.equal(world.lookups, 0)
    assert.equal(node.discovery.status()[0]?.state, 'disabled')
    const other = world.node({})
    other.discovery.start()
    other.discovery.start()
    await world.clock.advance(10)
    await Promise.all([other.discovery.stop(), other.discovery.stop()])
    const { events } = world.clock
    other.discovery.start()
    await world.clock.advance(60_000)
    assert.equal(world.clock.events, events)
  })
})

describe('Discovery: dialling', () => {
  it('dials what is proposed and not connected, never itself', async () => {
    const world = new World([peer('a'), peer('b'), { host: '127.0.0.1', port: 4001 }, peer('c')])
    const node = world.node({})
    node.connected.add('c')
    node.discovery.start()
    await world.clock.advance(10)
    assert.deepEqual(node.dials, ['b:7000'])
    const [event] = node.eventsOf('dialed')
    assert.ok(event?.ok && event.node === 'b' && event.address === 'b:7000')
    await node.discovery.stop()
  })

  it('drops hints of other clusters', async () => {
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

  it('uses the port this node listens on where a hint has none', async () => {
    const world = new World([{ host: 'b' }, { host: 'fe80::1' }])
    const node = world.node({})
    node.discovery.start()
    await world.clock.advance(10)
    assert.deepEqual(node.dials, ['b:4001', '[fe80::1]:4001'])
    await node.discovery.stop()
  })

  it('does not dial an address again that a connected node is known at', async () => {
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

  it('tries again with growing pauses until it works, and again after the link is lost', async () => {
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

  it('dials at most 8 at a time', async () => {
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

  it('tries the other addresses of a peer when the first does not answer', async () => {
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

  it('a restarted peer is dialled at once, whatever the backoff', async () => {
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

  it('tells each outcome of a hook from the others; none of them hurts', async () => {
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

  it('does nothing while listNodes fails', async () => {
    const world = new World([peer('b')])
    const node = world.node({}, { listNodes: () => Promise.reject(new Error('not now')) })
    node.discovery.start()
    await world.clock.advance(60_000)
    assert.deepEqual(node.dials, [])
    await node.discovery.stop()
  })
})

describe('Discovery: letting go', () => {
  it('a failed lookup changes nothing, whatever the prune rule', async () => {
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

  it('an empty and incomplete answer changes nothing, whatever the prune rule', async () => {
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

  it('never: a peer that is no longer listed stays', async () => {
    const world = new World([peer('b'), peer('c')])
    const node = world.node({ pollIntervalMs: 1_000 }, { prune: 'never' })
    node.discovery.start()
    await world.clock.advance(10)
    world.peers = [peer('c')]
    await world.clock.advance(300_000)
    assert.deepEqual([node.disconnects, peerIds(node)], [[], ['b', 'c']])
    await node.discovery.stop()
  })

  it('immediate: the first lookup that misses a peer disconnects it, and no other', async () => {
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

  it('immediate: a disconnect that fails is tried again', async () => {
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

  it('grace: forgets an address that is missing long enough and unreachable, and disconnects nobody', async () => {
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

  it('a peer past its ttl is forgotten unless connected; a goodbye is taken at its word', async () => {
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

  it('holds a bounded number of peers', async () => {
    const world = new World(Array.from({ length: 50 }, (_, at) => peer(`p${String(at)}`)))
    const node = world.node({}, {}, { options: { peersMax: 10 } })
    node.discovery.start()
    await world.clock.advance(10)
    assert.equal(peerIds(node).length, 10)
    assert.equal(node.discovery.status()[0]?.rejectedHints, 40)
    await node.discovery.stop()
  })
})

describe('Discovery: strategies of users', () => {
  it('a push strategy that cannot start is tried again', async () => {
    let attempts = 0
    class Flaky {
      start(): Promise<void> {
        attempts += 1
        return attempts < 3 ? Promise.reject(new Error('not yet')) : Promise.resolve()
      }
      stop(): Promise<void> {
        return Promise.reject(new Error('will not'))
      }
    }
    const world = new World()
    const node = world.nodeOf({ strategy: Flaky })
    node.discovery.start()
    await world.clock.advance(10)
    assert.equal(node.discovery.status()[0]?.health.state, 'degraded')
    await world.clock.advance(60_000)
    assert.equal(attempts, 3)
    assert.equal(node.discovery.status()[0]?.health.state, 'ok')
    await node.discovery.stop()
  })

  it('register runs before the first lookup until it succeeds, deregister at stop', async () => {
    const calls: string[] = []
    class Registering {
      register(): Promise<void> {
        calls.push('register')
        return calls.length === 1 ? Promise.reject(new Error('no')) : Promise.resolve()
      }
      lookup(): Promise<LookupResult> {
        calls.push('lookup')
        return Promise.resolve({ peers: [], complete: true })
      }
      deregister(): Promise<void> {
        calls.push('deregister')
        return Promise.resolve()
      }
    }
    const world = new World()
    const node = world.nodeOf({ strategy: Registering, config: { pollIntervalMs: 1_000 } })
    node.discovery.start()
    await world.clock.advance(4_000)
    await node.discovery.stop()
    assert.deepEqual(calls.slice(0, 3), ['register', 'register', 'lookup'])
    assert.equal(calls.at(-1), 'deregister')
    assert.equal(calls.filter((call) => call === 'register').length, 2)
  })

  it('a stop that hangs is left behind after its deadline', async () => {
    class Hanging {
      start(): Promise<void> {
        return Promise.resolve()
      }
      stop(): Promise<void> {
        return new Promise(() => undefined)
      }
    }
    const world = new World()
    const node = world.nodeOf({ strategy: Hanging })
    node.discovery.start()
    await world.clock.advance(10)
    const stopped = node.discovery.stop()
    await world.clock.advance(2_100)
    await stopped
  })

  it('shows its status as plain JSON without secrets', async () => {
    class Mine {
      lookup(): Promise<LookupResult> {
        return Promise.resolve({ peers: [peer('b')], complete: true })
      }
    }
    const world = new World()
    const config = {
      apiToken: 'hush-1',
      url: 'https://me:hush-2@host/',
      nested: { secret: 'hush-3' },
    }
    const node = world.nodeOf({ strategy: Mine, config })
    node.discovery.start()
    await world.clock.advance(10)
    const text = JSON.stringify(node.discovery.status())
    assert.ok(!text.includes('hush'), text)
    const [status] = node.discovery.status()
    assert.equal(status?.peers[0]?.provenance, 'lan')
    assert.equal(status.peers[0]?.isConnected, true)
    assert.ok((status.nextPollInMs ?? 0) > 0)
    assert.deepEqual(JSON.parse(text), node.discovery.status())
    await node.discovery.stop()
  })
})

/** A hint called like its host, on port 7000. */
function peer(name: string): PeerHint {
  return { host: name, port: 7000, nodeName: name }
}

function peerIds(node: PretendedNode): string[] {
  return (node.discovery.status()[0]?.peers ?? []).map(({ id }) => id)
}

/** Virtual time and one poll strategy that answers as told. */
class World {
  readonly clock: VirtualClock = new VirtualClock({ seed: 1 })
  readonly host = this.clock.host('a')
  readonly lookupTimes: number[] = []
  lastSignal: AbortSignal | undefined
  isUp = true
  peers: PeerHint[]
  answer: () => Promise<LookupResult> = () => Promise.resolve({ peers: this.peers, complete: true })

  constructor(peers: PeerHint[] = []) {
    this.peers = peers
  }

  get lookups(): number {
    return this.lookupTimes.length
  }

  node(
    config: Record<string, unknown>,
    topology: Partial<Topology> = {},
    options: PretendedNodeOptions = {},
  ): PretendedNode {
    const look = (signal: AbortSignal): Promise<LookupResult> => {
      this.lookupTimes.push(this.clock.nowMs)
      this.lastSignal = signal
      return this.answer()
    }
    class Told {
      lookup(_: StrategyContext, signal: AbortSignal): Promise<LookupResult> {
        return look(signal)
      }
    }
    return this.nodeOf({ strategy: Told, config, ...topology }, options)
  }

  nodeOf(topology: Topology, options: PretendedNodeOptions = {}): PretendedNode {
    const node: PretendedNode = new PretendedNode(
      { lan: topology },
      {
        host: this.host,
        ...options,
        deps: {
          connect: (hint, address) => {
            node.dials.push(address)
            if (this.isUp) node.connected.add(hint.nodeName ?? address)
            return Promise.resolve(this.isUp)
          },
          ...options.deps,
        },
      },
    )
    return node
  }
}

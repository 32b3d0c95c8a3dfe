import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { it, type TestContext } from 'node:test'
import { until } from '../../../testing/waiting/until.ts'
import { FoundationError } from '../../../kernel/index.ts'
import {
  freeUdpPort,
  loneContext,
  PretendedNode,
  secret,
  selfInfo,
} from '../../discovery-kit.test.ts'
import type { DiscoveryPorts, UdpOptions } from '../../port/ports.ts'
import { systemPorts } from '../../ports/system-ports.ts'
import { gossipStrategy } from './gossip.ts'
import { orderedAddresses } from '../network/dial-order.ts'

const group = '233.252.1.33'

it('gossip: two nodes on this machine find each other at once', async (t) => {
  const port = await freeUdpPort()
  const a = node(t, 'a', { port })
  await until('a hears itself', () => received(a) > 0)
  const b = node(t, 'b', { port, addresses: ['127.0.0.1:4002'] })
  await until('both know each other', () => a.connected.has('b') && b.connected.has('a'), 2_000)
  assert.deepEqual(a.dials, ['127.0.0.1:4002'])
  assert.deepEqual(b.dials, ['127.0.0.1:4001'])
})

it('gossip: three nodes, and a goodbye is heard by the others', async (t) => {
  const port = await freeUdpPort()
  const [a, b, c] = ['a', 'b', 'c'].map((name) => node(t, name, { port }))
  assert.ok(a && b && c)
  await until('all know all', () => [a, b, c].every((one) => one.connected.size === 2))
  await c.discovery.stop()
  const hasLeft = (one: PretendedNode): boolean =>
    one
      .eventsOf('peer-gone')
      .some(({ peer, reason }) => peer.nodeName === 'c' && reason === 'goodbye')
  await until('a and b heard the goodbye', () => hasLeft(a) && hasLeft(b))
  assert.equal(peersOf(a).length, 1)
})

it('gossip: works by broadcast as well', async (t) => {
  const port = await freeUdpPort()
  const a = node(t, 'a', { port, config: { broadcast_only: true } })
  const b = node(t, 'b', { port, config: { broadcast: true } })
  await until('both know each other', () => a.connected.has('b') && b.connected.has('a'))
})

it('gossip: without a secret packets are plain and nodes find each other all the same', async (t) => {
  const port = await freeUdpPort()
  const a = node(t, 'a', { port, secrets: undefined })
  const b = node(t, 'b', { port, secrets: undefined })
  await until('both know each other', () => a.connected.has('b') && b.connected.has('a'))
})

it('gossip: reports a node of the same cluster with another secret once, in words', async (t) => {
  const port = await freeUdpPort()
  const a = node(t, 'a', { port })
  node(t, 'b', { port, secrets: ['quite another secret, 123'] })
  const rejected = (): number => figures(a).rejected['secret-differs'] ?? 0
  await until('two packets were refused', () => rejected() >= 2)
  const notices = a.eventsOf('notice')
  assert.equal(notices.length, 1)
  assert.match(notices[0]?.detail ?? '', /node of "shop" at 127\.0\.0\.1, but its secret differs/)
  assert.match(notices[0]?.detail ?? '', /foundation secret fingerprint/)
  assert.deepEqual(a.seen, [])
})

it('gossip: ignores other clusters, foreign packets, noise and replays without a word', async (t) => {
  const port = await freeUdpPort()
  const a = node(t, 'a', { port })
  node(t, 'x', { port, self: { cluster: 'cart' } })
  await until('the other cluster was heard', () => 'other-cluster' in figures(a).rejected)
  const send = await sender(t, port)
  await send(Buffer.from('heartbeat::something of somebody else'))
  await send(Buffer.from('FNDG'))
  await send(Buffer.alloc(1_450, 7))
  await until('all three were counted', () => (figures(a).rejected.foreign ?? 0) >= 2)
  await until('the large one was counted', () => figures(a).rejected.oversized === 1)
  assert.deepEqual([a.seen, a.eventsOf('notice')], [[], []])
})

it('gossip: a replayed packet of a node that left does not bring it back', async (t) => {
  const port = await freeUdpPort()
  const captured = await capture(t, port)
  const a = node(t, 'a', { port })
  const b = node(t, 'b', { port })
  await until('a knows b', () => a.connected.has('b'))
  await b.discovery.stop()
  await until('a heard the goodbye', () => a.eventsOf('peer-gone').length === 1)
  const send = await sender(t, port)
  const before = figures(a).rejected.replayed ?? 0
  const packets = [...captured]
  for (const packet of packets) await send(packet)
  await until('replays were refused', () => (figures(a).rejected.replayed ?? 0) > before)
  assert.equal(peersOf(a).length, 0)
})

it('gossip: a restarted node is news; late packets of its former self are not', async (t) => {
  const port = await freeUdpPort()
  const a = node(t, 'a', { port })
  const first = node(t, 'b', { port, self: { incarnation: '100-b' } })
  await until('a knows b', () => a.seen.length === 1)
  node(t, 'b', { port, self: { incarnation: '200-b' } })
  await until('a knows the new b', () => a.seen.length === 2)
  await first.discovery.stop()
  const [peer] = a.eventsOf('peer-seen').slice(-1)
  assert.equal(peer?.peer.meta?.incarnation, '200-b')
  assert.deepEqual(a.eventsOf('peer-gone'), [])
})

it('gossip: two nodes with one name hear each other, and neither itself', async (t) => {
  const port = await freeUdpPort()
  const a = node(t, 'a', { port, self: { incarnation: '100-a' } })
  await until('it hears itself', () => received(a) > 0)
  assert.deepEqual(a.seen, [])
  node(t, 'a', { port, self: { incarnation: '200-a' }, addresses: ['127.0.0.1:4002'] })
  await until('it hears the other', () => a.seen.length === 1)
  assert.equal(a.eventsOf('peer-seen')[0]?.peer.meta?.incarnation, '200-a')
})

it('gossip: is degraded, not dead, when it cannot hear itself, and recovers', async () => {
  const network = { carries: false }
  const { context, events } = loneContext({ ports: pretendedNetwork(network) })
  const strategy = gossipStrategy.create({ ...defaults(await freeUdpPort()), intervalMs: 50 })
  if (strategy.kind !== 'push') return
  await strategy.start(context)
  await until('it complains', () => events.length > 0)
  assert.ok(events[0]?.type === 'health' && events[0].state === 'degraded')
  assert.match(events[0].detail, /does not hear its own gossip.*"static"/)
  network.carries = true
  await until('it is well again', () => events.length > 1)
  assert.ok(events[1]?.type === 'health' && events[1].state === 'ok')
  await strategy.stop('test')
})

it('gossip: is degraded when there is no interface or every send fails, and says why', async () => {
  const failing: DiscoveryPorts = {
    ...systemPorts,
    openUdp: async (options) => ({
      ...(await systemPorts.openUdp(options)),
      send: () => Promise.reject(new Error('send ENETUNREACH')),
    }),
  }
  for (const [ports, words] of [
    [failing, /ENETUNREACH/],
    [{ ...systemPorts, networkInterfaces: () => [] }, /no usable network interface/],
  ] as const) {
    const { context, events } = loneContext({ ports })
    const strategy = gossipStrategy.create({ ...defaults(await freeUdpPort()), intervalMs: 50 })
    if (strategy.kind !== 'push') return
    await strategy.start(context)
    await until('it complains', () => events.some((event) => event.type === 'health'))
    const [health] = events
    assert.ok(health?.type === 'health' && words.test(health.detail), JSON.stringify(health))
    await strategy.stop('test')
  }
})

it('gossip: an interface name that does not exist degrades it and stops nothing', async (t) => {
  const port = await freeUdpPort()
  const a = node(t, 'a', { port, config: { interfaces: 'no-such-0', intervalMs: 50 } })
  await until('it is degraded', () => a.eventsOf('health').length > 0)
  assert.equal(a.discovery.status()[0]?.health.state, 'degraded')
})

it('gossip: stops twice, stops while it starts, and says nothing afterwards', async () => {
  const port = await freeUdpPort()
  const { context, events } = loneContext()
  const strategy = gossipStrategy.create(defaults(port))
  if (strategy.kind !== 'push') return
  const starting = strategy.start(context)
  await Promise.all([strategy.stop('test'), starting])
  await strategy.stop('test')
  assert.deepEqual(events, [])
})

it('gossip: refuses an address that is no multicast group, and takes the keys of libcluster', () => {
  assert.throws(
    () => new PretendedNode({ lan: { strategy: 'gossip', config: { address: '10.0.0.1' } } }),
    (error) => error instanceof FoundationError && error.code === 'FND_OPTION_INVALID',
  )
  const node = new PretendedNode({
    lan: {
      strategy: 'Cluster.Strategy.Gossip',
      config: {
        port: 45_892,
        if_addr: '0.0.0.0',
        multicast_if: '127.0.0.1',
        multicast_addr: '233.252.1.32',
        multicast_ttl: 1,
        broadcast_only: false,
        secret,
      },
    },
  })
  const [status] = node.discovery.status()
  assert.deepEqual(status?.config, {
    port: 45_892,
    address: '233.252.1.32',
    ttl: 1,
    broadcast: false,
    interfaces: '127.0.0.1',
    intervalMs: 2_500,
    secret: '(hidden)',
  })
})

it('orderedAddresses: tries the source of the packet first and loopback only from this machine', () => {
  const announced = ['127.0.0.1:7000', '192.168.0.9:7000', '10.0.0.7:7000']
  const remote = ['10.0.0.7:7000', '192.168.0.9:7000']
  assert.deepEqual(orderedAddresses(announced, '10.0.0.7', false), remote)
  const local = ['10.0.0.7:7000', '127.0.0.1:7000', '192.168.0.9:7000']
  assert.deepEqual(orderedAddresses(announced, '10.0.0.7', true), local)
})

interface NodeOptions {
  readonly port: number
  readonly addresses?: string[]
  readonly secrets?: string[] | undefined
  readonly self?: { cluster?: string; incarnation?: string }
  readonly config?: Record<string, unknown>
}

/** A started node with one gossip topology on loopback; stopped when the test ends. */
function node(t: TestContext, name: string, options: NodeOptions): PretendedNode {
  const { port, addresses, config } = options
  const self = selfInfo({ name, ...options.self, ...(addresses && { addresses }) })
  const secrets = 'secrets' in options ? options.secrets : [secret]
  const lan = { strategy: 'gossip', config: { port, ...config } }
  const made = new PretendedNode({ lan }, { name, self, secrets })
  t.after(() => made.discovery.stop())
  made.discovery.start()
  return made
}

function defaults(port: number): Parameters<typeof gossipStrategy.create>[0] {
  const absent = { address: undefined, interfaces: undefined, secret: undefined }
  return { ...absent, port, ttl: 1, broadcast: false, intervalMs: 2_500 }
}

interface Figures {
  readonly received: number
  readonly rejected: Record<string, number>
}

function figures(from: PretendedNode): Figures {
  return from.discovery.status()[0]?.figures as unknown as Figures
}

function received(from: PretendedNode): number {
  return figures(from).received
}

function peersOf(from: PretendedNode): readonly unknown[] {
  return from.discovery.status()[0]?.peers ?? []
}

/** Sockets of a network that can be told not to carry anything. */
function pretendedNetwork(network: { carries: boolean }): DiscoveryPorts {
  let ear: UdpOptions | undefined
  const openUdp = (options: UdpOptions): ReturnType<DiscoveryPorts['openUdp']> => {
    if (options.bindPort !== 0) ear = options
    return Promise.resolve({
      send: (bytes) => {
        if (network.carries) ear?.onMessage(Buffer.from(bytes), '127.0.0.1')
        return Promise.resolve()
      },
      join: () => undefined,
      leave: () => undefined,
      close: () => Promise.resolve(),
    })
  }
  return { ...systemPorts, openUdp }
}

/** Sends raw bytes to the group on loopback. */
async function sender(t: TestContext, port: number): Promise<(bytes: Buffer) => Promise<void>> {
  const socket = createSocket('udp4')
  t.after(() => socket.close())
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  socket.setMulticastInterface('127.0.0.1')
  return (bytes) =>
    new Promise((resolve, reject) => {
      socket.send(bytes, port, group, (error) => {
        if (error) reject(error)
        else resolve()
      })
    })
}

/** Collects every packet of the group. */
async function capture(t: TestContext, port: number): Promise<Buffer[]> {
  const packets: Buffer[] = []
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  t.after(() => socket.close())
  socket.on('message', (bytes) => packets.push(bytes))
  await new Promise<void>((resolve) => {
    socket.bind({ port, address: '0.0.0.0', exclusive: true }, resolve)
  })
  socket.addMembership(group, '127.0.0.1')
  return packets
}

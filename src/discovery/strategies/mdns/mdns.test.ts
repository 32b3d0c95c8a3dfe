import assert from 'node:assert/strict'
import { it } from 'node:test'
import { deferred, FoundationError } from '../../../kernel/index.ts'
import { loneContext, selfInfo } from '../../discovery-kit.test.ts'
import type { MdnsRecord, MdnsSocket } from '../../port/mdns-port.ts'
import { systemPorts } from '../../ports/system-ports.ts'
import { lan, instanceRecords, makeWorld, MdnsWorld } from './mdns-world.test.ts'
import { mdnsStrategy } from './mdns.ts'
import { clusterHash, ownService } from './own-service.ts'

it('mdns: two nodes find each other at once, and a newcomer too', async (t) => {
  const world = makeWorld(t)
  const [a, b] = [world.started('a'), world.started('b')]
  await world.clock.advance(300)
  assert.deepEqual([a.dials, b.dials], [['10.0.0.2:4001'], ['10.0.0.1:4001']])
  await world.clock.advance(60_000)
  const c = world.started('c')
  await world.clock.advance(300)
  assert.deepEqual([...c.connected].sort(), ['a', 'b'])
  assert.ok(a.connected.has('c') && b.connected.has('c'))
})

it('mdns: a goodbye is heard, a second later', async (t) => {
  const world = makeWorld(t)
  const [a, b] = [world.started('a'), world.started('b')]
  await world.clock.advance(5_000)
  const stopped = b.discovery.stop()
  await world.clock.advance(900)
  await stopped
  assert.deepEqual(a.eventsOf('peer-gone'), [])
  await world.clock.advance(200)
  const [gone] = a.eventsOf('peer-gone')
  assert.deepEqual([gone?.reason, gone?.peer.nodeName], ['goodbye', 'b'])
})

it('mdns: a node that falls silent is asked for at 80, 85, 90 and 95 % of its time, then has expired', async (t) => {
  const world = makeWorld(t)
  const [a] = [world.started('a'), world.started('b')]
  await world.clock.advance(130_000)
  assert.deepEqual(a.eventsOf('peer-gone'), [], 'refreshed while it answers')
  world.cut.add('b')
  a.connected.delete('b')
  const silentMs = world.clock.nowMs
  await world.clock.advance(125_000)
  const questions = world.sent.filter(
    ({ from, packet, atMs }) =>
      from === 'a' && atMs > silentMs && packet.questions.some(({ type }) => type === 'SRV'),
  )
  assert.ok(questions.length >= 4, String(questions.length))
  assert.equal(a.eventsOf('peer-gone')[0]?.reason, 'expired')
})

it('mdns: flushes what is no longer true: a moved node is dialled at its new address', async (t) => {
  const world = makeWorld(t)
  const a = world.started('a')
  const stranger = world.stranger('10.0.0.77')
  const c = clusterHash('shop')
  const say = (address: string): void => {
    stranger.say({ answers: instanceRecords('moving', { c, address }) })
  }
  say('10.0.0.80')
  await world.clock.advance(5_000)
  say('10.0.0.81')
  await world.clock.advance(5_000)
  const [peer] = a.discovery.status()[0]?.peers ?? []
  assert.ok(peer)
  assert.ok(JSON.stringify(peer).includes('10.0.0.81'))
  assert.ok(!JSON.stringify(peer).includes('10.0.0.80'), JSON.stringify(peer))
})

it('mdns: other clusters, other services, wrong ports and other subnets change nothing', async (t) => {
  const world = makeWorld(t)
  const a = world.started('a')
  world.started('x', { cluster: 'cart' })
  const c = clusterHash('shop')
  world
    .stranger('10.0.0.77', 1_234)
    .say({ answers: instanceRecords('p', { c, address: '10.0.0.7' }) })
  world.stranger('192.168.9.9').say({ answers: instanceRecords('q', { c, address: '10.0.0.7' }) })
  const printer: MdnsRecord[] = instanceRecords('r', { c, address: '10.0.0.7' }).map((record) => ({
    ...record,
    name: record.name.replace('_foundation', '_ipp'),
  }))
  world.stranger('10.0.0.78').say({ answers: printer })
  await world.clock.advance(5_000)
  assert.deepEqual([a.seen, a.dials], [[], []])
})

it('mdns: a restarted node stays, when the records of its former self run out', async (t) => {
  const world = makeWorld(t)
  const a = world.started('a')
  world.started('b', { incarnation: '100-b' })
  await world.clock.advance(3_000)
  world.cut.add('b')
  const again = world.node('b2', { incarnation: '200-b' })
  await again.discovery.stop()
  const stranger = world.stranger('10.0.0.99')
  const records = instanceRecords('again', { c: clusterHash('shop'), address: '10.0.0.99' })
  const say = (): void => {
    stranger.say({
      answers: records.map((record) =>
        record.type === 'TXT'
          ? { ...record, entries: { ...record.entries, id: 'b', inc: '200-b' } }
          : record,
      ),
    })
  }
  say()
  await world.clock.advance(60_000)
  say()
  await world.clock.advance(80_000)
  assert.equal(a.eventsOf('peer-seen').at(-1)?.peer.meta?.['incarnation'], '200-b')
  assert.deepEqual(a.eventsOf('peer-gone'), [])
  assert.ok(JSON.stringify(a.discovery.status()[0]?.peers).includes('10.0.0.99'))
})

it('mdns: an interface that appears later is used, one that goes takes its peers along', async (t) => {
  const world = makeWorld(t)
  const interfaces = [lan(1)]
  const a = world.started('a', { interfaces })
  world.started('b', { interfaces: [lan(2, 'lan9')], addresses: ['10.0.9.2:4001'] })
  await world.clock.advance(5_000)
  assert.deepEqual(a.dials, [])
  interfaces.push(lan(1, 'lan9'))
  await world.clock.advance(3_000)
  assert.deepEqual(a.dials, ['10.0.9.2:4001'])
  world.cut.add('b')
  a.connected.clear()
  interfaces.pop()
  await world.clock.advance(5_000)
  assert.equal(a.eventsOf('peer-gone')[0]?.reason, 'expired')
})

it('mdns: is degraded when it does not hear itself, and well when it does again', async (t) => {
  const world = makeWorld(t)
  world.cut.add('a')
  const a = world.started('a')
  await world.clock.advance(20_000)
  assert.equal(a.discovery.status()[0]?.health.state, 'degraded')
  assert.match(a.eventsOf('health')[0]?.detail ?? '', /does not hear its own mDNS.*"static"/)
  world.cut.delete('a')
  await world.clock.advance(10_000)
  assert.equal(a.discovery.status()[0]?.health.state, 'ok')
})

it('mdns: without the package it does not start, and says how to install it', async () => {
  const missing = new FoundationError('FND_PACKAGE_MISSING', 'run: npm install multicast-dns')
  const ports = { ...systemPorts, openMdns: () => Promise.reject(missing) }
  const { context } = loneContext({ ports })
  const strategy = mdnsStrategy.create({
    interfaces: undefined,
    ttlMs: 120_000,
    port: 5_353,
    lib: undefined,
  })
  assert.ok(strategy.kind === 'push')
  await assert.rejects(strategy.start(context), { code: 'FND_PACKAGE_MISSING' })
  await strategy.stop('test')
})

it('mdns: stopped while it starts, it closes what was being opened', async () => {
  const world = new MdnsWorld()
  const opening = deferred<MdnsSocket>()
  let closed = 0
  const ports = {
    ...systemPorts,
    networkInterfaces: () => [lan(1)],
    openMdns: () => opening.promise,
  }
  const { context } = loneContext({ ports, interfaces: undefined, host: world.clock.host('a') })
  const strategy = mdnsStrategy.create({
    interfaces: undefined,
    ttlMs: 120_000,
    port: 5_353,
    lib: undefined,
  })
  assert.ok(strategy.kind === 'push')
  const started = strategy.start(context)
  const stopped = strategy.stop('test')
  opening.resolve({
    send: () => Promise.resolve(),
    close: () => {
      closed += 1
      return Promise.resolve()
    },
  })
  await Promise.all([started, stopped])
  assert.equal(closed, 1)
})

it('mdns: a socket that cannot be opened is tried again', async () => {
  let attempts = 0
  const world = new MdnsWorld()
  const ports = {
    ...systemPorts,
    networkInterfaces: () => [lan(1)],
    openMdns: () => {
      attempts += 1
      return Promise.reject(new Error('bind EADDRINUSE 0.0.0.0:5353'))
    },
  }
  const { context, events } = loneContext({
    ports,
    interfaces: undefined,
    host: world.clock.host('a'),
  })
  const strategy = mdnsStrategy.create({
    interfaces: undefined,
    ttlMs: 120_000,
    port: 5_353,
    lib: undefined,
  })
  assert.ok(strategy.kind === 'push')
  await strategy.start(context)
  await world.clock.advance(10_000)
  assert.ok(attempts >= 4, String(attempts))
  const [health] = events
  assert.ok(health?.type === 'health' && /EADDRINUSE/.test(health.detail), JSON.stringify(health))
  const stopped = strategy.stop('test')
  await world.clock.advance(100)
  await stopped
})

it('ownService: fits its labels, keeps loopback to loopback, and takes a host by name', () => {
  const options = { bootId: '0123456789abcdef', ttlSeconds: 120, isLoopback: false }
  const addresses = ['10.0.0.1:4001', '127.0.0.1:4001', '[fe80::1%eth0]:4001', '10.0.0.2:9']
  const long = ownService(selfInfo({ name: 'n.'.repeat(100), addresses }), options)
  const [label = ''] = (long?.instance ?? '').split('._foundation')
  assert.ok(label.length <= 63 && !label.includes('.'), label)
  const ips = (given: ReturnType<typeof ownService>): string[] =>
    (given?.details ?? []).flatMap((one) => ('address' in one ? [one.address] : []))
  assert.deepEqual(ips(long), ['10.0.0.1', 'fe80::1'])
  assert.ok(
    ips(ownService(selfInfo({ addresses }), { ...options, isLoopback: true })).includes(
      '127.0.0.1',
    ),
  )
  const named = ownService(selfInfo({ addresses: ['b.example:7000'] }), options)
  assert.ok(named?.details.some((one) => one.type === 'SRV' && one.target === 'b.example'))
  assert.equal(ownService({ ...selfInfo(), addresses: [] }, options), undefined)
})

import assert from 'node:assert/strict'
import { it, type TestContext } from 'node:test'
import { toError, type Log } from '../../kernel/index.ts'
import { until } from '../../testing/waiting/until.ts'
import { loneContext, PretendedNode } from '../discovery-kit.test.ts'
import { World, peerIds } from '../discovery-world.test.ts'
import { Dnsmasq, skipWithoutDnsmasq } from '../dnsmasq.test.ts'
import type { LookupResult } from '../port/port.ts'
import type { DnsPort, SrvRecord } from '../port/ports.ts'
import { systemPorts } from '../ports/system-ports.ts'
import { resolveTopology } from '../topology.ts'

const real = { skip: skipWithoutDnsmasq }

function failing(code: string, words = ''): Promise<never> {
  return Promise.reject(Object.assign(new Error(`query failed: ${code} ${words}`), { code }))
}

/** A name service that answers as told. */
function fakeDns(answers: Partial<DnsPort>): DnsPort {
  const unexpected = (): Promise<never> => Promise.reject(new Error('not expected to be asked'))
  return { lookup: unexpected, resolveSrv: unexpected, resolveAddresses: unexpected, ...answers }
}

async function look(
  config: Record<string, unknown>,
  answers?: Partial<DnsPort>,
): Promise<LookupResult> {
  const { strategy } = resolveTopology('t', { strategy: 'dns', config })
  assert.equal(strategy.kind, 'poll')
  const ports = answers ? { ...systemPorts, dns: fakeDns(answers) } : systemPorts
  return strategy.lookup(loneContext({ ports }).context, new AbortController().signal)
}

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'resolved',
    (error: unknown) => String((toError(error) as { code?: string }).code),
  )

it('dns: gives every address of a name, IPv6 as well, without a port of its own', async () => {
  const asked: string[] = []
  const lookup = (name: string): Promise<string[]> => {
    asked.push(name)
    return Promise.resolve(['10.0.0.1', 'fdaa:0:1::3'])
  }
  const found = await look({ query: 'shop.internal' }, { lookup })
  assert.deepEqual(found, {
    peers: [{ host: '10.0.0.1' }, { host: 'fdaa:0:1::3' }],
    complete: false,
  })
  assert.deepEqual(asked, ['shop.internal'])
})

it('dns: takes the port it is given', async () => {
  const lookup = (): Promise<string[]> => Promise.resolve(['10.0.0.1'])
  const { peers } = await look({ query: 'shop', port: 7000 }, { lookup })
  assert.deepEqual(peers, [{ host: '10.0.0.1', port: 7000 }])
})

it('dns: asks for SRV when the name begins with "_" or the type says so, and uses its port', async () => {
  const records: SrvRecord[] = [
    { name: 'a.shop.test', port: 7001, priority: 0, weight: 0 },
    { name: 'b.shop.test', port: 7002, priority: 9, weight: 5 },
    { name: '.', port: 0, priority: 0, weight: 0 },
  ]
  const hosts: Record<string, string[]> = {
    'a.shop.test': ['10.0.0.1', 'fd00::1'],
    'b.shop.test': ['10.0.0.2'],
  }
  const answers: Partial<DnsPort> = {
    resolveSrv: () => Promise.resolve(records),
    resolveAddresses: (name) => Promise.resolve(hosts[name] ?? []),
  }
  const expected = [
    { host: '10.0.0.1', port: 7001, addresses: ['[fd00::1]:7001'] },
    { host: '10.0.0.2', port: 7002 },
  ]
  const named = await look({ query: '_foundation._tcp.shop.test' }, answers)
  assert.deepEqual(named, { peers: expected, complete: false })
  const typed = await look({ query: 'shop.test', type: 'srv' }, answers)
  assert.deepEqual(typed.peers, expected)
})

it('dns: a target that cannot be resolved does not hide the others', async () => {
  const records = ['a', 'b'].map((name) => ({ name, port: 7001, priority: 0, weight: 0 }))
  const resolveSrv = (): Promise<SrvRecord[]> => Promise.resolve(records)
  const resolveAddresses = (name: string): Promise<string[]> =>
    name === 'a' ? failing('ESERVFAIL') : Promise.resolve(['10.0.0.2'])
  const { peers } = await look({ query: '_s._tcp.x' }, { resolveSrv, resolveAddresses })
  assert.deepEqual(peers, [{ host: '10.0.0.2', port: 7001 }])
  const none = { resolveSrv, resolveAddresses: () => failing('ESERVFAIL') }
  assert.equal(await codeOf(look({ query: '_s._tcp.x' }, none)), 'ESERVFAIL')
})

it('dns: a name that does not exist is empty; a name service that fails is a failure', async () => {
  for (const code of ['ENOTFOUND', 'ENODATA']) {
    const found = await look({ query: 'shop' }, { lookup: () => failing(code) })
    assert.deepEqual(found, { peers: [], complete: false })
  }
  for (const code of ['EAI_AGAIN', 'ESERVFAIL', 'ETIMEOUT', 'EREFUSED']) {
    assert.equal(await codeOf(look({ query: 'shop' }, { lookup: () => failing(code) })), code)
  }
})

it('dns: of several names, one that fails is reported and the others are still proposed', async () => {
  const world = new World()
  const lookup = (name: string): Promise<string[]> =>
    name === 'bad' ? failing('ESERVFAIL') : Promise.resolve(['10.0.0.7'])
  const topology = { strategy: 'dns', config: { query: ['bad', 'good'] } }
  const node = world.nodeOf(topology, {
    deps: { ports: { ...systemPorts, dns: fakeDns({ lookup }) } },
  })
  node.discovery.start()
  await world.clock.advance(100)
  assert.deepEqual(node.dials, ['10.0.0.7:4001'])
  const [status] = node.discovery.status()
  assert.equal(status?.lastError?.code, 'ESERVFAIL')
  assert.equal(status.health.state, 'degraded')
  await node.discovery.stop()
})

it('dns: 8 of 15 addresses an answer, in rotation, come to 15 peers that stay', async () => {
  const world = new World()
  const everyone = Array.from({ length: 15 }, (_, index) => `10.0.0.${String(index + 1)}`)
  let asked = 0
  const lookup = (): Promise<string[]> => {
    const from = (asked++ * 7) % everyone.length
    return Promise.resolve([...everyone, ...everyone].slice(from, from + 8))
  }
  const ports = { ...systemPorts, dns: fakeDns({ lookup }) }
  const self = { addresses: ['10.0.0.1:4001'] }
  const node = world.nodeOf(
    { strategy: 'dns', config: { query: 'shop' } },
    { self, deps: { ports } },
  )
  node.discovery.start()
  await world.clock.advance(60 * 60_000)
  assert.ok(asked > 500)
  assert.equal(peerIds(node).length, 15)
  assert.equal(node.connected.size, 14, 'everyone but the node itself')
  assert.ok(!node.dials.includes('10.0.0.1:4001'), 'its own address is among the answers')
  assert.deepEqual(node.disconnects, [])
  await node.discovery.stop()
})

it('dns: 1 000 failures in a row disconnect nobody and are one line a minute', async () => {
  const world = new World()
  let isUp = true
  let failures = 0
  const lookup = (): Promise<string[]> => {
    if (isUp) return Promise.resolve(['10.0.0.2', '10.0.0.3'])
    failures += 1
    return failing('EAI_AGAIN', `for the ${String(failures)}th time`)
  }
  const lines: string[] = []
  const log = countingLog(lines)
  const ports = { ...systemPorts, dns: fakeDns({ lookup }) }
  const topology = { strategy: 'dns', config: { query: 'shop' }, prune: 'immediate' } as const
  const options = { reconcileIntervalMs: 60_000 }
  const node = world.nodeOf(topology, { deps: { ports, log }, options })
  const { connected } = node
  node.discovery.start()
  await world.clock.advance(10_000)
  isUp = false
  lines.length = 0
  const began = world.clock.nowMs
  while (failures < 1_000) await world.clock.advance(60_000)
  assert.deepEqual(node.disconnects, [])
  assert.equal(connected.size, 2)
  assert.equal(peerIds(node).length, 2)
  const minutes = (world.clock.nowMs - began) / 60_000
  assert.ok(lines.length <= minutes + 1, `${String(lines.length)} lines in ${String(minutes)} min`)
  await node.discovery.stop()
})

it('dns: refuses queries and servers that are none', () => {
  const refusal = (config: Record<string, unknown>): string => {
    try {
      resolveTopology('lan', { strategy: 'dns', config })
      return 'accepted'
    } catch (error) {
      return toError(error).message
    }
  }
  assert.match(refusal({}), /"topologies\.lan\.config\.query" is required: expected a DNS name/)
  assert.match(refusal({ query: '' }), /expected a DNS name/)
  assert.match(refusal({ query: '10.0.0.1' }), /expected a DNS name/)
  assert.match(refusal({ query: [] }), /expected 1 to 16 names/)
  assert.match(refusal({ query: 'a', servers: ['dns.example'] }), /expected "ip" or "ip:port"/)
  assert.match(refusal({ query: 'a', polling_intervall: 1 }), /not known/)
  assert.equal(refusal({ query: ['a', 'b.c'], servers: ['127.0.0.1:5353', '::1'] }), 'accepted')
})

it(
  'dns against dnsmasq: A and AAAA, SRV with ports, and a name that is not there',
  real,
  async (t) => {
    const dnsmasq = await Dnsmasq.start(t, [
      'host-record=a.shop.test,10.0.0.1,fd00::1',
      'host-record=b.shop.test,10.0.0.2',
      'srv-host=_foundation._tcp.shop.test,a.shop.test,7001',
      'srv-host=_foundation._tcp.shop.test,b.shop.test,7002',
    ])
    const servers = [dnsmasq.server]
    const byAddress = await look({ query: 'a.shop.test', servers })
    assert.deepEqual(byAddress.peers.map(({ host }) => host).sort(), ['10.0.0.1', 'fd00::1'])
    const bySrv = await look({ query: '_foundation._tcp.shop.test', servers })
    const sorted = bySrv.peers.toSorted((a, b) => a.host.localeCompare(b.host))
    assert.deepEqual(sorted, [
      { host: '10.0.0.1', port: 7001, addresses: ['[fd00::1]:7001'] },
      { host: '10.0.0.2', port: 7002 },
    ])
    const absent = { peers: [], complete: false }
    assert.deepEqual(await look({ query: 'nobody.test', servers }), absent)
    assert.deepEqual(await look({ query: '_nobody._tcp.test', servers }), absent)
  },
)

it(
  'dns against dnsmasq: what it refuses, and what it leaves unanswered, is a failure',
  real,
  async (t) => {
    const dnsmasq = await Dnsmasq.start(t)
    const servers = [dnsmasq.server]
    assert.equal(await codeOf(look({ query: 'foreign.example', servers })), 'EREFUSED')
    dnsmasq.pause()
    const { strategy } = resolveTopology('t', {
      strategy: 'dns',
      config: { query: 'a.test', servers },
    })
    assert.equal(strategy.kind, 'poll')
    const attempt = new AbortController()
    const looking = codeOf(strategy.lookup(loneContext().context, attempt.signal))
    attempt.abort()
    assert.equal(await looking, 'ECANCELLED')
    dnsmasq.resume()
    dnsmasq.kill()
    assert.match(await codeOf(look({ query: 'a.test', servers })), /ECONNREFUSED|ETIMEOUT/)
  },
)

it('dns against dnsmasq: hosts come, go and rotate; nobody is forgotten', real, async (t) => {
  const dnsmasq = await Dnsmasq.start(t)
  const node = pollingNode(t, dnsmasq)
  const everyone = Array.from({ length: 15 }, (_, index) => `10.0.0.${String(index + 1)}`)
  const name = (address: string): [string, string] => [address, 'shop.test']
  for (const from of [0, 4, 7]) {
    await dnsmasq.setHosts(everyone.slice(from, from + 8).map(name))
    await until(
      `those from ${String(from)} on are connected`,
      () => node.connected.size >= from + 8,
    )
  }
  await dnsmasq.setHosts([])
  const failuresBefore = node.eventsOf('lookup-failed').length
  const lookupsBefore = node.eventsOf('lookup').length
  await until('two empty answers', () => node.eventsOf('lookup').length >= lookupsBefore + 2)
  assert.equal(node.eventsOf('lookup-failed').length, failuresBefore)
  assert.equal(node.eventsOf('lookup').at(-1)?.count, 0)
  dnsmasq.kill()
  await until('a failure', () => node.eventsOf('lookup-failed').length > failuresBefore, 20_000)
  assert.equal(peerIds(node).length, 15)
  assert.deepEqual(node.disconnects, [])
  await node.discovery.stop()
})

/** Counts what people would see. */
function countingLog(lines: string[]): Log {
  const note = (_: unknown, message: string): void => {
    lines.push(message)
  }
  const log: Log = { debug: () => undefined, info: note, warn: note, error: note, child: () => log }
  return log
}

function pollingNode(t: TestContext, dnsmasq: Dnsmasq): PretendedNode {
  const config = { query: 'shop.test', servers: [dnsmasq.server], port: 7000, pollIntervalMs: 20 }
  const node = new PretendedNode({ lan: { strategy: 'dns', config } })
  t.after(() => node.discovery.stop())
  node.discovery.start()
  return node
}

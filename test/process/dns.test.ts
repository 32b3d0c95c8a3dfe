/** Two whole nodes find each other by SRV records of a real name server, on loopback. */
import assert from 'node:assert/strict'
import { createServer, type AddressInfo } from 'node:net'
import { it, type TestContext } from 'node:test'
import { Dnsmasq, skipWithoutDnsmasq } from '../../src/discovery/dnsmasq.test.ts'
import { startNode, type FoundationNode } from '../../src/index.ts'
import { until } from '../../src/testing/waiting/until.ts'

const secret = 'a secret of the dns test, 0123456789'
const query = '_foundation._tcp.shop.test'

interface Place {
  readonly name: string
  readonly port: number
}

it(
  'dns: nodes on different ports form a cluster by SRV',
  { skip: skipWithoutDnsmasq },
  async (t) => {
    const places = [
      { name: 'a', port: await freePort() },
      { name: 'b', port: await freePort() },
    ] as const
    const records = places.map(
      ({ name, port }) => `srv-host=${query},${name}.shop.test,${String(port)}`,
    )
    const hosts = places.map(({ name }) => `host-record=${name}.shop.test,127.0.0.1`)
    const dnsmasq = await Dnsmasq.start(t, [...records, ...hosts])
    const a = await nodeAt(t, places[0], { strategy: 'dns', query, servers: [dnsmasq.server] })
    const b = await nodeAt(t, places[1], { strategy: 'dns', query, servers: [dnsmasq.server] })
    await Promise.all([a, b].map((node) => node.ready({ minPeers: 1, timeoutMs: 20_000 })))
    assert.deepEqual(
      a
        .members()
        .map(({ name }) => name)
        .sort(),
      ['a', 'b'],
    )
    const heard: unknown[] = []
    const subscription = b.pubsub.subscribe('events.order', (message) => heard.push(message))
    await subscription.ready
    await a.pubsub.broadcast('events.order', { id: 1 })
    await until('b hears a', () => heard.length === 1)
    const [topology] = a.status().topologies
    assert.equal(topology?.strategy, 'dns')
    assert.equal(topology.peers.filter(({ isSelf }) => isSelf).length, 1, 'it knows its own record')
    dnsmasq.kill()
    await until(
      'a lookup failed',
      () => Number(a.status().topologies[0]?.failuresInRow) > 0,
      20_000,
    )
    assert.equal(a.members().length, 2, 'a name server that is down ends no membership')
  },
)

async function nodeAt(
  t: TestContext,
  { name, port }: Place,
  cluster: { strategy: string; [option: string]: unknown },
): Promise<FoundationNode> {
  const listen = { host: '127.0.0.1', port }
  const node = await startNode({
    app: 'dns-test',
    name,
    secret,
    listen,
    interfaces: ['lo'],
    cluster: { pollIntervalMs: 200, lookupTimeoutMs: 500, ...cluster },
  })
  t.after(() => node.stop())
  return node
}

/** A TCP port nobody else uses right now. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

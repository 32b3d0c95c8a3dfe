/** Two nodes over real sockets and the real package, on loopback and a port of their own. */
import assert from 'node:assert/strict'
import { it, type TestContext } from 'node:test'
import { importPackage } from '../../../kernel/index.ts'
import { until } from '../../../testing/waiting/until.ts'
import { freeUdpPort, PretendedNode, selfInfo } from '../../discovery-kit.test.ts'

it('mdns: two nodes find each other over loopback, and hear the goodbye', async (t) => {
  const port = await freeUdpPort()
  const a = node(t, 'a', { port })
  await until('a hears itself', () => received(a) > 0)
  const b = node(t, 'b', { port })
  await until('both know each other', () => a.connected.has('b') && b.connected.has('a'))
  assert.deepEqual([a.dials, b.dials], [['127.0.0.1:4002'], ['127.0.0.1:4001']])
  await b.discovery.stop()
  await until('a heard the goodbye', () => a.eventsOf('peer-gone')[0]?.reason === 'goodbye')
})

it('mdns: takes the package as an option, and keeps to its interfaces', async (t) => {
  const port = await freeUdpPort()
  const lib = await importPackage('multicast-dns', 'this test')
  const config = { port, lib, interfaces: 'lo' }
  const [a, b] = [node(t, 'a', config), node(t, 'b', config)]
  await until('both know each other', () => a.connected.has('b') && b.connected.has('a'))
  const shown = JSON.stringify(a.discovery.status())
  assert.match(shown, /"interfaces":\["lo"\]/)
})

it('mdns: an interface that does not exist degrades it and stops nothing', async (t) => {
  const a = node(t, 'a', { port: await freeUdpPort(), interfaces: ['no-such-0'] })
  await until('it is degraded', () => a.eventsOf('health').length > 0)
  assert.match(a.eventsOf('health')[0]?.detail ?? '', /no usable network interface/)
})

it('mdns: bytes that are no packet change nothing', async (t) => {
  const { createSocket } = await import('node:dgram')
  const port = await freeUdpPort()
  const a = node(t, 'a', { port })
  await until('a hears itself', () => received(a) > 0)
  const socket = createSocket('udp4')
  t.after(() => socket.close())
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  socket.setMulticastInterface('127.0.0.1')
  for (const bytes of [Buffer.from('noise'), Buffer.alloc(1_400, 0xff), Buffer.alloc(12)]) {
    socket.send(bytes, port, '224.0.0.251')
  }
  const b = node(t, 'b', { port })
  await until('both know each other', () => a.connected.has('b') && b.connected.has('a'))
})

/** A started node with one mdns topology on loopback; stopped when the test ends. */
function node(t: TestContext, name: string, config: Record<string, unknown>): PretendedNode {
  const addresses = [`127.0.0.1:${name === 'a' ? '4001' : '4002'}`]
  const self = selfInfo({ name, addresses })
  const made = new PretendedNode({ lan: { strategy: 'mdns', config } }, { name, self })
  t.after(() => made.discovery.stop())
  made.discovery.start()
  return made
}

function received(from: PretendedNode): number {
  return (from.discovery.status()[0]?.figures as { received: number }).received
}

/** When gossip speaks, under virtual time, on a pretended network that carries every packet at once. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { defaultsOf, Keyring, type Host } from '../../../kernel/index.ts'
import { VirtualClock } from '../../../testing/virtual-host.ts'
import { loneContext, secret, selfInfo } from '../../discovery-kit.test.ts'
import type { PushStrategy, StrategyEvent } from '../../port/port.ts'
import type { DiscoveryPorts, UdpOptions } from '../../port/ports.ts'
import { systemPorts } from '../../ports/system-ports.ts'
import type { AnnouncementKind } from '../announcement.ts'
import { encodeAnnouncement } from './announcement-bytes.ts'
import { gossipRules, gossipStrategy } from './gossip.ts'
import { PacketBox } from './packet-box.ts'
import { encodeHeader, clusterTag } from './packet.ts'

it('gossip: three questions in the first second, then heartbeats of 2.5 s give or take half', async () => {
  const network = new Network()
  const a = await network.node('a')
  await network.clock.advance(1_100)
  assert.deepEqual(network.kinds('a'), ['hello', 'hello', 'hello'])
  await network.clock.advance(120_000)
  const times = network.times('a').slice(2)
  const pauses = times.slice(1).map((time, at) => time - (times[at] ?? 0))
  assert.ok(
    pauses.every((pauseMs) => pauseMs >= 1_250 && pauseMs <= 3_750),
    String(pauses),
  )
  assert.ok(Math.max(...pauses) - Math.min(...pauses) > 500, 'nodes must not speak in step')
  await a.stop('test')
})

it('gossip: a newcomer is answered at once, many of them with one packet in 100 ms', async () => {
  const network = new Network()
  const a = await network.node('a')
  await network.clock.advance(30_000)
  const before = network.times('a').length
  const b = await network.node('b')
  assert.equal(network.times('a').length, before + 1)
  assert.deepEqual(network.seen('b'), ['a'])
  const crowd = await Promise.all(['c', 'd', 'e', 'f', 'g'].map((name) => network.node(name)))
  await network.clock.advance(100)
  assert.ok(network.times('a').length <= before + 3)
  assert.deepEqual(new Set(network.seen('g')), new Set(['a', 'b', 'c', 'd', 'e', 'f']))
  for (const one of [a, b, ...crowd]) await one.stop('test')
})

it('gossip: never answers with more than was asked', async () => {
  const network = new Network({ isPlain: true })
  const a = await network.node('a')
  await network.clock.advance(30_000)
  const before = network.times('a').length
  // Anybody can make plain packets: a small question with somebody else's address would aim the answers.
  const question = { kind: 'hello', name: 'x', incarnation: '1', addresses: ['9.9.9.9:9'] }
  const small = Buffer.from(JSON.stringify(question))
  const header = {
    isSealed: false,
    keyId: '00000000',
    clusterTag: clusterTag('shop'),
    senderId: 'ab'.repeat(16),
    counter: 1,
  }
  network.carry(Buffer.concat([encodeHeader(header), small]), '9.9.9.9')
  await network.clock.advance(200)
  assert.equal(network.times('a').length, before)
  const whole = encodeAnnouncement({ ...question, kind: 'hello' })
  network.carry(Buffer.concat([encodeHeader({ ...header, counter: 2 }), whole]), '9.9.9.9')
  await network.clock.advance(200)
  assert.equal(network.times('a').length, before + 1)
  await a.stop('test')
})

it('gossip: the last packet is a goodbye, and nothing follows it', async () => {
  const network = new Network()
  const a = await network.node('a')
  const b = await network.node('b')
  await network.clock.advance(5_000)
  await a.stop('test')
  const said = network.times('a').length
  await network.clock.advance(60_000)
  assert.deepEqual(network.kinds('a').slice(-1), ['bye'])
  assert.equal(network.times('a').length, said)
  assert.ok(
    network.events('b').some((event) => event.type === 'gone' && event.reason === 'goodbye'),
  )
  await b.stop('test')
})

it('gossip: a flood is dropped unread, and the rest of its second with it, not more', async () => {
  const network = new Network()
  const a = await network.node('a')
  for (let at = 0; at < 5_000; at++) network.carry(Buffer.from(`noise ${String(at)}`), '9.9.9.9')
  const { rejected } = a.figures?.() as { rejected: Record<string, number> }
  assert.ok((rejected['flood'] ?? 0) >= 2_900, JSON.stringify(rejected))
  await network.clock.advance(1_500)
  const b = await network.node('b')
  await network.clock.advance(10)
  assert.deepEqual(network.seen('a'), ['b'])
  await Promise.all([a.stop('test'), b.stop('test')])
})

interface Ear {
  readonly name: string
  readonly options: UdpOptions
}

/** Every packet arrives everywhere at once, at its sender's as well. */
class Network {
  readonly clock: VirtualClock = new VirtualClock({ seed: 5 })
  readonly #ears: Ear[] = []
  readonly #sent: { name: string; atMs: number; bytes: Buffer }[] = []
  readonly #events = new Map<string, StrategyEvent[]>()
  readonly #keyring: Keyring | undefined

  constructor({ isPlain = false } = {}) {
    this.#keyring = isPlain ? undefined : new Keyring([secret])
  }

  /** A started strategy. */
  async node(name: string): Promise<PushStrategy> {
    const host: Host = this.clock.host(name)
    const self = selfInfo({ name, addresses: [`10.0.0.${String(this.#ears.length + 1)}:7000`] })
    const given = { host, self, keyring: this.#keyring, interfaces: undefined }
    const { context, events } = loneContext({ ...given, ports: this.#ports(name) })
    this.#events.set(name, events)
    const strategy = gossipStrategy.create(defaultsOf(gossipRules))
    assert.ok(strategy.kind === 'push')
    await strategy.start(context)
    await this.clock.advance(1)
    return strategy
  }

  carry(bytes: Buffer, source: string): void {
    for (const { options } of [...this.#ears]) options.onMessage(bytes, source)
  }

  events(name: string): StrategyEvent[] {
    return this.#events.get(name) ?? []
  }

  seen(name: string): string[] {
    const names = this.events(name).flatMap((one) =>
      one.type === 'seen' ? [one.peer.nodeName] : [],
    )
    return [...new Set(names)].map(String)
  }

  times(name: string): number[] {
    return this.#sent.filter((one) => one.name === name).map(({ atMs }) => atMs)
  }

  /** What a node said, as a node that heard all of it understands it. */
  kinds(name: string): AnnouncementKind[] {
    const identity = { cluster: 'shop', senderId: Buffer.alloc(16), keyring: this.#keyring }
    const box = new PacketBox(identity)
    return this.#sent.flatMap((one) => {
      const opened = box.open(one.bytes)
      return one.name === name && opened.type === 'heard' ? [opened.announcement.kind] : []
    })
  }

  #ports(name: string): DiscoveryPorts {
    const address = { name: 'lan0', address: '10.0.0.1', netmask: '255.255.255.0' }
    return {
      ...systemPorts,
      networkInterfaces: () => [{ ...address, family: 4, isInternal: false }],
      openUdp: (options) => {
        const ear = { name, options }
        if (options.bindPort !== 0) this.#ears.push(ear)
        return Promise.resolve({
          send: (bytes) => {
            this.#sent.push({ name, atMs: this.clock.nowMs, bytes: Buffer.from(bytes) })
            this.carry(Buffer.from(bytes), '10.0.0.1')
            return Promise.resolve()
          },
          join: () => undefined,
          leave: () => undefined,
          close: () => {
            if (this.#ears.includes(ear)) this.#ears.splice(this.#ears.indexOf(ear), 1)
            return Promise.resolve()
          },
        })
      },
    }
  }
}

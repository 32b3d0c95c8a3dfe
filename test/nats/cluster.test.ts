import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import type { ClusterEvent, FoundationNode, StartOptions } from '../../src/index.ts'
import { startNode } from '../../src/node/index.ts'
import { silentLog } from '../../src/kernel/index.ts'
import { until } from '../../src/testing/waiting/until.ts'
import { nats, type NatsOptions } from '../../src/transport/nats/index.ts'
import { freePort, hasNatsServer, natsMissing, startBroker, type Broker } from './broker.ts'

const nodes: FoundationNode[] = []
/** A broker on a busy machine may take longer to start than a silence is borne by default. */
const patient = { suspectAfterMs: 30_000, downAfterMs: 60_000 }

describe('a cluster on a broker', { skip: hasNatsServer ? false : natsMissing }, () => {
  let broker: Broker
  before(async () => {
    broker = await startBroker()
  })
  after(() => broker.stop())
  afterEach(async () => {
    await Promise.all(nodes.splice(0).map((node) => node.stop()))
  })

  async function start(
    name: string,
    options: Partial<NatsOptions> = {},
    others: StartOptions = {},
  ): Promise<FoundationNode> {
    const transport = nats({ servers: broker.url, ...options })
    const node = await startNode({ app: 'shop', name, transport, log: silentLog, ...others })
    nodes.push(node)
    return node
  }

  async function trio(
    options: StartOptions = {},
  ): Promise<[FoundationNode, FoundationNode, FoundationNode]> {
    const [a, b, c] = await Promise.all([
      start('a', {}, options),
      start('b', {}, options),
      start('c', {}, options),
    ])
    for (const node of [a, b, c]) await node.ready({ minPeers: 2, timeoutMs: 30_000 })
    return [a, b, c]
  }

  it('forms by itself, talks and calls', async () => {
    const [a, b, c] = await trio()
    const heard: string[] = []
    for (const node of [b, c]) {
      node.pubsub.subscribe('events.orders.*', (message) =>
        heard.push(`${node.name} ${String(message)}`),
      )
    }
    await b.pubsub.subscribe('bulk.x', () => undefined).ready
    await c.pubsub.subscribe('bulk.x', () => undefined).ready
    const { peers, queued } = await a.pubsub.broadcast('events.orders.created', 42)
    assert.deepEqual([peers, queued], [2, 2])
    await until('both heard', () => heard.length === 2)
    assert.deepEqual(heard.toSorted(), ['b 42', 'c 42'])
    const directly = a.status().links.map(({ classes }) => classes.events?.sentFrames)
    assert.deepEqual(directly, [0, 0], 'one publish for all, nothing to each')
    c.rpc.handle('double', (value: number) => value * 2)
    assert.equal(await a.rpc.call('c', 'double', 21), 42)
    assert.ok(a.members().every(({ status }) => status === 'alive'))
  })

  it('sees a member leave, and does not take another app in', async () => {
    const [a, b] = await trio()
    await start('stranger', {}, { app: 'other' })
    const events: string[] = []
    a.on('member-left', ({ member }) => events.push(member.name))
    await b.stop()
    await until('it was seen', () => events.length > 0)
    assert.deepEqual(events, ['b'])
    assert.deepEqual(
      a.members().map(({ name }) => name),
      ['a', 'c'],
    )
  })

  it('survives a restart of the broker: nobody is lost, what was queued arrives once, holes are told', async () => {
    const [a, b, c] = await trio({ membership: patient })
    const lost: ClusterEvent[] = []
    for (const node of [a, b, c]) node.on('member-down', (event) => lost.push(event))
    const heard: number[] = []
    let missing = 0
    // Of what others say on other channels something may be lost as well.
    b.on('gap', ({ from, channel, count }) => {
      if (from === 'a' && channel === 'events') missing += count
    })
    await b.pubsub.subscribe('events.n', (n) => heard.push(n as number)).ready
    let sent = 0
    for (; sent < 100; sent++) await a.pubsub.broadcast('events.n', sent)
    await broker.kill()
    for (; sent < 200; sent++) void a.pubsub.broadcast('events.n', sent)
    await broker.start()
    await until('the outage is accounted for', () => heard.length + missing >= 200, 30_000)
    for (; sent < 300; sent++) await a.pubsub.broadcast('events.n', sent)
    await until('all is accounted for', () => heard.length + missing >= 300, 30_000)
    assert.equal(new Set(heard).size, heard.length, 'nothing twice')
    assert.deepEqual(
      heard,
      heard.toSorted((x, y) => x - y),
    )
    assert.equal(heard.length + missing, 300)
    assert.deepEqual(lost, [])
  })

  it('with a sealed payload takes in who has the secret, and tells the others why not', async () => {
    const secret = 'a secret that is long enough'
    const a = await start('a', { sealed: true, secret })
    const b = await start('b', { sealed: true, secret })
    await a.ready({ minPeers: 1, timeoutMs: 30_000 })
    await b.ready({ minPeers: 1, timeoutMs: 30_000 })
    const troubles: string[] = []
    a.on('trouble', ({ error }) => troubles.push(error.message))
    await start('c', { sealed: true, secret: 'another secret, also long enough' })
    await until('a is told', () => troubles.length > 0)
    assert.match(troubles[0] ?? '', /secret is another one/)
    assert.equal(a.members().length, 2)
  })

  it('refuses to start where no broker is, in words that help', async () => {
    const servers = `127.0.0.1:${String(await freePort())}`
    await assert.rejects(start('a', { servers, connectTimeoutMs: 500 }), {
      code: 'FND_DIAL_FAILED',
      message: /No NATS server answers at 127.0.0.1:\d+ .*start one/,
    })
  })

  it('refuses to start where the broker does not want it, in words that help', async () => {
    const guarded = await startBroker(['--auth', 'open-sesame'])
    try {
      await assert.rejects(start('a', { servers: guarded.url, token: 'wrong' }), {
        code: 'FND_HANDSHAKE_REFUSED',
        message: /refused this node .*check "token"/,
      })
      await start('a', { servers: guarded.url, token: 'open-sesame' })
    } finally {
      await guarded.stop()
    }
  })
})

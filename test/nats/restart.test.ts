/** A broker that is killed and started again under traffic: a gap is told for what is missing, and for nothing else. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { FoundationNode } from '../../src/index.ts'
import { silentLog, sleep, systemHost } from '../../src/kernel/index.ts'
import { startNode } from '../../src/node/index.ts'
import { until } from '../../src/testing/waiting/until.ts'
import { nats } from '../../src/transport/nats/index.ts'
import { hasNatsServer, natsMissing, startBroker, type Broker } from './broker.ts'
import { Tally } from './tally.ts'

/** A broker on a busy machine may take longer to start than a silence is borne by default. */
const patient = { suspectAfterMs: 30_000, downAfterMs: 60_000 }
const rounds = 3

describe('a restart of the broker', { skip: hasNatsServer ? false : natsMissing }, () => {
  let broker: Broker
  const nodes: FoundationNode[] = []
  before(async () => {
    broker = await startBroker()
    for (const name of ['a', 'b', 'c']) {
      const transport = nats({ servers: broker.url })
      const common = { app: 'restart', log: silentLog, membership: patient }
      nodes.push(await startNode({ ...common, name, transport }))
    }
    for (const node of nodes) await node.ready({ minPeers: 2, timeoutMs: 30_000 })
  })
  after(async () => {
    await Promise.all(nodes.map((node) => node.stop()))
    await broker.stop()
  })

  it('is accounted for exactly, on each channel, also on the one the nodes themselves talk on', async (t) => {
    const tally = new Tally()
    for (const node of nodes) await tally.follow(node)
    for (let round = 0; round < rounds; round++) {
      await talk(tally, 50)
      await broker.kill()
      await talk(tally, 50)
      await broker.start()
      await talk(tally, 50)
      await until('every message is accounted for', () => tally.open().length === 0, 45_000).catch(
        () => assert.fail(tally.open().join('\n')),
      )
    }
    // What is told too often shows after that, if at all.
    await talk(tally, 50)
    await until('the last are heard', () => tally.open().length === 0)
    t.diagnostic(`${String(tally.missing)} messages were told lost`)
    assert.deepEqual(tally.open(), [])
    assert.deepEqual(tally.disordered(), [])
  })

  it('lets nobody miss what is subscribed meanwhile', async () => {
    const [a, b] = nodes as [FoundationNode, FoundationNode]
    await broker.kill()
    await until('the loss is known', () => b.monitor.health().status === 'unhealthy')
    const heard: unknown[] = []
    const { ready } = b.pubsub.subscribe('bulk.late', (message) => heard.push(message))
    await broker.start()
    await ready
    await until('it can be said', () => a.monitor.health().status !== 'unhealthy', 30_000)
    await a.pubsub.broadcast('bulk.late', 1)
    await until('it is heard', () => heard.length === 1)
  })

  async function talk(tally: Tally, count: number): Promise<void> {
    for (let at = 0; at < count; at++) {
      tally.say()
      await sleep(systemHost, 2)
    }
  }
})

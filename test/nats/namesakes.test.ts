/** Two nodes of one name and nobody else, on a real broker. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { FoundationNode } from '../../src/index.ts'
import { silentLog } from '../../src/kernel/index.ts'
import { startNode } from '../../src/node/index.ts'
import { until } from '../../src/testing/waiting/until.ts'
import { nats } from '../../src/transport/nats/index.ts'
import { hasNatsServer, natsMissing, startBroker } from './broker.ts'

/** What a machine that does much else may need. */
const patienceMs = 60_000

class Job {
  readonly isHere = true
}

describe('two nodes of one name', { skip: hasNatsServer ? false : natsMissing }, () => {
  it('meet alone: the younger says so and runs nothing until the elder has gone', async () => {
    const broker = await startBroker()
    const started: FoundationNode[] = []
    const start = async (): Promise<FoundationNode> => {
      const transport = nats({ servers: broker.url })
      const options = { app: 'twins', name: 'ada', services: { Job }, log: silentLog }
      const node = await startNode({ ...options, transport })
      started.push(node)
      return node
    }
    const jobOn = (node: FoundationNode): number => node.status().supervisor.local
    try {
      const elder = await start()
      await elder.supervisor.singleton('job', { service: 'Job' })
      const younger = await start()
      const troubles: string[] = []
      younger.on('trouble', ({ error }) => troubles.push(error.code))
      const isRefused = (): boolean => younger.monitor.health().reasons.join().includes('"ada"')
      await until('the younger knows', isRefused, patienceMs)
      assert.equal(younger.monitor.health().status, 'unhealthy')
      assert.ok(troubles.includes('FND_NAME_IN_USE'), troubles.join())
      const another = younger.supervisor.singleton('job', { service: 'Job' })
      await assert.rejects(another, { code: 'FND_NAME_IN_USE' })
      assert.deepEqual([jobOn(elder), jobOn(younger)], [1, 0])
      assert.deepEqual(elder.monitor.health().reasons, [])
      await assert.rejects(elder.connect(elder.self.addresses[0] ?? ''))
      await elder.stop()
      await until('the younger has the name', () => !isRefused(), patienceMs)
      await younger.supervisor.singleton('job', { service: 'Job' })
      assert.equal(jobOn(younger), 1)
    } finally {
      await Promise.all(started.map((node) => node.stop()))
      await broker.stop()
    }
  })

  it('a node alone is itself where it dials its own address', async () => {
    const broker = await startBroker()
    const transport = nats({ servers: broker.url })
    const node = await startNode({ app: 'alone', name: 'ada', transport, log: silentLog })
    try {
      const refused = { details: { reason: 'self', address: node.self.addresses[0] } }
      await assert.rejects(node.connect(node.self.addresses[0] ?? ''), refused)
    } finally {
      await node.stop()
      await broker.stop()
    }
  })
})

import assert from 'node:assert/strict'
import { fork, type ChildProcess } from 'node:child_process'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { FoundationNode } from '../../src/index.ts'
import { silentLog, systemHost } from '../../src/kernel/index.ts'
import { startNode } from '../../src/node/index.ts'
import { until } from '../../src/testing/waiting/until.ts'
import { nats } from '../../src/transport/nats/index.ts'
import { hasNatsServer, natsMissing, startBroker, type Broker } from './broker.ts'

const worker = fileURLToPath(new URL('worker.ts', import.meta.url))
/** The verdict of the default preset, and what a busy machine adds to it. */
const verdictMs = 4_000
const slackMs = 10_000

describe('a process killed without a word', { skip: hasNatsServer ? false : natsMissing }, () => {
  let broker: Broker
  let node: FoundationNode
  const children: ChildProcess[] = []
  before(async () => {
    broker = await startBroker()
    const transport = nats({ servers: broker.url })
    node = await startNode({ app: 'crash', name: 'watcher', transport, log: silentLog })
  })
  after(async () => {
    for (const child of children) child.kill('SIGKILL')
    await node.stop()
    await broker.stop()
  })

  it('is seen by its silence, and calls to it fail; who lives on is not given up', async (t) => {
    const victim = await start('victim')
    await start('other')
    await node.ready({ minPeers: 2, timeoutMs: 30_000 })
    const seen: string[] = []
    const suspected: string[] = []
    node.on('member-down', ({ member }) => seen.push(member.name))
    node.on('member-suspect', ({ member }) => suspected.push(member.name))
    const killedMs = systemHost.nowMs()
    victim.kill('SIGKILL')
    await until('it was seen', () => seen.length > 0, 60_000)
    const tookMs = systemHost.nowMs() - killedMs
    const { multiplier, lastDelayMs } = node.status().membership.localHealth
    t.diagnostic(`seen after ${String(Math.round(tookMs))} ms`)
    assert.deepEqual(seen, ['victim'])
    assert.ok(suspected.includes('victim'))
    assert.ok(tookMs < verdictMs * multiplier + lastDelayMs + slackMs)
    await assert.rejects(node.rpc.call('victim', 'x', 1), { code: 'FND_NODE_DOWN' })
  })

  async function start(name: string): Promise<ChildProcess> {
    const child = fork(worker, [name, broker.url], { silent: true })
    children.push(child)
    let said = ''
    child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()))
    await until(`${name} is ready`, () => said.includes('ready'), 30_000)
    return child
  }
})

/** A node cut off from its broker, while the broker and all others go on. */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { FoundationNode } from '../../src/index.ts'
import { isFoundationError, silentLog, sleep, systemHost } from '../../src/kernel/index.ts'
import { startNode } from '../../src/node/index.ts'
import { until } from '../../src/testing/waiting/until.ts'
import { nats } from '../../src/transport/nats/index.ts'
import { hasNatsServer, natsMissing, startBroker, type Broker } from './broker.ts'
import { Proxy } from './proxy.ts'
import { Tally } from './tally.ts'

const queueMaxBytes = 64 * 1024
/** What a machine that does much else may need. */
const patienceMs = 60_000
const saidMeanwhile = 30

/** Three nodes on one broker, of which `c` reaches it through a proxy. */
interface Scene {
  readonly nodes: readonly [FoundationNode, FoundationNode, FoundationNode]
  readonly proxy: Proxy
}

/** How the node is cut off, by what it knows it, and what each of the others is told lost at least. */
interface Cut {
  readonly cut: () => void
  readonly reason: RegExp
  readonly missedMin: number
}

async function withScene(act: (scene: Scene) => Promise<void>): Promise<void> {
  const broker = await startBroker()
  const proxy = new Proxy(broker.port)
  const started: FoundationNode[] = []
  const start = async (name: string, servers: string): Promise<FoundationNode> => {
    const transport = nats({ servers, queueMaxBytes, windowMaxBytes: queueMaxBytes })
    const node = await startNode({ app: 'cut', name, transport, log: silentLog })
    started.push(node)
    return node
  }
  try {
    const behindProxy = await proxy.start()
    const a = await start('a', broker.url)
    const nodes = [a, await start('b', broker.url), await start('c', behindProxy)] as const
    await all(nodes, 'alive')
    await act({ nodes, proxy })
  } finally {
    proxy.mend()
    await Promise.all(started.map((node) => node.stop()))
    await proxy.stop()
    await (broker satisfies Broker).stop()
  }
}

describe('a node cut off from its broker', { skip: hasNatsServer ? false : natsMissing }, () => {
  it('without a word knows it, is given up by the others, and comes back with everything accounted for', async (t) => {
    await withScene(async (scene) => {
      await tell(t, scene, {
        cut: () => {
          scene.proxy.hold()
        },
        reason: /^cut off: the broker has not answered for \d+ s$/,
        missedMin: 0,
      })
    })
  })

  it('by lost connections knows it, is given up by the others, and is told what it missed', async (t) => {
    await withScene(async (scene) => {
      const [, , c] = scene.nodes
      const degraded: string[] = []
      c.on('class-degraded', (event) => degraded.push(`${event.member} ${event.class}`))
      await tell(t, scene, {
        cut: () => {
          scene.proxy.sever()
        },
        reason: /^cut off: the broker cannot be reached$/,
        missedMin: saidMeanwhile,
      })
      for (const name of ['a control', 'b control', 'a events']) assert.ok(degraded.includes(name))
    })
  })
})

/** What happens whichever way the node is cut off. */
async function tell(
  t: TestContext,
  { nodes, proxy }: Scene,
  { cut, reason, missedMin }: Cut,
): Promise<void> {
  const [a, b, c] = nodes
  const tally = new Tally()
  for (const node of nodes) await tally.follow(node)
  const seen: string[] = []
  for (const node of [a, b]) {
    node.on('member-suspect', ({ member }) => seen.push(`${node.name}: ${member.name} suspect`))
    node.on('member-down', ({ member }) => seen.push(`${node.name}: ${member.name} down`))
  }
  await talk(tally, nodes, 30)
  cut()
  const outcomes = flood(c)
  assert.ok(queuedBytes(c) <= queueMaxBytes, 'what waits is bounded')
  await until(
    'it reports itself cut off',
    () => c.monitor.health().reasons.some((each) => reason.test(each)),
    patienceMs,
  )
  assert.equal(c.monitor.health().status, 'unhealthy')
  await until(
    'the others give it up',
    () => seen.filter((line) => line.endsWith('down')).length === 2,
    patienceMs,
  )
  for (const name of ['a', 'b']) {
    assert.deepEqual(
      seen.filter((line) => line.startsWith(name)),
      [`${name}: c suspect`, `${name}: c down`],
    )
  }
  await until(
    'it has nobody left',
    () => c.members({ status: ['alive', 'suspect'] }).length === 1,
    patienceMs,
  )
  assert.equal((await c.pubsub.broadcast('events.other', 1)).peers, 0, 'and says so')
  await talk(tally, [a, b], saidMeanwhile)
  proxy.mend()
  await all(nodes, 'alive')
  for (const outcome of await outcomes)
    assert.match(outcome, /^(taken|FND_LIMIT_REACHED|FND_TIMED_OUT)$/)
  await talk(tally, nodes, 30)
  await until('all is accounted for', () => tally.open().length === 0, patienceMs).catch(() =>
    assert.fail(tally.open().join('\n')),
  )
  assert.ok(
    (tally.accounts.get('a c events')?.missing ?? 0) >= missedMin,
    'what was said meanwhile is told lost',
  )
  assert.deepEqual(tally.disordered(), [])
  assert.equal(
    c.monitor.health().reasons.find((each) => reason.test(each)),
    undefined,
  )
  t.diagnostic(`${String(tally.missing)} messages were told lost`)
}

/** Says more than the queue holds; what became of each message. */
function flood(node: FoundationNode): Promise<string[]> {
  const message = 'x'.repeat(1_000)
  const said = Array.from({ length: 200 }, async () => {
    try {
      await node.pubsub.broadcast('events.flood', message, { timeoutMs: 20_000 })
      return 'taken'
    } catch (error) {
      return isFoundationError(error) ? error.code : String(error)
    }
  })
  return Promise.all(said)
}

function queuedBytes(node: FoundationNode): number {
  return node.status().links[0]?.classes.events?.queuedBytes ?? 0
}

async function all(nodes: readonly FoundationNode[], status: 'alive'): Promise<void> {
  await until(
    `all are ${status}`,
    () => nodes.every((node) => node.members({ status: [status] }).length === nodes.length),
    patienceMs,
  )
}

async function talk(tally: Tally, nodes: readonly FoundationNode[], count: number): Promise<void> {
  for (let at = 0; at < count; at++) {
    tally.say(nodes)
    await sleep(systemHost, 2)
  }
}

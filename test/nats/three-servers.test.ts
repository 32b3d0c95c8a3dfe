import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { ClusterEvent, FoundationNode } from '../../src/index.ts'
import { silentLog, systemHost } from '../../src/kernel/index.ts'
import { startNode } from '../../src/node/index.ts'
import { until } from '../../src/testing/waiting/until.ts'
import { nats } from '../../src/transport/nats/index.ts'
import { Broker, freePort, hasNatsServer, natsMissing } from './broker.ts'

const names = ['a', 'b', 'c'] as const
/** A client on a busy machine may take longer to change servers than a silence is borne by default. */
const patient = { suspectAfterMs: 30_000, downAfterMs: 60_000 }

/** Counts its instances, over all nodes: they are in one process here. */
class Child {
  static live = 0

  constructor() {
    Child.live += 1
  }

  stop(): void {
    Child.live -= 1
  }
}

/** Three servers that know each other. */
async function threeBrokers(): Promise<Broker[]> {
  const ports = await Promise.all(names.map(() => freePort()))
  const routes = await Promise.all(names.map(() => freePort()))
  const all = routes.map((port) => `nats://127.0.0.1:${String(port)}`)
  const brokers = ports.map((port, at) => {
    const cluster = ['--cluster_name', 'three', '--cluster', all[at] ?? '', '--routes', all.join()]
    return new Broker(port, cluster)
  })
  await Promise.all(brokers.map((broker) => broker.start()))
  return brokers
}

/** Counts what each node says, and checks what the others make of it. */
class Ledger {
  readonly heard = new Map<string, number[]>()
  readonly missing = new Map<string, number>()
  sent = 0

  follow(node: FoundationNode): Promise<void> {
    node.on('gap', ({ from, count }) => {
      const key = `${from} to ${node.name}`
      this.missing.set(key, (this.missing.get(key) ?? 0) + count)
    })
    return node.pubsub.subscribe('events.n', (n, { from }) => {
      const key = `${from} to ${node.name}`
      this.heard.set(key, [...(this.heard.get(key) ?? []), n as number])
    }).ready
  }

  async say(nodes: readonly FoundationNode[]): Promise<void> {
    this.sent += 1
    await Promise.all(nodes.map((node) => node.pubsub.broadcast('events.n', this.sent)))
  }

  /** Streams between two nodes that have neither arrived nor been told lost as a whole. */
  open(): string[] {
    const pairs = names.flatMap((from) => names.map((to) => `${from} to ${to}`))
    return pairs.filter((key) => {
      const count = (this.heard.get(key)?.length ?? 0) + (this.missing.get(key) ?? 0)
      return count < this.sent
    })
  }
}

describe('a cluster on three servers', { skip: hasNatsServer ? false : natsMissing }, () => {
  let brokers: Broker[] = []
  let nodes: FoundationNode[] = []
  before(async () => {
    brokers = await threeBrokers()
    const urls = brokers.map(({ url }) => url)
    nodes = await Promise.all(
      names.map((name, at) => {
        // Each begins with another server, and knows all of them.
        const servers = [...urls.slice(at), ...urls.slice(0, at)]
        const transport = nats({ servers })
        const common = { app: 'three', services: { Child }, log: silentLog, membership: patient }
        return startNode({ ...common, name, transport })
      }),
    )
    for (const node of nodes) await node.ready({ minPeers: 2, timeoutMs: 30_000 })
  })
  after(async () => {
    await Promise.all(nodes.map((node) => node.stop()))
    await Promise.all(brokers.map((broker) => broker.stop()))
  })

  it('loses no member when one is killed under load and comes back, and accounts for every message', async (t) => {
    const ledger = new Ledger()
    const lost: ClusterEvent[] = []
    for (const node of nodes) {
      node.on('member-down', (event) => lost.push(event))
      await ledger.follow(node)
    }
    const [victim] = brokers
    assert.ok(victim)
    await talk(ledger, 300)
    await victim.kill()
    const killedMs = systemHost.nowMs()
    await talk(ledger, 300)
    await until('all are heard again', () => ledger.open().length === 0, 45_000)
    const tookMs = Math.round(systemHost.nowMs() - killedMs)
    t.diagnostic(`all are heard again ${String(tookMs)} ms after the kill`)
    await victim.start()
    await talk(ledger, 300)
    await until('every message is accounted for', () => ledger.open().length === 0, 45_000)
    for (const [key, numbers] of ledger.heard) {
      assert.equal(new Set(numbers).size, numbers.length, `${key}: nothing twice`)
      assert.deepEqual(
        numbers,
        numbers.toSorted((x, y) => x - y),
        `${key}: in order`,
      )
    }
    assert.deepEqual(lost, [])
    for (const node of nodes) assert.equal(node.members({ status: ['alive'] }).length, 3)
  })

  it('loses no acknowledged name and doubles no child meanwhile', async () => {
    const victim = brokers[1]
    assert.ok(victim)
    const [a] = nodes
    assert.ok(a)
    const ids = Array.from({ length: 12 }, (_, at) => `child:${String(at)}`)
    await Promise.all(ids.map((id) => a.supervisor.startChild({ id, service: 'Child' })))
    const acknowledged: string[] = []
    const claiming = (async () => {
      for (let at = 0; at < 120; at++) {
        const node = nodes[at % nodes.length]
        const name = `name-${String(at)}`
        // What is not acknowledged may or may not be there: only promises count.
        await node?.registry.register(name, undefined, { timeoutMs: 4_000 }).then(
          () => acknowledged.push(name),
          () => undefined,
        )
      }
    })()
    await until('claims are under way', () => acknowledged.length >= 10)
    await victim.kill()
    await until('claims go on', () => acknowledged.length >= 60, 30_000)
    await victim.start()
    await claiming
    const isComplete = (): boolean =>
      nodes.every((node) => acknowledged.every((name) => node.registry.lookup(name)))
    await until('every acknowledged name is known everywhere', isComplete, 30_000)
    await until(
      'every child runs',
      () => nodes.every((node) => node.supervisor.count().running === ids.length),
      30_000,
    )
    assert.equal(Child.live, ids.length, 'one instance each')
  })

  async function talk(ledger: Ledger, count: number): Promise<void> {
    for (let at = 0; at < count; at++) await ledger.say(nodes)
  }
})

import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { it, type TestContext } from 'node:test'
import { systemHost } from '../../../kernel/index.ts'
import { until } from '../../../testing/waiting/until.ts'
import { loneContext, PretendedNode } from '../../discovery-kit.test.ts'
import { HttpServer, json, type AskedHttp } from '../../http-server.test.ts'
import type { PollStrategy } from '../../port/port.ts'
import { resolveTopology } from '../../topology.ts'
import { nextIndex, peersOfHealth } from './health.ts'

interface Entry {
  readonly address: string
  readonly meta?: Record<string, string>
}

/** A stand-in for a Consul agent: health with blocking queries, registration, TTL checks. */
class Agent {
  readonly http: HttpServer
  index = 10
  readonly entries = new Map<string, Entry>()
  readonly registered = new Map<string, Record<string, unknown>>()
  passes = 0
  refuseWith = 0
  readonly #waiting = new Set<ServerResponse>()

  private constructor(http: HttpServer) {
    this.http = http
    http.answer = (asked, response) => {
      this.#answer(asked, response)
    }
  }

  static async start(t: TestContext): Promise<Agent> {
    return new Agent(await HttpServer.start(t, () => undefined))
  }

  get queries(): AskedHttp[] {
    return this.http.asked.filter(({ path }) => path.startsWith('/v1/health/'))
  }

  get waiting(): number {
    return this.#waiting.size
  }

  set(id: string, entry: Entry | undefined): void {
    if (entry) this.entries.set(id, entry)
    else this.entries.delete(id)
    this.index += 1
    this.wake()
  }

  /** Answers whoever waits. */
  wake(): void {
    for (const response of this.#waiting) this.#health(response)
    this.#waiting.clear()
  }

  #answer(asked: AskedHttp, response: ServerResponse): void {
    if (this.refuseWith > 0) json(response, 'no', this.refuseWith)
    else if (asked.method === 'PUT') this.#put(asked, response)
    else if (Number(asked.query.get('index')) >= this.index) this.#wait(response)
    else this.#health(response)
  }

  #wait(response: ServerResponse): void {
    this.#waiting.add(response)
    response.on('close', () => this.#waiting.delete(response))
  }

  #health(response: ServerResponse): void {
    response.setHeader('x-consul-index', String(this.index))
    const list = [...this.entries].map(([id, { address, meta = {} }]) => ({
      Node: { Node: 'machine', Address: '10.9.9.9' },
      Service: { ID: id, Service: 'shop', Address: address, Port: 7000, Meta: meta },
    }))
    json(response, list)
  }

  #put({ path, body }: AskedHttp, response: ServerResponse): void {
    const id = decodeURIComponent(path.split('/').at(-1) ?? '')
    if (path === '/v1/agent/service/register') {
      const entry = JSON.parse(body) as Record<string, unknown>
      this.registered.set(String(entry.ID), entry)
    } else if (path.startsWith('/v1/agent/service/deregister/')) this.registered.delete(id)
    else if (!this.registered.has(id.replace(/^service:/, ''))) {
      json(response, 'Unknown check ID', 404)
      return
    } else this.passes += 1
    json(response, '')
  }
}

function nodeOf(t: TestContext, agent: Agent, config: Record<string, unknown> = {}): PretendedNode {
  const all = { service: 'shop', url: agent.http.url, pollIntervalMs: 20, ...config }
  const self = { incarnation: '7' }
  const node = new PretendedNode({ lan: { strategy: 'consul', config: all } }, { self })
  t.after(() => node.discovery.stop())
  node.discovery.start()
  return node
}

it('consul: asks once, then waits for changes; newcomers are dialled at once', async (t) => {
  const agent = await Agent.start(t)
  agent.set('a', { address: '10.0.0.1' })
  const node = nodeOf(t, agent, { tag: 'blue', datacenter: 'dc2', token: 'hush', waitMs: 30_000 })
  await until('it waits', () => agent.waiting === 1)
  assert.deepEqual(node.dials, ['10.0.0.1:7000'])
  const [plain, blocking] = agent.queries
  assert.equal(plain?.path, '/v1/health/service/shop')
  const { passing, tag, dc } = Object.fromEntries(plain.query) as Record<string, string>
  assert.deepEqual([passing, tag, dc, plain.query.get('index')], ['1', 'blue', 'dc2', null])
  assert.equal(plain.headers['x-consul-token'], 'hush')
  assert.equal(blocking?.query.get('index'), '11')
  assert.equal(blocking.query.get('wait'), '30000ms')
  const lookups = node.eventsOf('lookup').length
  await until('more lookups', () => node.eventsOf('lookup').length > lookups + 5)
  assert.equal(agent.queries.length, 2, 'lookups while it waits ask nothing')
  agent.set('b', { address: '10.0.0.2' })
  await until('b is dialled', () => node.dials.includes('10.0.0.2:7000'))
  assert.ok(!JSON.stringify(node.discovery.status()).includes('hush'))
  await until('it waits again', () => agent.waiting === 1)
  agent.set('a', undefined)
  const isMissing = (): boolean =>
    node.discovery
      .status()[0]
      ?.peers.some((one) => one.id === '10.0.0.1:7000' && one.missedLookups > 0) ?? false
  await until('a is missing', isMissing)
  assert.deepEqual(node.disconnects, [])
})

it('consul: a query that is cut or refused is followed by a plain one, and forgets nobody', async (t) => {
  const agent = await Agent.start(t)
  agent.set('a', { address: '10.0.0.1' })
  const node = nodeOf(t, agent)
  await until('it waits', () => agent.waiting === 1)
  agent.http.cut()
  await until('it asks and waits again', () => agent.queries.length >= 3 && agent.waiting === 1)
  agent.refuseWith = 500
  agent.http.cut()
  await until('it failed', () => node.eventsOf('lookup-failed').length > 0)
  const [status] = node.discovery.status()
  assert.match(status?.lastError?.message ?? '', /\/v1\/health\/service\/shop answered 500/)
  assert.equal(status?.peers.length, 1)
  agent.refuseWith = 0
  node.discovery.refresh()
  await until('it waits again', () => agent.waiting === 1)
  assert.equal(agent.queries.at(-2)?.query.get('index'), null)
  assert.deepEqual(node.disconnects, [])
})

it('consul: what registered itself is known by name, and other clusters are dropped', async (t) => {
  const agent = await Agent.start(t)
  const meta = (node: string, cluster: string): Record<string, string> => ({
    'foundation-node': node,
    'foundation-cluster': cluster,
    'foundation-incarnation': '7',
  })
  agent.set('b', { address: '10.0.0.2', meta: meta('b', 'shop') })
  agent.set('x', { address: '10.0.0.3', meta: meta('x', 'other') })
  agent.set('self', { address: '10.0.0.4', meta: meta('a', 'shop') })
  const node = nodeOf(t, agent)
  await until('b is dialled', () => node.dials.length > 0)
  await until('it waits', () => agent.waiting === 1)
  assert.deepEqual(node.dials, ['10.0.0.2:7000'])
  assert.deepEqual(node.seen.toSorted(), ['a', 'b'])
})

it('consul: registers when asked to, before the first lookup, and takes it back at stop', async (t) => {
  const agent = await Agent.start(t)
  const node = nodeOf(t, agent, { register: true, tags: ['blue'], ttlMs: 30_000 })
  await until('it looked up', () => node.eventsOf('lookup').length > 0)
  const entry = agent.registered.get('foundation-a')
  assert.ok(entry)
  assert.deepEqual([entry.Name, entry.Tags], ['shop', ['blue']])
  assert.deepEqual([entry.Address, entry.Port], ['127.0.0.1', 4001])
  assert.equal((entry.Meta as Record<string, string>)['foundation-node'], 'a')
  const check = entry.Check as Record<string, string>
  assert.deepEqual([check.TTL, check.Status], ['30000ms', 'passing'])
  assert.equal(agent.http.asked[0]?.path, '/v1/agent/service/register')
  await node.discovery.stop()
  assert.equal(agent.registered.size, 0)
})

it('consul: keeps its check passing, and registers anew with an agent that forgot it', async (t) => {
  const agent = await Agent.start(t)
  let shiftMs = 0
  const host = { ...systemHost, nowMs: () => systemHost.nowMs() + shiftMs }
  const { context, stop } = loneContext({ host })
  t.after(() => {
    stop.abort()
  })
  const config = { service: 'shop', url: agent.http.url, register: true, ttlMs: 30_000 }
  const strategy = resolveTopology('t', { strategy: 'consul', config }).strategy as PollStrategy
  const { signal } = new AbortController()
  await strategy.register?.(context, signal)
  await strategy.lookup(context, signal)
  assert.equal(agent.passes, 0)
  shiftMs += 10_001
  await strategy.lookup(context, signal)
  await strategy.lookup(context, signal)
  assert.equal(agent.passes, 1)
  agent.registered.clear()
  shiftMs += 10_001
  await strategy.lookup(context, signal)
  assert.equal(agent.registered.size, 1)
  agent.refuseWith = 403
  shiftMs += 10_001
  await assert.rejects(strategy.lookup(context, signal), /keep the check.*service:write/)
})

it('consul: an index that goes back begins anew, one that is gone ends the waiting', () => {
  assert.equal(nextIndex(10, 12), 12)
  assert.equal(nextIndex(10, 10), 10)
  assert.equal(nextIndex(10, 3), 1)
  assert.equal(nextIndex(10, undefined), undefined)
})

it('consul: an instance without an address is at its machine; the rest is passed over', () => {
  const machine = { Address: '10.9.9.9' }
  const found = peersOfHealth([
    { Node: machine, Service: { Address: '', Port: 0 } },
    { Node: machine, Service: { Address: 'fd00::1', Port: 7 } },
    { Node: {}, Service: {} },
    null,
  ])
  assert.deepEqual(found, [{ host: '10.9.9.9' }, { host: 'fd00::1', port: 7 }])
  assert.throws(() => peersOfHealth({ error: 1 }), /no list of instances/)
})

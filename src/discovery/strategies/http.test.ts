import assert from 'node:assert/strict'
import { it } from 'node:test'
import { toError } from '../../kernel/index.ts'
import { until } from '../../testing/waiting/until.ts'
import { loneContext, PretendedNode } from '../discovery-kit.test.ts'
import { HttpServer, json } from '../http-server.test.ts'
import type { LookupResult } from '../port/port.ts'
import { resolveTopology } from '../topology.ts'

function look(strategyName: string, config: Record<string, unknown>): Promise<LookupResult> {
  const { strategy } = resolveTopology('t', { strategy: strategyName, config })
  assert.equal(strategy.kind, 'poll')
  return strategy.lookup(loneContext().context, new AbortController().signal)
}

const failureOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'resolved',
    (error: unknown) => toError(error).message,
  )

it('http: reads strings and objects, bare or under "peers", and sends its headers', async (t) => {
  const list: unknown = [
    '10.0.0.1:7000',
    '[fd00::1]:7000',
    { host: 'c.test', port: 7, nodeName: 'c' },
  ]
  const server = await HttpServer.start(t, (_, response) => {
    json(response, list)
  })
  const config = { url: `${server.url}/nodes?of=shop`, headers: { 'X-Api-Key': 'k' } }
  const expected = [
    { host: '10.0.0.1', port: 7000 },
    { host: 'fd00::1', port: 7000 },
    { host: 'c.test', port: 7, nodeName: 'c' },
  ]
  assert.deepEqual(await look('http', config), { peers: expected, complete: true })
  server.answer = (_, response) => {
    json(response, { peers: list })
  }
  const found = await look('http', { ...config, complete: false })
  assert.deepEqual(found, { peers: expected, complete: false })
  const [asked] = server.asked
  assert.deepEqual([asked?.path, asked?.query.get('of')], ['/nodes', 'shop'])
  assert.equal(asked?.headers['x-api-key'], 'k')
})

it('http: every other answer is a failure in words that hold no secret', async (t) => {
  const server = await HttpServer.start(t, (_, response) => {
    json(response, 'no', 503)
  })
  const url = `${server.url.replace('//', '//me:hush@')}/nodes?token=hush`
  const shown = `${server.url}/nodes`
  assert.equal(await failureOf(look('http', { url })), `${shown} answered 503`)
  server.answer = (_, response) => {
    response.writeHead(302, { location: 'https://elsewhere.test/x?token=hush' }).end()
  }
  const redirect = `${shown} answered 302; it redirects to https://elsewhere.test/x, which is not followed`
  assert.equal(await failureOf(look('http', { url })), redirect)
  server.answer = (_, response) => {
    response.end('[')
  }
  assert.equal(await failureOf(look('http', { url })), `${shown} did not answer in JSON`)
  server.answer = (_, response) => {
    json(response, { nodes: [] })
  }
  assert.match(await failureOf(look('http', { url })), /neither a JSON list nor/)
  server.answer = (_, response) => {
    response.end('x'.repeat(17 * 1_024 * 1_024))
  }
  assert.match(await failureOf(look('http', { url })), /more than 16777216 bytes/)
  server.answer = (_, response) => {
    response.write('[')
    setImmediate(() => {
      response.destroy()
    })
  }
  assert.match(await failureOf(look('http', { url })), /aborted|hang up/)
})

it('http: a connection that the server closed while it was kept is no failure', async (t) => {
  const server = await HttpServer.start(t, (_, response) => {
    json(response, [])
  })
  for (let round = 0; round < 20; round++) {
    assert.deepEqual(await look('http', { url: server.url }), { peers: [], complete: true })
    server.cut()
  }
})

it('http: unusable entries are counted, and make the list incomplete; failures forget nobody', async (t) => {
  let document: unknown = ['10.0.0.1:7000', '10.0.0.2:7000']
  const server = await HttpServer.start(t, (_, response) => {
    json(response, document, document === undefined ? 500 : 200)
  })
  const config = { url: server.url, pollIntervalMs: 20 }
  const topology = { strategy: 'http', config, prune: 'immediate' as const }
  const node = new PretendedNode({ lan: topology })
  t.after(() => node.discovery.stop())
  node.discovery.start()
  await until('both are connected', () => node.connected.size === 2)
  document = undefined
  const failed = (): number => node.eventsOf('lookup-failed').length
  await until('it failed', () => failed() > 0)
  assert.equal(node.connected.size, 2)
  document = ['10.0.0.1:7000', 'not an address', 17, { port: 3 }]
  node.discovery.refresh()
  await until('a good list again', () => node.eventsOf('lookup').at(-1)?.complete === false)
  const [status] = node.discovery.status()
  assert.ok(Number(status?.rejectedHints) >= 3)
})

it('http: refuses what is no URL and headers that are no strings', () => {
  const refusal = (config: Record<string, unknown>) => (): unknown =>
    resolveTopology('t', { strategy: 'http', config })
  const url = 'http://a'
  assert.throws(refusal({}), /"topologies\.t\.config\.url" is required: expected a URL/)
  assert.throws(refusal({ url: 'ftp://a' }), /expected a URL that begins with http/)
  assert.throws(refusal({ url, headers: { a: 1 } }), /expected an object of strings/)
  assert.throws(refusal({ url, headers: [] }), /expected an object of strings/)
})

it('rancher: gives the containers of this service that run', async (t) => {
  const containers = [
    { name: 'a', primary_ip: '10.42.0.1', ips: ['10.42.0.1'], state: 'running' },
    { name: 'b', ips: ['10.42.0.2', '10.42.0.9'] },
    { name: 'c', primary_ip: '10.42.0.3', state: 'stopped' },
    { name: 'd', state: 'starting' },
    null,
  ]
  const server = await HttpServer.start(t, (asked, response) => {
    if (asked.path === '/latest/self/service') json(response, { name: 'shop', containers })
    else json(response, {}, 404)
  })
  const found = await look('rancher', { url: server.url, port: 7000 })
  const hosts = [
    { host: '10.42.0.1', port: 7000 },
    { host: '10.42.0.2', port: 7000 },
  ]
  assert.deepEqual(found, { peers: hosts, complete: true })
  assert.equal(server.asked[0]?.headers.accept, 'application/json')
  server.answer = (_, response) => {
    json(response, { code: 404 })
  }
  assert.match(await failureOf(look('rancher', { url: server.url })), /no "containers"/)
})

import assert from 'node:assert/strict'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import express from 'express'
import fastify from 'fastify'
import type { MemoryNodeOptions } from '../../src/testing/index.ts'
import type { FoundationNode } from '../../src/node/index.ts'
import { healthHandler, healthPlugin, type HealthOptions } from '../../src/integrations/http.ts'
import { ground, needs } from '../ground/ground.ts'

/** Runs with a node that has one peer. */
async function withNode(
  work: (node: FoundationNode) => Promise<void>,
  options: MemoryNodeOptions = {},
): Promise<void> {
  await using network = await ground.openNetwork({ time: 'real' })
  const node = await network.startNode({ ...options, name: 'a' })
  await network.startNode({ name: 'b' })
  await node.ready({ minPeers: 1, timeoutMs: 20_000 })
  await work(node)
}

async function listening(listener: RequestListener): Promise<{ url: string } & AsyncDisposable> {
  const server: Server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${String(port)}`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => {
          resolve()
        })
      }),
  }
}

async function asked(url: string, method = 'GET'): Promise<[number, Record<string, unknown>]> {
  const response = await fetch(url, { method })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.startsWith('application/json') ?? false
  const body = isJson && text !== '' ? (JSON.parse(text) as Record<string, unknown>) : {}
  return [response.status, body]
}

const servers: Record<
  string,
  (node: FoundationNode, options?: HealthOptions) => Promise<{ url: string } & AsyncDisposable>
> = {
  'node:http': (node, options) => listening(healthHandler(node, options)),
  express: (node, options) => {
    const app = express()
    app.use(healthHandler(node, options))
    app.get('/', (_, response) => {
      response.json({ app: true })
    })
    return listening(app)
  },
  fastify: async (node, options) => {
    const app = fastify()
    await app.register(healthPlugin(node, options))
    app.get('/', () => ({ app: true }))
    const url = await app.listen({ host: '127.0.0.1', port: 0 })
    return { url, [Symbol.asyncDispose]: () => app.close() }
  },
}

for (const [name, serve] of Object.entries(servers)) {
  describe(`health over ${name}`, needs(), () => {
    it('is alive, ready, and shows the cluster', () =>
      withNode(async (node) => {
        await using server = await serve(node)
        const [alive, { state }] = await asked(`${server.url}/livez`)
        assert.deepEqual([alive, state], [200, 'running'])
        const [ready, answer] = await asked(`${server.url}/readyz?verbose`)
        const expected = { node: 'a', ready: true, health: 'healthy', peers: 1, reasons: [] }
        assert.deepEqual([ready, answer], [200, expected])
        const [status, snapshot] = await asked(`${server.url}/health`)
        assert.equal(status, 200)
        assert.deepEqual(
          (snapshot['members'] as { name: string }[]).map((one) => one.name),
          ['a', 'b'],
        )
      }))

    it('is not ready without its peers', () =>
      withNode(async (node) => {
        await using server = await serve(node, { minPeers: 2, prefix: '/internal' })
        const [status, { reasons }] = await asked(`${server.url}/internal/readyz`)
        assert.deepEqual([status, reasons], [503, ['1 of 2 peers']])
      }))

    it('is not ready while unhealthy, and not alive once stopped', () =>
      withNode(
        async (node) => {
          await using server = await serve(node)
          const [status, { reasons }] = await asked(`${server.url}/readyz`)
          assert.deepEqual([status, reasons], [503, ['2 of 9 expected members']])
          assert.equal((await asked(`${server.url}/livez`))[0], 200)
          await node.stop()
          assert.equal((await asked(`${server.url}/livez`))[0], 503)
        },
        { monitor: { expectedMembers: 9 } },
      ))

    it('answers HEAD, and leaves other paths to others', () =>
      withNode(async (node) => {
        await using server = await serve(node)
        assert.deepEqual(await asked(`${server.url}/readyz`, 'HEAD'), [200, {}])
        const [status, body] = await asked(`${server.url}/`)
        assert.deepEqual(
          [status, body],
          name === 'node:http' ? [404, { error: 'not found' }] : [200, { app: true }],
        )
        assert.equal((await asked(`${server.url}/constructor`))[0], 404)
      }))
  })
}

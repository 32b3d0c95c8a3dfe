import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { describeStrategy } from '../testing/describe-strategy.ts'
import { freeUdpPort } from './discovery-kit.test.ts'
import type { LookupResult } from './port/port.ts'
import type { HttpResponse } from './port/ports.ts'
import { systemPorts } from './ports/system-ports.ts'

const folder = await mkdtemp(join(tmpdir(), 'foundation-test-'))
after(() => rm(folder, { recursive: true, force: true }))

const head = { status: 200, headers: {} }

function answer(document: unknown): Promise<HttpResponse> {
  return Promise.resolve({ ...head, body: JSON.stringify(document) })
}

/** A stream that says nothing and ends with its request. */
async function* silence(signal: AbortSignal): AsyncGenerator<Uint8Array> {
  await once(signal, 'abort')
  yield new Uint8Array()
}

class Mine {
  lookup(): Promise<LookupResult> {
    return Promise.resolve({ peers: [{ host: '10.0.0.1', port: 7000 }], complete: true })
  }
}

describeStrategy('static', () => ({
  topology: { strategy: 'static', config: { hosts: ['10.0.0.1:7000', '[fe80::1]:7000'] } },
}))
describeStrategy('local', () => ({ topology: { strategy: 'local', config: { folder } } }))
describeStrategy('gossip', async () => ({
  topology: { strategy: 'gossip', config: { port: await freeUdpPort() } },
}))
describeStrategy('mdns', async () => ({
  topology: { strategy: 'mdns', config: { port: await freeUdpPort() } },
}))
describeStrategy('dns', () => ({ topology: { strategy: 'dns', config: { query: 'localhost' } } }))
describeStrategy('kubernetes', () => ({
  topology: {
    strategy: 'kubernetes',
    config: { labelSelector: 'app=shop', serviceAccountFolder: folder },
  },
  context: {
    ports: {
      ...systemPorts,
      readText: () => Promise.resolve('text'),
      request: () => answer({ items: [], metadata: { resourceVersion: '1' } }),
      openStream: ({ signal }) => Promise.resolve({ ...head, chunks: silence(signal) }),
    },
  },
}))
describeStrategy('consul', () => ({
  topology: { strategy: 'consul', config: { service: 'shop' } },
  context: { ports: { ...systemPorts, request: () => answer([]) } },
}))
describeStrategy('http', () => ({
  topology: { strategy: 'http', config: { url: 'http://nodes.test/' } },
  context: { ports: { ...systemPorts, request: () => answer({ peers: ['10.0.0.1:7000'] }) } },
}))
describeStrategy('rancher', () => ({
  topology: { strategy: 'rancher' },
  context: { ports: { ...systemPorts, request: () => answer({ containers: [] }) } },
}))
describeStrategy('file', async () => {
  const path = join(folder, 'hosts.json')
  await writeFile(path, '["10.0.0.1:7000", { "host": "b.example", "port": 7000, "nodeName": "b" }]')
  return { topology: { strategy: 'file', config: { path } } }
})
describeStrategy('exec', () => {
  const command = [process.execPath, '-e', 'console.log("10.0.0.1:7000 b.example")']
  return { topology: { strategy: 'exec', config: { command } } }
})
describeStrategy(Mine)

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { describeStrategy } from '../testing/describe-strategy.ts'
import { freeUdpPort } from './discovery-kit.test.ts'
import type { LookupResult } from './port/port.ts'

const folder = await mkdtemp(join(tmpdir(), 'foundation-test-'))
after(() => rm(folder, { recursive: true, force: true }))

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
describeStrategy('a class of a user', () => ({ topology: { strategy: Mine } }))

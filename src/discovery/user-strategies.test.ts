import assert from 'node:assert/strict'
import { it } from 'node:test'
import { FoundationError, isFoundationError, sleep, systemHost } from '../kernel/index.ts'
import { peer, World } from './discovery-world.test.ts'
import type { LookupResult } from './port/port.ts'

it('Discovery: strategies of users: a push strategy that cannot start is tried again', async () => {
  let attempts = 0
  class Flaky {
    start(): Promise<void> {
      attempts += 1
      return attempts < 3 ? Promise.reject(new Error('not yet')) : Promise.resolve()
    }
    stop(): Promise<void> {
      return Promise.reject(new Error('will not'))
    }
  }
  const world = new World()
  const node = world.nodeOf({ strategy: Flaky })
  node.discovery.start()
  await world.clock.advance(10)
  assert.equal(node.discovery.status()[0]?.health.state, 'degraded')
  await world.clock.advance(60_000)
  assert.equal(attempts, 3)
  assert.equal(node.discovery.status()[0]?.health.state, 'ok')
  await node.discovery.stop()
})

it('Discovery: strategies of users: why a push strategy cannot start is told by its code', async () => {
  class Lacking {
    start(): Promise<void> {
      return Promise.reject(new FoundationError('FND_PACKAGE_MISSING', 'run: npm install it'))
    }
    stop(): Promise<void> {
      return Promise.resolve()
    }
  }
  const world = new World()
  const node = world.nodeOf({ strategy: Lacking })
  node.discovery.start()
  await world.clock.advance(10)
  assert.equal(node.discovery.status()[0]?.lastError?.code, 'FND_PACKAGE_MISSING')
  await node.discovery.stop()
})

it('Discovery: strategies of users: a class that cannot be made is refused, with the reason', () => {
  class Broken {
    constructor() {
      throw new TypeError('no such region')
    }
    lookup(): Promise<LookupResult> {
      return Promise.resolve({ peers: [], complete: true })
    }
  }
  assert.throws(
    () => new World().nodeOf({ strategy: Broken }),
    (error) => isFoundationError(error) && /topologies\.lan.*no such region/.test(error.message),
  )
})

it('Discovery: strategies of users: register runs before the first lookup until it succeeds, deregister at stop', async () => {
  const calls: string[] = []
  class Registering {
    register(): Promise<void> {
      calls.push('register')
      return calls.length === 1 ? Promise.reject(new Error('no')) : Promise.resolve()
    }
    lookup(): Promise<LookupResult> {
      calls.push('lookup')
      return Promise.resolve({ peers: [], complete: true })
    }
    deregister(): Promise<void> {
      calls.push('deregister')
      return Promise.resolve()
    }
  }
  const world = new World()
  const node = world.nodeOf({ strategy: Registering, config: { pollIntervalMs: 1_000 } })
  node.discovery.start()
  await world.clock.advance(4_000)
  await node.discovery.stop()
  assert.deepEqual(calls.slice(0, 3), ['register', 'register', 'lookup'])
  assert.equal(calls.at(-1), 'deregister')
  assert.equal(calls.filter((call) => call === 'register').length, 2)
})

it('Discovery: strategies of users: a stop that hangs is left behind after its deadline', async () => {
  class Hanging {
    start(): Promise<void> {
      return Promise.resolve()
    }
    stop(): Promise<void> {
      return new Promise(() => undefined)
    }
  }
  const world = new World()
  const node = world.nodeOf({ strategy: Hanging })
  node.discovery.start()
  await world.clock.advance(10)
  const stopped = node.discovery.stop()
  await world.clock.advance(2_100)
  await stopped
})

it('Discovery: strategies of users: shows its status as plain JSON without secrets', async () => {
  class Mine {
    lookup(): Promise<LookupResult> {
      return Promise.resolve({ peers: [peer('b')], complete: true })
    }
  }
  const world = new World()
  const config = {
    apiToken: 'hush-1',
    url: 'https://me:hush-2@host/',
    nested: { secret: 'hush-3' },
  }
  const node = world.nodeOf({ strategy: Mine, config })
  node.discovery.start()
  await world.clock.advance(10)
  const text = JSON.stringify(node.discovery.status())
  assert.ok(!text.includes('hush'), text)
  const [status] = node.discovery.status()
  assert.ok(status)
  assert.equal(status.peers[0]?.provenance, 'lan')
  assert.equal(status.peers[0].isConnected, true)
  assert.ok(Number(status.nextPollInMs) > 0)
  assert.deepEqual(JSON.parse(text), node.discovery.status())
  await node.discovery.stop()
})

it('Discovery: strategies of users: a start that hangs does not hold up the stop', async () => {
  class Hanging {
    start(): Promise<void> {
      return new Promise(() => undefined)
    }
    stop(): Promise<void> {
      return Promise.resolve()
    }
  }
  const world = new World()
  const node = world.nodeOf({ strategy: Hanging })
  node.discovery.start()
  await world.clock.advance(10)
  const stopped = node.discovery.stop().then(() => 'stopped')
  await world.clock.advance(2_100)
  assert.equal(await Promise.race([stopped, sleep(systemHost, 100)]), 'stopped')
})

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { peer, World } from './discovery-world.test.ts'
import type { LookupResult, PeerHint } from './port/port.ts'

it('Discovery: the loop: looks up at once, without blocking start, and then every interval with jitter', async () => {
  const world = new World()
  const node = world.node({ pollIntervalMs: 1_000 })
  node.discovery.start()
  assert.equal(world.lookups, 0)
  await world.clock.advance(0)
  assert.equal(world.lookups, 1)
  await world.clock.advance(60_000)
  assert.ok(world.lookups >= 50 && world.lookups <= 75, String(world.lookups))
  const gaps = world.lookupTimes.slice(1).map((at, index) => at - (world.lookupTimes[index] ?? 0))
  assert.ok(Math.min(...gaps) >= 800 && Math.max(...gaps) <= 1_200)
  assert.ok(new Set(gaps).size > 10)
  await node.discovery.stop()
})

it('Discovery: the loop: never overlaps lookups and gives up on one that takes too long', async () => {
  const world = new World()
  world.answer = () => new Promise(() => undefined)
  const node = world.node({ pollIntervalMs: 100, lookupTimeoutMs: 5_000 })
  node.discovery.start()
  await world.clock.advance(4_900)
  assert.equal(world.lookups, 1)
  await world.clock.advance(200)
  assert.equal(node.eventsOf('lookup-failed').length, 1)
  assert.match(node.eventsOf('lookup-failed')[0]?.message ?? '', /took longer than 5000 ms/)
  assert.ok(world.lastSignal?.aborted)
  await node.discovery.stop()
})

it('Discovery: the loop: waits twice as long after each failure in a row, up to 30 s, and is quick again after success', async () => {
  const world = new World()
  world.answer = () => Promise.reject(Object.assign(new Error('no'), { code: 'ESERVFAIL' }))
  const node = world.node({ pollIntervalMs: 1_000 })
  node.discovery.start()
  await world.clock.advance(300_000)
  const gaps = world.lookupTimes.slice(1).map((at, index) => at - (world.lookupTimes[index] ?? 0))
  assert.ok((gaps[0] ?? 0) >= 1_600 && (gaps[0] ?? 0) <= 2_400)
  assert.ok((gaps.at(-1) ?? 0) >= 24_000 && Math.max(...gaps) <= 36_000)
  assert.equal(node.discovery.status()[0]?.lastError?.code, 'ESERVFAIL')
  assert.equal(node.discovery.status()[0]?.health.state, 'degraded')
  world.answer = () => Promise.resolve({ peers: [], complete: true })
  node.discovery.refresh()
  await world.clock.advance(1_300)
  assert.equal(node.discovery.status()[0]?.health.state, 'ok')
  const before = world.lookups
  await world.clock.advance(10_000)
  assert.ok(world.lookups - before >= 7)
  await node.discovery.stop()
})

it('Discovery: the loop: refresh looks up now, and once more when a lookup is running', async () => {
  const world = new World()
  const node = world.node({ pollIntervalMs: 60_000 })
  node.discovery.start()
  await world.clock.advance(10)
  node.discovery.refresh('lan')
  await world.clock.advance(10)
  assert.equal(world.lookups, 2)
  let finish = (): void => undefined
  world.answer = () =>
    new Promise((resolve) => {
      finish = () => {
        resolve({ peers: [], complete: true })
      }
    })
  node.discovery.refresh()
  await world.clock.advance(10)
  node.discovery.refresh()
  finish()
  await world.clock.advance(10)
  assert.equal(world.lookups, 4)
  assert.throws(() => {
    node.discovery.refresh('wan')
  }, /No topology is called "wan"/)
  await node.discovery.stop()
})

it('Discovery: the loop: a lookup that gives junk has failed; unusable hints are left out and counted', async () => {
  const world = new World()
  const node = world.node({})
  for (const junk of [undefined, null, [], 'a', { peers: 'a' }, 7]) {
    world.answer = () => Promise.resolve(junk as unknown as LookupResult)
    node.discovery.refresh()
    node.discovery.start()
    await world.clock.advance(40_000)
    assert.ok(node.eventsOf('lookup').length === 0, JSON.stringify(junk))
  }
  const bad = [{ host: '' }, { host: 'a b' }, { host: 'x', port: 0 }, { host: 'x', port: 70_000 }]
  world.answer = () =>
    Promise.resolve({ peers: [...bad, null, peer('b')] as PeerHint[], complete: true })
  await world.clock.advance(40_000)
  assert.deepEqual(new Set(node.seen), new Set(['b']))
  assert.ok((node.discovery.status()[0]?.rejectedHints ?? 0) >= 5)
  await node.discovery.stop()
})

it('Discovery: the loop: a lookup that throws before it returns a promise has failed as well', async () => {
  const world = new World()
  world.answer = () => {
    throw new TypeError('at once')
  }
  const node = world.node({})
  node.discovery.start()
  await world.clock.advance(10)
  assert.match(node.eventsOf('lookup-failed')[0]?.message ?? '', /at once/)
  await node.discovery.stop()
})

it('Discovery: the loop: a disabled topology is shown and not started; stop is final and leaves no timer', async () => {
  const world = new World()
  const node = world.node({}, { enabled: false })
  node.discovery.start()
  await world.clock.advance(60_000)
  assert.equal(world.lookups, 0)
  assert.equal(node.discovery.status()[0]?.state, 'disabled')
  const other = world.node({})
  other.discovery.start()
  other.discovery.start()
  await world.clock.advance(10)
  await Promise.all([other.discovery.stop(), other.discovery.stop()])
  const { events } = world.clock
  other.discovery.start()
  await world.clock.advance(60_000)
  assert.equal(world.clock.events, events)
})

/** Several nodes under virtual time: names in use, delays of the node's own, and waiting. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FoundationError } from '../kernel/index.ts'
import type { NodeIdentity } from '../transport/index.ts'
import { TestCluster, type TestNode } from './cluster-kit.test.ts'
import { observerRole } from './members/member.ts'

const nameInUse = (error: unknown): boolean =>
  error instanceof FoundationError && error.code === 'FND_NAME_IN_USE'

describe('Membership: one name, two nodes', () => {
  it('refuses the second and leaves the first undisturbed', async () => {
    const cluster = new TestCluster()
    const [a, b] = await cluster.mesh('a', 'b')
    const second = await cluster.node('b', { place: 'elsewhere' })
    const ready = assert.rejects(second.membership.ready({ minPeers: 1 }), nameInUse)
    second.membership.propose(a?.address ?? '', 'seeds')
    second.membership.propose(b?.address ?? '', 'seeds')
    await cluster.advance(60_000)
    await ready
    await assert.rejects(second.membership.ready(), nameInUse)
    assert.deepEqual(second.events, ['trouble FND_NAME_IN_USE'])
    assert.deepEqual(a?.events, ['member-up b'])
    assert.deepEqual(b?.events, ['member-up a'])
    assert.equal(a.membership.member('b')?.incarnation, b.incarnation)
  })

  it('tells the younger one also when the older one dials it, and only the younger', async () => {
    const cluster = new TestCluster()
    const older = await cluster.node('b', { place: 'one' })
    const younger = await cluster.node('b', { place: 'two' })
    const identityOf = ({ membership }: TestNode): NodeIdentity => ({
      ...membership.self,
      cluster: 'test',
    })
    assert.equal(younger.membership.handlers.admit(identityOf(older)), 'rejected')
    assert.equal(older.membership.handlers.admit(identityOf(younger)), 'name_in_use')
    assert.deepEqual(younger.events, ['trouble FND_NAME_IN_USE'])
    assert.deepEqual(older.events, [])
    await assert.rejects(younger.membership.ready(), nameInUse)
  })

  it('lets the second in once the first is gone', async () => {
    const cluster = new TestCluster()
    const [a] = await cluster.mesh('a', 'b')
    const second = await cluster.node('b', { place: 'elsewhere' })
    second.membership.propose(a?.address ?? '', 'seeds')
    await cluster.advance(5_000)
    cluster.kill('b')
    await cluster.advance(45_000)
    assert.equal(a?.membership.member('b')?.incarnation, second.incarnation)
    assert.ok(await cluster.during(second.membership.ready({ minPeers: 1 })))
  })
})

describe('Membership: a node that is held up', () => {
  it('accuses nobody when it was blocked for less than others endure', async () => {
    const cluster = new TestCluster()
    const [a, b, c] = await cluster.mesh('a', 'b', 'c')
    cluster.clock.pause('a', 3_500)
    await cluster.advance(20_000)
    assert.deepEqual(a?.events.toSorted(), ['member-up b', 'member-up c'])
    assert.ok(b?.events.every((event) => !event.startsWith('member-down')))
    assert.deepEqual(
      [b?.is('alive'), c?.is('alive')],
      [
        ['a', 'c'],
        ['a', 'b'],
      ],
    )
  })

  it('accuses nobody when it was stopped for 10 s, and is up again with the others', async () => {
    const cluster = new TestCluster()
    const [a, b] = await cluster.mesh('a', 'b', 'c')
    cluster.clock.pause('a', 10_000)
    await cluster.advance(40_000)
    assert.deepEqual(a?.events.toSorted(), ['member-up b', 'member-up c'])
    const seen = b?.events.filter((event) => event.includes(' a'))
    assert.deepEqual(seen, [
      'member-up a',
      'member-suspect a (silent)',
      'member-down a (unreachable)',
      'member-up a',
    ])
    assert.equal(b?.membership.member('a')?.incarnation, a.incarnation)
  })

  it('accuses nobody when it was stopped for a minute', async () => {
    const cluster = new TestCluster()
    const [a] = await cluster.mesh('a', 'b', 'c')
    cluster.clock.pause('a', 60_000)
    await cluster.advance(100_000)
    assert.deepEqual(a?.events.toSorted(), ['member-up b', 'member-up c'])
    assert.deepEqual(a.is('alive'), ['b', 'c'])
  })

  it('trusts itself less for a while, and then again', async () => {
    const cluster = new TestCluster()
    const [a] = await cluster.mesh('a', 'b')
    cluster.clock.pause('a', 1_500)
    await cluster.advance(1_600)
    assert.ok((a?.membership.status().localHealth.multiplier ?? 0) > 1.5)
    await cluster.advance(5_000)
    assert.equal(a?.membership.status().localHealth.multiplier, 1)
  })
})

describe('Membership: by hand', () => {
  it('connects, disconnects for good, and connects again', async () => {
    const cluster = new TestCluster()
    const a = await cluster.node('a')
    const b = await cluster.node('b')
    const member = await cluster.during(a.membership.connect(b.address))
    assert.equal(member.name, 'b')
    assert.deepEqual(a.membership.member('b')?.provenance, ['by hand'])
    assert.equal(await a.membership.disconnect('b'), true)
    assert.equal(await a.membership.disconnect('b'), false)
    await cluster.advance(60_000)
    assert.deepEqual(a.events, ['member-up b', 'member-down b (disconnected)'])
    assert.deepEqual(b.is('alive'), [])
    await cluster.during(a.membership.connect(b.address))
    assert.deepEqual([a.is('alive'), b.is('alive')], [['b'], ['a']])
  })

  it('is down on both sides after a disconnect, also for others that reach it', async () => {
    const cluster = new TestCluster()
    const [a, b, c] = await cluster.mesh('a', 'b', 'c')
    await a?.membership.disconnect('b')
    await cluster.advance(30_000)
    assert.deepEqual([a?.is('down'), b?.is('down'), c?.is('down')], [['b'], ['a'], []])
    assert.equal(b?.membership.member('a')?.cause, 'disconnected')
    a?.membership.propose(b.address, 'lan')
    await cluster.advance(1_000)
    assert.deepEqual(
      [a?.is('alive'), b.is('alive')],
      [
        ['b', 'c'],
        ['a', 'c'],
      ],
    )
  })
})

describe('Membership: addresses', () => {
  it('tells why a dial by hand failed', async () => {
    const cluster = new TestCluster()
    const a = await cluster.node('a')
    await assert.rejects(cluster.during(a.membership.connect('nobody:1')), (error: unknown) => {
      return error instanceof FoundationError && error.details?.['reason'] === 'refused'
    })
    assert.deepEqual(a.membership.status().targets, [])
  })

  it('forgets an address that discovery gave up', async () => {
    const cluster = new TestCluster()
    const a = await cluster.node('a')
    a.membership.propose('nobody:1', 'lan')
    a.membership.propose(a.address, 'lan')
    await cluster.advance(2_000)
    const [target] = a.membership.status().targets
    assert.deepEqual([target?.lastResult, target?.provenance], ['refused', ['lan']])
    a.membership.dials.forget('nobody:1')
    assert.deepEqual(a.membership.status().targets, [])
  })
})

describe('Membership: ready', () => {
  it('waits for enough members, and for the set to settle', async () => {
    const cluster = new TestCluster()
    const a = await cluster.node('a')
    const b = await cluster.node('b')
    const seen: { readyAtMs: number } = { readyAtMs: -1 }
    void a.membership.ready({ minPeers: 1 }).then(() => (seen.readyAtMs = cluster.clock.nowMs))
    await cluster.advance(3_000)
    assert.ok(seen.readyAtMs < 0)
    b.membership.propose(a.address, 'seeds')
    await cluster.advance(3_000)
    const { readyAtMs } = seen
    assert.ok(readyAtMs >= 3_500 && readyAtMs < 3_700, `ready at ${String(readyAtMs)} ms`)
  })

  it('does not count a looker-on', async () => {
    const cluster = new TestCluster()
    const a = await cluster.node('a')
    const cli = await cluster.node('cli', { roles: [observerRole] })
    cli.membership.propose(a.address, 'seeds')
    await cluster.advance(3_000)
    assert.deepEqual(a.is('alive'), ['cli'])
    const options = { minPeers: 1, timeoutMs: 1_000 }
    await assert.rejects(cluster.during(a.membership.ready(options)), { code: 'FND_TIMED_OUT' })
  })

  it('fails, or goes on, at its deadline', async () => {
    const cluster = new TestCluster()
    const a = await cluster.node('a')
    const options = { minPeers: 1, timeoutMs: 1_000 }
    await assert.rejects(cluster.during(a.membership.ready(options)), { code: 'FND_TIMED_OUT' })
    const members = await cluster.during(a.membership.ready({ ...options, onTimeout: 'continue' }))
    assert.deepEqual(
      members.map((member) => member.name),
      ['a'],
    )
  })

  it('ends when the node leaves', async () => {
    const cluster = new TestCluster()
    const a = await cluster.node('a')
    const waiting = assert.rejects(a.membership.ready({ minPeers: 1 }), { code: 'FND_NOT_RUNNING' })
    await cluster.during(a.leave())
    await waiting
    assert.equal(a.membership.self.status, 'left')
  })
})

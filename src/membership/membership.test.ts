/** Several nodes under virtual time: joining, leaving, crashing, coming back. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TestCluster, type TestNode } from './cluster-kit.test.ts'

async function leave(node: TestNode | undefined): Promise<void> {
  await node?.leave()
}

describe('Membership: joining', () => {
  it('two nodes: both see the other come up, once', async () => {
    const cluster = new TestCluster()
    const [a, b] = await cluster.mesh('a', 'b')
    assert.deepEqual(a?.events, ['member-up b'])
    assert.deepEqual(b?.events, ['member-up a'])
    assert.deepEqual(b.membership.member('a')?.provenance, ['seeds'])
    assert.deepEqual(a.membership.member('b')?.provenance, ['inbound'])
  })

  it('ten nodes: one seed is enough for a full mesh', async () => {
    const cluster = new TestCluster()
    const names = Array.from({ length: 10 }, (_, index) => `n${String(index)}`)
    const nodes = await cluster.mesh(...names)
    for (const node of nodes) {
      const others = names.filter((name) => name !== node.name)
      assert.deepEqual(node.is('alive'), others)
      assert.deepEqual(node.membership.peers(), others)
      assert.deepEqual(node.events.toSorted(), others.map((name) => `member-up ${name}`).toSorted())
    }
  })

  it('three nodes: a newcomer that cannot dial a member is dialled by it', async () => {
    const cluster = new TestCluster()
    const [a, b] = await cluster.mesh('a', 'b')
    const c = await cluster.node('c')
    // What c dials never arrives at a; what a dials works once the cut ends one way.
    cluster.hub.cut('c', 'a')
    c.membership.propose(b?.address ?? '', 'seeds')
    await cluster.advance(200)
    assert.deepEqual(c.is('alive'), ['b'])
    const targets = a?.membership.status().targets ?? []
    assert.ok(targets.some((target) => target.member === 'c'))
  })
})

describe('Membership: crashes and restarts', () => {
  it('three nodes: a killed process is down within 250 ms', async () => {
    const cluster = new TestCluster()
    const [a, b] = await cluster.mesh('a', 'b', 'c')
    cluster.kill('c')
    await cluster.advance(250)
    assert.equal(a?.events.at(-1), 'member-down c (crashed)')
    assert.equal(b?.events.at(-1), 'member-down c (crashed)')
    assert.deepEqual(a.is('down'), ['c'])
  })

  it('two nodes: a link that breaks is made again and nobody goes down', async () => {
    const cluster = new TestCluster()
    const [a, b] = await cluster.mesh('a', 'b')
    cluster.hub.reset('a', 'b')
    await cluster.advance(1_000)
    assert.deepEqual(a?.events, ['member-up b'])
    assert.deepEqual(b?.events, ['member-up a'])
    assert.deepEqual(a.membership.peers(), ['b'])
  })

  it('three nodes: a restart within 50 ms replaces the former incarnation', async () => {
    const cluster = new TestCluster()
    const [a, b] = await cluster.mesh('a', 'b')
    cluster.hub.cut('a', 'b')
    // Killed behind a cut: a hears nothing of it, and its link outlives the process.
    cluster.kill('b')
    await cluster.advance(50)
    cluster.hub.heal()
    const again = await cluster.node('b')
    again.membership.propose(a?.address ?? '', 'seeds')
    await cluster.advance(3_000)
    assert.equal(a?.membership.member('b')?.incarnation, again.incarnation)
    assert.notEqual(again.incarnation, b?.incarnation)
    assert.deepEqual(a.events.slice(-1), ['member-up b'])
    assert.equal(a.events.filter((event) => event.startsWith('member-down b')).length, 1)
  })

  it('two nodes: a restarted node is found again by those who remember it', async () => {
    const cluster = new TestCluster()
    const [a] = await cluster.mesh('a', 'b')
    cluster.kill('b')
    await cluster.advance(5_000)
    await cluster.node('b')
    await cluster.advance(30_000)
    assert.deepEqual(a?.is('alive'), ['b'])
    assert.deepEqual(a.events.slice(-2), ['member-down b (crashed)', 'member-up b'])
  })
})

describe('Membership: leaving', () => {
  it('three nodes: a leave is seen as left at once and is not dialled again', async () => {
    const cluster = new TestCluster()
    const [a, b, c] = await cluster.mesh('a', 'b', 'c')
    await cluster.during(leave(c), 1_000)
    await cluster.advance(100)
    assert.equal(a?.events.at(-1), 'member-left c (left)')
    assert.equal(b?.events.at(-1), 'member-left c (left)')
    const targets = [a, b].flatMap((node) => node.membership.status().targets)
    assert.ok(targets.every((target) => target.member !== 'c'))
    await cluster.advance(60_000)
    assert.equal(a.events.at(-1), 'member-left c (left)')
  })

  it('two nodes: one that left comes back as a new incarnation', async () => {
    const cluster = new TestCluster()
    const [a, b] = await cluster.mesh('a', 'b')
    await cluster.during(leave(b))
    const again = await cluster.node('b')
    again.membership.propose(a?.address ?? '', 'seeds')
    await cluster.advance(1_000)
    assert.deepEqual(a?.events, ['member-up b', 'member-left b (left)', 'member-up b'])
  })
})

describe('Membership: failures', () => {
  it('two nodes: a blackhole is down within 5 s, and heals without discovery', async () => {
    const cluster = new TestCluster()
    const [a, b] = await cluster.mesh('a', 'b')
    cluster.hub.partition(['a'], ['b'])
    await cluster.advance(5_000)
    const down = ['member-up b', 'member-suspect b (silent)', 'member-down b (unreachable)']
    assert.deepEqual(a?.events, down)
    await cluster.advance(60_000)
    cluster.hub.heal()
    await cluster.advance(40_000)
    assert.deepEqual(a.events, [...down, 'member-up b'])
    assert.deepEqual(b?.is('alive'), ['a'])
  })

  it('two nodes: a one-way cut is agreed upon within two timeouts', async () => {
    const cluster = new TestCluster()
    const [a, b] = await cluster.mesh('a', 'b')
    cluster.hub.cut('a', 'b', { oneWay: true })
    await cluster.advance(10_000)
    assert.deepEqual(a?.is('down'), ['b'])
    assert.deepEqual(b?.is('down'), ['a'])
    cluster.hub.heal()
    await cluster.advance(40_000)
    assert.deepEqual([a.is('alive'), b.is('alive')], [['b'], ['a']])
  })
})

describe('Membership: links between some only', () => {
  it('three nodes: a member only others reach stays suspect, and comes back on heal', async () => {
    const cluster = new TestCluster()
    const [a, b, c] = await cluster.mesh('a', 'b', 'c')
    cluster.hub.cut('a', 'b')
    await cluster.advance(30_000)
    assert.equal(a?.membership.member('b')?.cause, 'indirect')
    assert.deepEqual([a.is('suspect'), b?.is('suspect')], [['b'], ['a']])
    assert.deepEqual(c?.is('alive'), ['a', 'b'])
    assert.deepEqual(
      a.events.filter((event) => event.includes(' b ')),
      ['member-suspect b (silent)', 'member-suspect b (indirect)'],
    )
    cluster.hub.heal()
    await cluster.advance(40_000)
    assert.deepEqual(a.events.at(-1), 'member-alive b')
    assert.deepEqual(
      [a.is('alive'), b?.is('alive')],
      [
        ['b', 'c'],
        ['a', 'c'],
      ],
    )
  })

  it('three nodes: an indirectly reached member that dies is given up', async () => {
    const cluster = new TestCluster()
    const [a] = await cluster.mesh('a', 'b', 'c')
    cluster.hub.cut('a', 'b')
    await cluster.advance(10_000)
    cluster.kill('b')
    await cluster.advance(8_000)
    assert.deepEqual(a?.is('down'), ['b'])
  })

  it('five nodes: both halves of a partition find each other again', async () => {
    const cluster = new TestCluster()
    const nodes = await cluster.mesh('a', 'b', 'c', 'd', 'e')
    cluster.hub.partition(['a', 'b'], ['c', 'd', 'e'])
    await cluster.advance(120_000)
    assert.deepEqual(nodes[0]?.is('down'), ['c', 'd', 'e'])
    cluster.hub.heal()
    await cluster.advance(40_000)
    for (const node of nodes) assert.equal(node.is('alive').length, 4)
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MapNetwork } from '../map-fixtures.ts'

const hourMs = 3_600_000

describe('VersionedMap, deletions', () => {
  it('deletes everywhere', async () => {
    const network = new MapNetwork(['a', 'b'])
    network.space('a').put('x', 1)
    await network.host.advance(50)
    network.space('b').delete('x')
    await network.host.advance(50)
    assert.deepEqual(network.entries('a'), [])
    assert.equal(network.space('a').get('x'), undefined)
    assert.ok(network.space('a').versionOf('x'))
  })

  it('deletes what only comes later', async () => {
    const network = new MapNetwork(['a', 'b'])
    await network.host.advance(20)
    network.unlink('a', 'b')
    network.space('a').put('x', 1)
    await network.host.advance(20)
    network.space('b').delete('x')
    network.link('a', 'b')
    await network.host.advance(50)
    assert.deepEqual(network.entries('a'), [])
  })

  it('forgets a deletion once it is old and every member has it', async () => {
    const network = new MapNetwork(['a', 'b'])
    network.space('a').put('x', 1)
    await network.host.advance(50)
    network.space('a').delete('x')
    await network.host.advance(hourMs - 60_000)
    assert.equal(network.node('b').map.stats().tombstones, 1)
    await network.host.advance(120_000)
    for (const name of ['a', 'b']) assert.equal(network.node(name).map.stats().records, 0)
  })

  it('is not undone by a member that was away longer than deletions are kept', async () => {
    const network = new MapNetwork(['a', 'b', 'c'])
    network.space('a').put('x', 1)
    await network.host.advance(50)
    for (const name of ['a', 'b']) network.unlink(name, 'c', 'unreachable')
    network.space('a').delete('x')
    await network.host.advance(5 * hourMs)
    assert.equal(network.node('a').map.stats().tombstones, 1)
    for (const name of ['a', 'b']) network.link(name, 'c')
    await network.host.advance(1_000)
    assert.deepEqual(network.entries('a'), [])
    assert.deepEqual(network.entries('c'), [])
    await network.host.advance(2 * hourMs)
    for (const { map } of network.nodes.values()) assert.equal(map.stats().records, 0)
  })

  it('is owed to nobody whose process is gone', async () => {
    const network = new MapNetwork(['a', 'b'])
    network.space('a').put('x', 1)
    await network.host.advance(50)
    network.unlink('a', 'b', 'crashed')
    network.space('a').delete('x')
    await network.host.advance(hourMs + 60_000)
    assert.equal(network.node('a').map.stats().records, 0)
  })

  it('is owed for a day at most', async () => {
    const network = new MapNetwork(['a', 'b'])
    network.unlink('a', 'b', 'unreachable')
    network.space('a').delete('x')
    await network.host.advance(23 * hourMs)
    assert.equal(network.node('a').map.stats().tombstones, 1)
    await network.host.advance(2 * hourMs)
    assert.equal(network.node('a').map.stats().tombstones, 0)
  })

  it('forgets the oldest early when there are too many, and counts that', async () => {
    const network = new MapNetwork(['a'], { tombstonesMax: 10 })
    for (let at = 0; at < 25; at++) network.space('a').delete(`key-${String(at)}`)
    await network.host.advance(20_000)
    const { tombstones, forgotten } = network.node('a').map.stats()
    assert.deepEqual({ tombstones, forgotten }, { tombstones: 10, forgotten: 15 })
  })

  it('is as old on a late joiner as on who told it', async () => {
    const network = new MapNetwork(['a'])
    network.space('a').delete('x')
    network.node('a').map.memberUp('b', '1') // Owed, so that it is kept.
    await network.host.advance(hourMs - 100_000)
    network.add('b')
    network.link('a', 'b')
    await network.host.advance(1_000)
    assert.equal(network.node('b').map.stats().tombstones, 1)
    await network.host.advance(200_000)
    assert.equal(network.node('b').map.stats().tombstones, 0)
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { messageCodes } from '../../wire/index.ts'
import { MapNetwork } from '../map-fixtures.ts'
import { mapRecords, type MapRecords } from './map-messages.ts'

const hourMs = 3_600_000

function recordsSent(network: MapNetwork, from: string, to: string): MapRecords[] {
  return network.seen
    .filter((seen) => seen.from === from && seen.to === to)
    .filter(({ payload }) => payload[0] === messageCodes.mapRecords)
    .map(({ payload }) => mapRecords.decode(payload.subarray(1)))
}

describe('VersionedMap', () => {
  it('shows a put here at once and on every linked node within a batch', async () => {
    const network = new MapNetwork(['a', 'b', 'c'])
    await network.host.advance(20)
    const version = network.space('a').put('x', { start: 1 })
    assert.deepEqual(network.space('a').get('x'), { value: { start: 1 }, version })
    await network.host.advance(10)
    for (const name of ['b', 'c']) {
      assert.deepEqual(network.space(name).get('x'), { value: { start: 1 }, version })
    }
  })

  it('keeps values by value', () => {
    const network = new MapNetwork(['a'])
    const value = { start: 1 }
    network.space('a').put('x', value)
    value.start = 2
    assert.deepEqual(network.space('a').get('x')?.value, { start: 1 })
  })

  it('lets a later write win over what it has seen, however wrong the clocks are', async () => {
    const network = new MapNetwork(['a', 'b'])
    network.node('a').wallOffsetMs = 5 * hourMs
    await network.host.advance(20)
    network.space('a').put('x', 'ahead')
    await network.host.advance(20)
    network.space('b').put('x', 'after')
    await network.host.advance(20)
    assert.deepEqual(network.entries('a'), ['x=after'])
    network.space('b').put('y', 'own time')
    assert.ok((network.space('b').versionOf('y')?.wallMs ?? 0) <= network.host.wallClockMs())
  })

  it('agrees on one of two writes made at the same time', async () => {
    const network = new MapNetwork(['a', 'b', 'c'])
    await network.host.advance(20)
    network.space('a').put('x', 'of a')
    network.space('b').put('x', 'of b')
    await network.host.advance(20)
    const held = ['a', 'b', 'c'].map((name) => network.entries(name))
    assert.deepEqual(held, [held[0], held[0], held[0]])
  })

  it('sends one record of a key that changed many times within a batch', async () => {
    const network = new MapNetwork(['a', 'b'])
    await network.host.advance(20)
    const before = recordsSent(network, 'a', 'b').length
    for (let at = 0; at < 100; at++) network.space('a').put('x', at)
    await network.host.advance(20)
    const sent = recordsSent(network, 'a', 'b').slice(before)
    assert.deepEqual(
      sent.map(({ records }) => records.length),
      [1],
    )
    assert.deepEqual(network.entries('b'), ['x=99'])
  })

  it('brings two sides of a partition together', async () => {
    const network = new MapNetwork(['a', 'b'])
    await network.host.advance(20)
    network.unlink('a', 'b')
    for (let at = 0; at < 1_000; at++) {
      network.space(at % 2 === 0 ? 'a' : 'b').put(`key-${String(at)}`, at)
    }
    network.link('a', 'b')
    await network.host.advance(200)
    assert.equal(network.entries('a').length, 1_000)
    assert.deepEqual(network.entries('b'), network.entries('a'))
    assert.deepEqual(network.node('a').map.digest(), network.node('b').map.digest())
  })

  it('sends nothing but digests to a peer that holds the same', async () => {
    const network = new MapNetwork(['a', 'b'])
    await network.host.advance(20)
    for (let at = 0; at < 100; at++) network.space('a').put(`key-${String(at)}`, at)
    await network.host.advance(200)
    network.unlink('a', 'b')
    network.link('a', 'b')
    const before = recordsSent(network, 'a', 'b').length
    await network.host.advance(60_000)
    const later = recordsSent(network, 'a', 'b').slice(before)
    assert.deepEqual(
      later.map(({ records }) => records.length),
      [0],
    )
  })

  it('reaches a member it has no link to through another', async () => {
    const network = new MapNetwork(['a', 'b', 'c'])
    await network.host.advance(20)
    network.unlink('a', 'c')
    network.space('a').put('x', 1)
    await network.host.advance(90_000)
    assert.deepEqual(network.entries('c'), ['x=1'])
  })

  it('sends again what was lost on the way', async () => {
    const network = new MapNetwork(['a', 'b'])
    await network.host.advance(20)
    network.fate = () => 'lost'
    network.space('a').put('x', 1)
    await network.host.advance(20)
    network.fate = () => 'accepted'
    await network.host.advance(20_000)
    assert.deepEqual(network.entries('b'), ['x=1'])
  })

  it('waits while the queue to a peer is full, and sends then', async () => {
    const network = new MapNetwork(['a', 'b'])
    await network.host.advance(20)
    network.fate = () => 'full'
    network.space('a').put('x', 1)
    await network.host.advance(20)
    network.space('a').put('x', 2)
    await network.host.advance(20)
    assert.equal(network.node('a').map.stats().waiting, 1)
    network.fate = () => 'accepted'
    network.drain()
    await network.host.advance(20)
    assert.deepEqual(network.entries('b'), ['x=2'])
  })

  it('keeps no more than a window under way to a peer that does not acknowledge', async () => {
    const network = new MapNetwork(['a', 'b'], { windowMaxBytes: 64 * 1_024 })
    await network.host.advance(20)
    network.fate = ({ from }) => (from === 'b' ? 'lost' : 'accepted')
    const value = 'x'.repeat(1_000)
    for (let at = 0; at < 500; at++) network.space('a').put(`key-${String(at)}`, value)
    await network.host.advance(100)
    assert.ok(network.entries('b').length < 200)
    network.fate = () => 'accepted'
    await network.host.advance(30_000)
    assert.equal(network.entries('b').length, 500)
  })

  it('tells watchers what won, what it was and whose doing it is', async () => {
    const network = new MapNetwork(['a', 'b'])
    const told: string[] = []
    const unwatch = network.space('b').watch(({ key, value, previous, isOwn }) => {
      told.push(`${key} ${String(previous)} -> ${String(value)} ${isOwn ? 'own' : 'theirs'}`)
    })
    network.space('b').watch(() => {
      throw new Error('a listener that throws')
    })
    await network.host.advance(20)
    network.space('a').put('x', 1)
    await network.host.advance(20)
    network.space('b').put('x', 2)
    network.space('b').delete('x')
    network.space('b').delete('unknown')
    unwatch()
    network.space('b').put('x', 3)
    const theirs = 'x undefined -> 1 theirs'
    assert.deepEqual(told, [theirs, 'x 1 -> 2 own', 'x 2 -> undefined own'])
  })

  it('keeps spaces apart', async () => {
    const network = new MapNetwork(['a', 'b'])
    network.space('a').put('x', 1)
    network.node('a').map.space('settings').put('x', 2)
    await network.host.advance(50)
    assert.equal(network.node('b').map.space('settings').get('x')?.value, 2)
    assert.deepEqual(network.entries('b'), ['x=1'])
  })

  it('adopts a record decided elsewhere if it is newer', async () => {
    const network = new MapNetwork(['a', 'b'])
    const version = { wallMs: network.host.wallClockMs() + 5, counter: 0, writer: 'b' }
    assert.ok(network.space('a').adopt('x', 'decided', version))
    assert.equal(network.space('a').adopt('x', 'decided', version), false)
    assert.equal(network.space('a').adopt('x', 'older', { ...version, counter: -1 }), false)
    await network.host.advance(50)
    assert.deepEqual(network.entries('b'), ['x=decided'])
  })

  it('says before a record is decided that there is no room, and takes what is decided', () => {
    const network = new MapNetwork(['a', 'b'])
    const space = network.space('a')
    const large = 'x'.repeat(40_000)
    assert.throws(() => {
      space.requireRoom('x', 40_003)
    }, /has 40003 bytes, at most 32768 are allowed/)
    space.requireRoom('x', 32_768)
    const version = { wallMs: network.host.wallClockMs(), counter: 0, writer: 'a' }
    assert.ok(space.adoptHere('x', large, version))
    assert.equal(space.get('x')?.value, large)
  })

  it('spreads a record only to those that do not hear of it in another way', async () => {
    const network = new MapNetwork(['a', 'b', 'c'])
    await network.host.advance(20)
    const before = recordsSent(network, 'a', 'b').length
    const version = { wallMs: network.host.wallClockMs(), counter: 0, writer: 'a' }
    network.space('a').adoptHere('x', 'decided', version)
    network.space('a').spread('x', new Set(['b']))
    await network.host.advance(50)
    assert.deepEqual(network.entries('c'), ['x=decided'])
    assert.deepEqual(recordsSent(network, 'a', 'b').slice(before), [])
  })
})

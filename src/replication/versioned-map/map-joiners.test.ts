import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { messageCodes } from '../../wire/index.ts'
import { MapNetwork } from '../map-fixtures.ts'
import { mapDigest, mapRecords } from './map-messages.ts'

describe('VersionedMap, acknowledgements and joiners', () => {
  it('resolves once that many others hold the record', async () => {
    const network = new MapNetwork(['a', 'b', 'c'])
    await network.host.advance(20)
    network.fate = ({ to }) => (to === 'c' ? 'lost' : 'accepted')
    network.space('a').put('x', 1)
    let held = 0
    void network
      .space('a')
      .acknowledged('x', { peers: 1 })
      .then(() => (held = 1))
    const both = network.space('a').acknowledged('x', { peers: 2, timeoutMs: 100 })
    const refused = assert.rejects(both, { code: 'FND_TIMED_OUT' })
    await network.host.advance(20)
    assert.equal(held, 1)
    await network.host.advance(200)
    await refused
  })

  it('counts a peer that is being told, not one whose holdings are unknown', async () => {
    const network = new MapNetwork(['a', 'b'])
    await network.host.advance(20)
    network.fate = ({ payload }) => (payload[0] === messageCodes.mapDigest ? 'lost' : 'accepted')
    network.unlink('a', 'b')
    network.space('a').put('x', 1)
    network.link('a', 'b')
    const held = network.space('a').acknowledged('x', { peers: 1, timeoutMs: 1_000 })
    const refused = assert.rejects(held, { code: 'FND_TIMED_OUT' })
    await network.host.advance(2_000)
    await refused
  })

  it('fails those who wait when the node stops', async () => {
    const network = new MapNetwork(['a'])
    network.space('a').put('x', 1)
    const waiting = network.space('a').acknowledged('x', { peers: 1 })
    const refused = assert.rejects(waiting, { code: 'FND_NOT_RUNNING' })
    network.stop()
    await refused
    assert.equal(network.host.pending, 0)
  })

  it('has waiters in a bounded number', async () => {
    const network = new MapNetwork(['a'], { waitersMax: 1 })
    network.space('a').put('x', 1)
    void network
      .space('a')
      .acknowledged('x', { peers: 1 })
      .catch(() => undefined)
    const second = network.space('a').acknowledged('x', { peers: 1 })
    await assert.rejects(second, { code: 'FND_LIMIT_REACHED' })
    network.stop()
  })

  it('gives a late joiner the whole state, and says when it has it', async () => {
    const network = new MapNetwork(['a', 'b'])
    for (let at = 0; at < 3_000; at++) network.space('a').put(`key-${String(at)}`, at)
    await network.host.advance(200)
    network.add('c')
    assert.ok(network.space('c').isSynced, 'a node without peers waits for nobody')
    network.link('a', 'c')
    assert.equal(network.space('c').isSynced, false)
    const entries: number[] = []
    const synced = network
      .space('c')
      .synced()
      .then(() => entries.push(network.entries('c').length))
    await network.host.advance(200)
    await synced
    assert.deepEqual(entries, [3_000])
  })
})

describe('VersionedMap, bounds and bad input', () => {
  it('refuses what is too large, too long or too much', () => {
    const bounds = { recordsMax: 16, keyMaxBytes: 16, valueMaxBytes: 64 }
    const space = new MapNetwork(['a'], bounds).space('a')
    const limit = { code: 'FND_LIMIT_REACHED' }
    assert.throws(() => space.put('x'.repeat(17), 1), limit)
    assert.throws(() => space.put('x', 'y'.repeat(100)), limit)
    for (let at = 0; at < 16; at++) space.put(`key-${String(at)}`, 1)
    assert.throws(() => space.put('one more', 1), limit)
    space.put('key-1', 2)
    assert.throws(() => space.put('key-1', undefined), { code: 'FND_MESSAGE_INVALID' })
    assert.throws(() => space.put('key-1', () => 1), { code: 'FND_MESSAGE_INVALID' })
  })

  it('counts records of peers it has no room for', async () => {
    const network = new MapNetwork(['a', 'b'], { recordsMax: 16 })
    await network.host.advance(20)
    for (let at = 0; at < 10; at++) network.space('a').put(`a-${String(at)}`, 1)
    for (let at = 0; at < 10; at++) network.space('b').put(`b-${String(at)}`, 1)
    await network.host.advance(20)
    assert.equal(network.entries('a').length, 16)
    assert.equal(network.node('a').map.stats().refused, 4)
  })

  it('takes nothing of a message that breaks the format', () => {
    const network = new MapNetwork(['a', 'b'])
    const base = { space: 'specs', wallMs: 1, counter: 0, writer: 'a' }
    const good = { ...base, key: 'x', value: Buffer.from([1]) }
    const bad = { ...base, key: 'y', value: Buffer.from([0xc1]) }
    for (const payload of [
      mapRecords.encode({ batch: 1, isComplete: true, records: [good, bad] }),
      mapDigest.encode({ hashes: Buffer.alloc(8), isThorough: true }),
    ]) {
      const { router } = network.node('b')
      router.receive({ from: 'a', class: 'control', epoch: 1, sequence: 1, payload })
    }
    assert.equal(network.node('b').router.rejected, 2)
    assert.deepEqual(network.entries('b'), [])
    assert.equal(network.node('b').map.stats().isSynced, false)
  })
})

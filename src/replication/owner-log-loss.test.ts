import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encodeValue, messageCodes } from '../wire/index.ts'
import { assertAgree, deliver, loseOne, pair, space } from './log-fixtures.ts'
import { logAck, logDelta, logDigest, logFetch, logSnapshot } from './messages.ts'
import { TestNetwork } from './network-fixtures.ts'

describe('OwnerLog, losing messages', () => {
  it('fetches the range of a lost delta instead of a snapshot', async () => {
    const network = pair()
    await network.host.advance(50)
    await loseOne(network, messageCodes.logDelta, () => network.node('a').log.put(space, 'x', 1))
    network.node('a').log.put(space, 'y', 2)
    const before = network.node('a').log.stats().snapshotsSent
    await network.host.advance(50)
    assert.deepEqual(network.entries('b', space), ['a/x=1', 'a/y=2'])
    assert.equal(network.node('a').log.stats().snapshotsSent, before)
  })

  it('finds a lost last delta by the digest', async () => {
    const network = pair()
    await network.host.advance(50)
    await loseOne(network, messageCodes.logDelta, () => network.node('a').log.put(space, 'x', 1))
    assert.deepEqual(network.entries('b', space), [])
    await network.host.advance(3_000)
    assert.deepEqual(network.entries('b', space), ['a/x=1'])
  })

  it('sends a snapshot to a peer that missed more than is retained', async () => {
    const network = new TestNetwork()
    const a = network.add('a', { historyMaxOperations: 64, batchMaxOperations: 16 })
    network.add('b')
    network.link('a', 'b')
    await network.host.advance(50)
    network.fate = ({ from }) => (from === 'a' ? 'lost' : 'accepted')
    for (let at = 0; at < 5_000; at++) a.log.put(space, `key-${String(at % 50)}`, at)
    await network.host.advance(50)
    network.fate = () => 'accepted'
    await network.host.advance(5_000)
    assert.equal(a.log.stats().snapshotsSent, 2)
    assertAgree(network, 'a', 'b')
  })

  it('asks once for what is missing, however many changes follow', async () => {
    const network = pair()
    await network.host.advance(50)
    await loseOne(network, messageCodes.logDelta, () => network.node('a').log.put(space, 'x', 1))
    network.fate = ({ payload }) => (payload[0] === messageCodes.logFetch ? 'lost' : 'accepted')
    for (let at = 0; at < 10; at++) {
      network.node('a').log.put(space, 'y', at)
      await network.host.advance(10)
    }
    assert.equal(network.node('b').log.stats().fetches, 1)
    network.fate = () => 'accepted'
    await network.host.advance(3_000)
    assertAgree(network, 'a', 'b')
  })
})

describe('OwnerLog, sending everything again', () => {
  it('recovers from a lost slice of a snapshot', async () => {
    const network = new TestNetwork()
    const a = network.add('a', { sliceMaxBytes: 1_024 })
    network.add('b')
    for (let at = 0; at < 200; at++) a.log.put(space, `key-${String(at)}`, at)
    await loseOne(network, messageCodes.logSnapshot, () => {
      network.link('a', 'b')
    })
    await network.host.advance(5_000)
    assertAgree(network, 'a', 'b')
    assert.equal(network.node('b').log.isKnown('a'), true)
  })

  it('alarms and sends a snapshot when entries differ at an equal sequence', async () => {
    const network = pair()
    const { log } = network.node('a')
    log.put(space, 'x', 1)
    await network.host.advance(50)
    const forged = logDelta.encode({
      owner: 'a',
      incarnation: '1',
      from: 2,
      to: 2,
      operations: [{ space, key: 'x', value: encodeValue(666) }],
    })
    deliver(network, 'b', forged)
    log.put(space, 'y', 1)
    await network.host.advance(5_000)
    assert.equal(network.node('b').log.stats().alarms, 1)
    assert.deepEqual(network.entries('b', space), ['a/x=1', 'a/y=1'])
  })

  it('does not begin a snapshot for a peer that asks too often', () => {
    const network = pair()
    const fetch = logFetch.encode({ owner: 'b', incarnation: '1', from: 0 })
    for (let at = 0; at < 100; at++) deliver(network, 'b', fetch)
    assert.equal(network.node('b').log.stats().snapshotsSent, 1)
  })
})

describe('OwnerLog, messages', () => {
  it('refuses messages about another owner or another incarnation', () => {
    const network = pair()
    const range = { from: 1, to: 1, operations: [{ space, key: 'x', value: encodeValue(1) }] }
    const before = network.node('b').router.rejected
    deliver(network, 'b', logDelta.encode({ owner: 'c', incarnation: '1', ...range }))
    deliver(network, 'b', logDelta.encode({ owner: 'b', incarnation: '1', ...range }))
    deliver(network, 'b', logDelta.encode({ owner: 'a', incarnation: '2', ...range }))
    const ack = { owner: 'z', incarnation: '1', sequence: 1, snapshot: 0, slices: 0 }
    deliver(network, 'b', logAck.encode(ack))
    assert.equal(network.node('b').router.rejected, before + 4)
    assert.deepEqual(network.entries('b', space), [])
  })

  it('refuses a delta whose numbers do not match its changes', () => {
    const network = pair()
    const name = { owner: 'a', incarnation: '1' }
    const before = network.node('b').router.rejected
    deliver(network, 'b', logDelta.encode({ ...name, from: 1, to: 9, operations: [] }))
    deliver(network, 'b', logDelta.encode({ ...name, from: -3, to: -4, operations: [] }))
    assert.equal(network.node('b').router.rejected, before + 2)
  })

  it('says the same with the same bytes on the wire, always', () => {
    const name = { owner: 'a', incarnation: '1' }
    const delta = logDelta.encode({
      ...name,
      from: 1,
      to: 1,
      operations: [{ space: 's', key: 'k' }],
    })
    assert.equal(delta[0], 32)
    const slice = { snapshot: 1, index: 0, isLast: true, sequence: 7, operations: [] }
    assert.equal(logSnapshot.encode({ ...name, ...slice })[0], 33)
    const digest = { sequence: 7, hash: '', snapshot: 0, slices: 0 }
    assert.equal(logDigest.encode({ ...name, ...digest })[0], 34)
    assert.equal(
      delta.toString('hex'),
      '2085a56f776e6572a161ab696e6361726e6174696f6ea131a466726f6d01a2746f01aa6f7065726174696f6e7391' +
        '82a57370616365a173a36b6579a16b',
    )
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isFoundationError } from '../kernel/index.ts'
import { messageCodes } from '../wire/index.ts'
import { assertAgree, deliver, pair, sent, space } from './log-fixtures.ts'
import { logAck, logDelta } from './messages.ts'
import { TestNetwork } from './network-fixtures.ts'
import type { LogChange } from './watchers.ts'

describe('OwnerLog, telling', () => {
  it('shows own entries at once and on a linked peer within a batch', async () => {
    const network = pair()
    network.node('a').log.put(space, 'x', 1)
    assert.deepEqual(network.entries('a', space), ['a/x=1'])
    await network.host.advance(20)
    assert.deepEqual(network.entries('b', space), ['a/x=1'])
    network.node('a').log.delete(space, 'x')
    await network.host.advance(20)
    assert.deepEqual(network.entries('b', space), [])
  })

  it('sends what was said before the link as a snapshot of several slices', async () => {
    const network = new TestNetwork()
    const a = network.add('a', { sliceMaxBytes: 1_024 })
    network.add('b')
    for (let at = 0; at < 500; at++) a.log.put(space, `key-${String(at)}`, at)
    network.link('a', 'b')
    assert.equal(network.node('b').log.isKnown('a'), false)
    await network.host.advance(50)
    assert.equal(network.node('b').log.isKnown('a'), true)
    assert.ok(sent(network, 'a', messageCodes.logSnapshot).length > 10)
    assertAgree(network, 'a', 'b')
  })

  it('batches the changes of a turn and keeps one number for a key put twice', async () => {
    const network = pair()
    await network.host.advance(20)
    const { log } = network.node('a')
    assert.equal(log.put(space, 'x', 1), 1)
    assert.equal(log.put(space, 'y', 1), 2)
    assert.equal(log.put(space, 'x', 2), 1)
    await network.host.advance(20)
    assert.equal(log.put(space, 'x', 3), 3)
    await network.host.advance(20)
    const deltas = sent(network, 'a', messageCodes.logDelta).map((body) => logDelta.decode(body))
    assert.deepEqual(
      deltas.map(({ from, to }) => [from, to]),
      [
        [1, 2],
        [3, 3],
      ],
    )
    assert.deepEqual(network.entries('b', space), ['a/x=3', 'a/y=1'])
  })

  it('sends a full batch without waiting for the timer', async () => {
    const network = pair()
    await network.host.advance(50)
    const before = sent(network, 'a', messageCodes.logDelta).length
    for (let at = 0; at < 256; at++) network.node('a').log.put(space, String(at), at)
    assert.equal(sent(network, 'a', messageCodes.logDelta).length, before + 1)
  })
})

describe('OwnerLog, acknowledging', () => {
  it('resolves acknowledged when every linked peer has applied the change', async () => {
    const network = pair()
    network.add('c')
    network.link('a', 'c')
    await network.host.advance(50)
    network.fate = ({ from }) => (from === 'c' ? 'lost' : 'accepted')
    const { log } = network.node('a')
    let isDone = false
    void log.acknowledged(log.put(space, 'x', 1)).then(() => (isDone = true))
    await network.host.advance(100)
    assert.equal(isDone, false, 'c has not acknowledged')
    network.unlink('a', 'c')
    await network.host.advance(1)
    assert.equal(isDone, true, 'a peer that is gone does not count')
  })

  it('gives up waiting for an acknowledgement at the deadline', async () => {
    const network = pair()
    network.fate = () => 'lost'
    const { log } = network.node('a')
    const waiting = log.acknowledged(log.put(space, 'x', 1), { timeoutMs: 100 })
    const outcome = assert.rejects(waiting, { code: 'FND_TIMED_OUT' })
    await network.host.advance(200)
    await outcome
  })

  it('resolves acknowledged at once on a node without peers', async () => {
    const network = new TestNetwork()
    const { log } = network.add('a')
    await log.acknowledged(log.put(space, 'x', 1))
  })

  it('fences what is for all until every linked peer has the change, what is for one until it has', async () => {
    const network = pair()
    network.add('c')
    network.link('a', 'c')
    await network.host.advance(50)
    network.fate = ({ from }) => (from === 'c' ? 'lost' : 'accepted')
    const { log } = network.node('a')
    assert.equal(log.fenceForAll(), 0)
    const sequence = log.put(space, 'x', 1)
    log.fence()
    const fences = (): number[] => [log.fenceFor('b'), log.fenceFor('c'), log.fenceForAll()]
    assert.deepEqual(fences(), [sequence, sequence, sequence])
    await network.host.advance(100)
    assert.deepEqual(fences(), [0, sequence, sequence])
    network.unlink('a', 'c')
    assert.deepEqual(fences(), [0, 0, 0])
  })

  it('never believes an acknowledgement of what was not sent', async () => {
    const network = pair()
    await network.host.advance(50)
    network.fate = () => 'lost'
    const sequence = network.node('b').log.put(space, 'x', 1)
    const ack = { owner: 'b', incarnation: '1', sequence: 1e9, snapshot: 1e9, slices: 0 }
    deliver(network, 'b', logAck.encode(ack))
    const waiting = network.node('b').log.acknowledged(sequence, { timeoutMs: 50 })
    const outcome = assert.rejects(waiting, { code: 'FND_TIMED_OUT' })
    await network.host.advance(100)
    await outcome
  })
})

describe('OwnerLog, watching', () => {
  it('tells own changes too, marked as such', () => {
    const network = new TestNetwork()
    const { log } = network.add('a')
    const changes: Omit<LogChange, 'held'>[] = []
    const unwatch = log.watch(space, ({ held, ...change }) => {
      assert.equal(held?.value, change.value)
      changes.push(change)
    })
    log.put(space, 'x', 1)
    log.put('other', 'x', 1)
    unwatch()
    log.delete(space, 'x')
    assert.deepEqual(changes, [
      {
        owner: 'a',
        incarnation: '1',
        space,
        key: 'x',
        isOwn: true,
        cause: 'write',
        type: 'put',
        value: 1,
      },
    ])
  })

  it('keeps going when a listener throws', () => {
    const network = new TestNetwork()
    const { log } = network.add('a')
    const keys: string[] = []
    log.watch(space, () => {
      throw new Error('mine')
    })
    log.watch(space, ({ key }) => keys.push(key))
    log.put(space, 'x', 1)
    assert.deepEqual(keys, ['x'])
  })
})

describe('OwnerLog, bounds', () => {
  it('waits for room when the peer’s queue is full, then sends the rest', async () => {
    const network = pair()
    await network.host.advance(50)
    network.fate = ({ to }) => (to === 'b' ? 'full' : 'accepted')
    for (let at = 0; at < 600; at++) network.node('a').log.put(space, String(at), at)
    await network.host.advance(100)
    assert.equal(network.entries('b', space).length, 0)
    network.fate = () => 'accepted'
    network.drain('b')
    await network.host.advance(20)
    assertAgree(network, 'a', 'b')
  })

  it('never has more than a window of unacknowledged bytes under way', async () => {
    const network = new TestNetwork()
    const a = network.add('a', { windowMaxBytes: 65_536, sliceMaxBytes: 8_192 })
    network.add('b')
    for (let at = 0; at < 300; at++) a.log.put(space, String(at), 'x'.repeat(1_000))
    network.fate = ({ payload }) => (payload[0] === messageCodes.logAck ? 'lost' : 'accepted')
    network.link('a', 'b')
    await network.host.advance(100)
    const bytes = sent(network, 'a', messageCodes.logSnapshot).reduce(
      (sum, { length }) => sum + length,
      0,
    )
    assert.ok(bytes >= 65_536 && bytes < 65_536 + 10_000, `${String(bytes)} bytes`)
  })

  it('leaves no timer running after stop', async () => {
    const network = pair({ purgeAfterMs: 600_000 })
    await network.host.advance(50)
    network.node('a').log.put(space, 'x', 1)
    network.node('b').log.memberDown('a', '1')
    for (const { log } of network.nodes.values()) {
      log.stop()
      log.stop()
    }
    assert.equal(network.host.pending, 0)
    network.node('a').log.put(space, 'y', 1)
    assert.equal(network.host.pending, 0)
  })
})

describe('OwnerLog, limits', () => {
  it('refuses entries beyond its bounds with the limit named', () => {
    const network = new TestNetwork()
    const { log } = network.add('a', { entriesMaxPerOwner: 2, keyMaxBytes: 16, valueMaxBytes: 16 })
    log.put(space, 'x', 1)
    log.put(space, 'y', 1)
    log.put(space, 'x', 2)
    for (const breach of [
      () => log.put(space, 'z', 1),
      () => log.put(space, 'k'.repeat(17), 1),
      () => log.put(space, 'x', 'v'.repeat(17)),
    ]) {
      assert.throws(
        breach,
        (error) => isFoundationError(error) && error.code === 'FND_LIMIT_REACHED',
      )
    }
    assert.equal(log.sequence, 3 - 1)
  })

  it('stops following an owner that has more entries than one may have', async () => {
    const network = new TestNetwork()
    const a = network.add('a')
    network.add('b', { entriesMaxPerOwner: 10 })
    network.link('a', 'b')
    for (let at = 0; at < 20; at++) a.log.put(space, String(at), at)
    await network.host.advance(10_000)
    assert.equal(network.state('b', 'a')?.state, 'refused')
    assert.equal(network.node('b').log.isKnown('a'), false)
    assert.ok(a.log.stats().snapshotsSent <= 2)
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isFoundationError } from '../kernel/index.ts'
import { encodeValue, messageCodes } from '../wire/index.ts'
import { logAck, logDelta, logDigest, logFetch, logSnapshot } from './messages.ts'
import { TestNetwork } from './network-fixtures.ts'
import type { LogChange } from './watchers.ts'

const space = 'names'

describe('OwnerLog', () => {
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

  it('sends a full batch without waiting for the timer', () => {
    const network = pair()
    const before = sent(network, 'a', messageCodes.logDelta).length
    for (let at = 0; at < 256; at++) network.node('a').log.put(space, String(at), at)
    assert.equal(sent(network, 'a', messageCodes.logDelta).length, before + 1)
  })

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

  it('hides an owner that is down and shows it again without a word of its own', async () => {
    const network = pair()
    network.node('a').log.put(space, 'x', 1)
    await network.host.advance(50)
    const changes = watch(network, 'b')
    network.unlink('a', 'b')
    assert.deepEqual(network.entries('b', space), ['a/x=1'], 'a lost link alone hides nothing')
    network.node('b').log.memberDown('a', '1')
    assert.deepEqual(network.entries('b', space), [])
    network.node('b').log.memberUp('a', '1')
    assert.deepEqual(network.entries('b', space), ['a/x=1'])
    assert.deepEqual(changes, ['member delete a/x', 'member put a/x=1'])
  })

  it('tells only what changed when a link comes back', async () => {
    const network = pair()
    const { log } = network.node('a')
    log.put(space, 'kept', 1)
    log.put(space, 'gone', 1)
    await network.host.advance(50)
    const changes = watch(network, 'b')
    network.unlink('a', 'b')
    assert.equal(network.node('b').log.isKnown('a'), false)
    log.delete(space, 'gone')
    log.put(space, 'new', 2)
    network.link('a', 'b')
    assert.equal(network.node('b').log.isKnown('a'), false, 'known only after the snapshot')
    await network.host.advance(50)
    assert.equal(network.node('b').log.isKnown('a'), true)
    assert.deepEqual(changes, ['write put a/new=2', 'write delete a/gone'])
  })

  it('forgets an owner that stays down, and not before the time is up', async () => {
    const network = pair({ purgeAfterMs: 1_000 })
    network.node('a').log.put(space, 'x', 1)
    await network.host.advance(50)
    network.unlink('a', 'b')
    network.node('b').log.memberDown('a', '1')
    await network.host.advance(900)
    assert.equal(network.state('b', 'a')?.entries, 1)
    await network.host.advance(200)
    assert.equal(network.state('b', 'a'), undefined)
  })

  it('drops the former incarnation at once when the node comes back anew', async () => {
    const network = pair()
    network.node('a').log.put(space, 'old', 1)
    await network.host.advance(50)
    const changes = watch(network, 'b')
    network.unlink('a', 'b')
    const again = network.add('a', {}, '2')
    again.log.put(space, 'new', 2)
    network.link('a', 'b')
    assert.deepEqual(network.entries('b', space), [])
    await network.host.advance(50)
    network.node('b').log.memberDown('a', '1')
    assert.deepEqual(network.entries('b', space), ['a/new=2'])
    assert.deepEqual(changes, ['member delete a/old', 'write put a/new=2'])
  })

  it('tells own changes too, marked as such', () => {
    const network = new TestNetwork()
    const { log } = network.add('a')
    const changes: LogChange[] = []
    const unwatch = log.watch(space, (change) => changes.push(change))
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
    network.fate = ({ from }) => (from === 'b' ? 'lost' : 'accepted')
    network.link('a', 'b')
    await network.host.advance(100)
    const bytes = sent(network, 'a', messageCodes.logSnapshot).reduce(
      (sum, { length }) => sum + length,
      0,
    )
    assert.ok(bytes >= 65_536 && bytes < 65_536 + 10_000, `${String(bytes)} bytes`)
  })

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

  it('tells nothing of an owner that is hidden', async () => {
    const network = pair()
    await network.host.advance(50)
    network.node('b').log.memberDown('a', '1')
    const changes = watch(network, 'b')
    network.node('a').log.put(space, 'x', 1)
    await network.host.advance(50)
    assert.deepEqual(changes, [])
    assert.deepEqual(network.entries('b', space), [])
    network.node('b').log.memberUp('a', '1')
    assert.deepEqual(changes, ['member put a/x=1'])
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

  it('does not begin a snapshot for a peer that asks too often', () => {
    const network = pair()
    const fetch = logFetch.encode({ owner: 'b', incarnation: '1', from: 0 })
    for (let at = 0; at < 100; at++) deliver(network, 'b', fetch)
    assert.equal(network.node('b').log.stats().snapshotsSent, 1)
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

  it('converges over links that lose, break and come back, whatever is said', async () => {
    const step = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          kind: fc.constant('put' as const),
          node: fc.nat(2),
          key: fc.nat(9),
          value: fc.nat(99),
        }),
      },
      {
        weight: 3,
        arbitrary: fc.record({
          kind: fc.constant('delete' as const),
          node: fc.nat(2),
          key: fc.nat(9),
          value: fc.constant(0),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant('cut' as const),
          node: fc.nat(2),
          key: fc.constant(0),
          value: fc.constant(0),
        }),
      },
      {
        weight: 4,
        arbitrary: fc.record({
          kind: fc.constant('wait' as const),
          node: fc.constant(0),
          key: fc.constant(0),
          value: fc.nat(30),
        }),
      },
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        fc.nat(50),
        fc.nat(),
        async (steps, lossPercent, seed) => {
          const names = ['a', 'b', 'c']
          const network = new TestNetwork(seed)
          for (const name of names)
            network.add(name, { sliceMaxBytes: 1_024, historyMaxOperations: 8 })
          for (const [one, other] of pairsOf(names)) network.link(one, other)
          const events = names.map((name) => mirror(network, name))
          network.fate = () => (network.host.random() * 100 < lossPercent ? 'lost' : 'accepted')
          for (const { kind, node, key, value } of steps) {
            const { log } = network.node(names[node] ?? 'a')
            if (kind === 'put') log.put(space, String(key), value)
            if (kind === 'delete') log.delete(space, String(key))
            if (kind === 'wait') await network.host.advance(value)
            if (kind === 'cut') flip(network, pairsOf(names)[node])
          }
          network.fate = () => 'accepted'
          for (const [one, other] of pairsOf(names)) {
            if (!network.linked(one, other)) network.link(one, other)
          }
          await network.host.advance(6_000)
          for (const [index, name] of names.entries()) {
            for (const owner of names) if (owner !== name) assertAgree(network, owner, name)
            assert.deepEqual([...(events[index] ?? [])].sort(), network.entries(name, space))
            assert.equal(network.node(name).log.stats().alarms, 0)
          }
        },
      ),
      { numRuns: 150 },
    )
  })
})

function pair(options: Parameters<TestNetwork['add']>[1] = {}): TestNetwork {
  const network = new TestNetwork()
  network.add('a', options)
  network.add('b', options)
  network.link('a', 'b')
  return network
}

function pairsOf(names: readonly string[]): [string, string][] {
  return names.flatMap((one, at) =>
    names.slice(at + 1).map((other): [string, string] => [one, other]),
  )
}

function flip(network: TestNetwork, [one, other]: [string, string] = ['a', 'b']): void {
  if (network.linked(one, other)) network.unlink(one, other)
  else network.link(one, other)
}

/** The visible entries as told by changes alone. */
function mirror(network: TestNetwork, at: string): Set<string> {
  const shown = new Map<string, string>()
  const set = new Set<string>()
  network.node(at).log.watch(space, ({ owner, key, type, value }) => {
    const id = `${owner}/${key}`
    const former = shown.get(id)
    if (former !== undefined) set.delete(former)
    shown.delete(id)
    if (type === 'delete') return
    shown.set(id, `${id}=${String(value)}`)
    set.add(`${id}=${String(value)}`)
  })
  return set
}

function watch(network: TestNetwork, at: string): string[] {
  const changes: string[] = []
  network.node(at).log.watch(space, ({ cause, type, owner, key, value }) => {
    const shown = type === 'put' ? `=${String(value)}` : ''
    changes.push(`${cause} ${type} ${owner}/${key}${shown}`)
  })
  return changes
}

/** Bodies of the messages of one kind that a node has sent. */
function sent(network: TestNetwork, from: string, code: number): Uint8Array[] {
  return network.seen
    .filter((message) => message.from === from && message.payload[0] === code)
    .map(({ payload }) => payload.subarray(1))
}

/** Loses the next message of one kind. */
async function loseOne(network: TestNetwork, code: number, act: () => void): Promise<void> {
  let isLost = false
  network.fate = ({ payload }) => {
    if (isLost || payload[0] !== code) return 'accepted'
    isLost = true
    return 'lost'
  }
  act()
  await network.host.advance(20)
  assert.ok(isLost)
  network.fate = () => 'accepted'
}

function deliver(network: TestNetwork, to: string, payload: Uint8Array): void {
  network.node(to).router.receive({ from: 'a', class: 'control', epoch: 1, sequence: 1, payload })
}

function assertAgree(network: TestNetwork, owner: string, at: string): void {
  const own = network.state(owner, owner)
  const held = network.state(at, owner)
  assert.deepEqual({ ...held, state: '' }, { ...own, state: '' })
  assert.equal(held?.state, 'known')
}

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ownerLogDefaults } from './options.ts'
import { OwnLog } from './own-log.ts'
import { PeerStream, type StreamPart } from './peer-stream.ts'
import { Replica } from './replica.ts'

const self = { owner: 'a', incarnation: '1' }
// The smallest slices: a few entries each.
const options = { ...ownerLogDefaults, sliceMaxBytes: 100, windowMaxBytes: 1e9 }

interface Change {
  readonly key: string
  /** Absent: the key is deleted. */
  readonly value: number | undefined
}

const change: fc.Arbitrary<Change> = fc.record({
  key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
  value: fc.option(fc.nat(3), { nil: undefined }),
})

function write(own: OwnLog, { key, value }: Change): void {
  if (value === undefined) own.delete('space', key)
  else own.put('space', key, value)
}

function nextOf(stream: PeerStream, own: OwnLog): StreamPart | undefined {
  const part = stream.next(own)
  assert.notEqual(part, 'lost')
  return part as StreamPart | undefined
}

function apply(replica: Replica, part: StreamPart): void {
  const nothing = (): void => undefined
  const work =
    part.kind === 'slice'
      ? replica.applySlice({ ...self, ...part.slice }, nothing)
      : replica.applyDelta({ ...self, ...part.range }, nothing)
  let step = work.next()
  while (!step.done) step = work.next()
  assert.equal(step.value.kind, 'fine')
}

function entriesOf(log: OwnLog | Replica): [string, unknown][] {
  return [...log.entries('space')].map(({ key, value }): [string, unknown] => [key, value]).sort()
}

describe('PeerStream', () => {
  it('leads the peer to the same entries, however they change while a snapshot is under way', () => {
    const before = fc.array(change, { minLength: 5, maxLength: 20 })
    const meanwhile = fc.array(fc.array(change, { maxLength: 4 }), { maxLength: 12 })
    fc.assert(
      fc.property(before, meanwhile, (first, rounds) => {
        const own = new OwnLog(self, options)
        for (const each of first) write(own, each)
        own.seal()
        const stream = new PeerStream('1', options)
        const replica = new Replica(self.owner, self.incarnation, 100)
        stream.beginSnapshot(1, own)
        for (const changes of [...rounds, ...Array.from({ length: 60 }, () => [])]) {
          for (const each of changes) write(own, each)
          // Half of the batches end before the next message, half after it.
          if (changes.length % 2 === 0) own.seal()
          const part = nextOf(stream, own)
          if (!part) continue
          apply(replica, part)
          stream.sent(part, 1)
        }
        assert.deepEqual(entriesOf(replica), entriesOf(own))
        assert.equal(replica.hash, own.hash)
        assert.equal(replica.sequence, own.sequence)
      }),
    )
  })

  it('gives a slice again that the transport did not take', () => {
    const own = new OwnLog(self, options)
    for (const key of 'abcdefghij') own.put('space', key, 1)
    own.seal()
    const stream = new PeerStream('1', options)
    stream.beginSnapshot(1, own)
    const part = nextOf(stream, own)
    assert.deepEqual(nextOf(stream, own), part)
    if (part) stream.sent(part, 1)
    assert.notDeepEqual(nextOf(stream, own), part)
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { EpochClock, sinceOf } from './epoch-clock.ts'
import { compareRecords, isNameValue, recordOf, valueOf, type NameRecord } from './record.ts'

// Few values, so that ties are common.
const record: fc.Arbitrary<NameRecord> = fc.record(
  {
    name: fc.constant('x'),
    node: fc.constantFrom('a', 'b', 'c'),
    incarnation: fc.constantFrom('1', '2'),
    kind: fc.constantFrom('claimed', 'adopted'),
    epoch: fc.integer({ min: 0, max: 2 }),
    since: fc.constant(0),
    meta: fc.constant(undefined),
  },
  { noNullPrototype: true },
)

const claimed: NameRecord = {
  ...{ name: 'x', node: 'b', incarnation: '1', kind: 'claimed', epoch: 5, since: 0 },
  meta: undefined,
}

describe('compareRecords', () => {
  it('is a total order: two different records are never equal, and order is transitive', () => {
    fc.assert(
      fc.property(record, record, record, (a, b, c) => {
        assert.equal(Math.sign(compareRecords(a, b)) + Math.sign(compareRecords(b, a)), 0)
        if (compareRecords(a, b) === 0) assert.deepEqual(a, b)
        if (compareRecords(a, b) <= 0 && compareRecords(b, c) <= 0) {
          assert.ok(compareRecords(a, c) <= 0)
        }
      }),
    )
  })

  it('finds the same winner in every permutation', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 6 }), fc.nat(), (records, turn) => {
        const turned = records.map((_, at) => records[(at + turn) % records.length] as NameRecord)
        assert.deepEqual(turned.toSorted(compareRecords)[0], records.toSorted(compareRecords)[0])
      }),
    )
  })

  it('keeps the incumbent: the name claimed first, not the one claimed last', () => {
    const later = { ...claimed, node: 'a', epoch: 6 }
    assert.ok(compareRecords(claimed, later) < 0)
  })

  it('keeps the child of the later epoch, and a child before a plain name', () => {
    const child: NameRecord = { ...claimed, kind: 'adopted', epoch: 1 }
    assert.ok(compareRecords({ ...child, epoch: 2, node: 'z' }, child) < 0)
    assert.ok(compareRecords(child, { ...claimed, epoch: 0 }) < 0)
  })
})

describe('recordOf', () => {
  const owner = { name: 'x', node: 'b', incarnation: '1' }
  const log = { owner: 'b', incarnation: '1' }

  it('reads what valueOf wrote', () => {
    for (const meta of [undefined, { zone: 'eu' }, [1]]) {
      for (const kind of ['claimed', 'adopted'] as const) {
        const epoch = 2_048
        const since = kind === 'claimed' ? sinceOf(epoch) : 77
        const written: NameRecord = { ...owner, kind, epoch, since, meta }
        const value = valueOf(written)
        assert.ok(isNameValue(value))
        assert.deepEqual(recordOf({ log, key: 'x', value }), written)
      }
    }
  })

  it('knows nothing of what it does not understand', () => {
    for (const value of [undefined, null, {}, 'x', [], ['x'], 1.5, -1, [1, null, 'x']]) {
      assert.equal(isNameValue(value), false)
    }
  })
})

describe('EpochClock', () => {
  it('only grows, whatever the wall clock does, and is later than what it has seen', () => {
    let wallMs = 1_000
    const clock = new EpochClock({ wallClockMs: () => wallMs })
    const epochs = [clock.next(), clock.next()]
    wallMs = 10
    epochs.push(clock.next())
    clock.observe(99_000_000)
    epochs.push(clock.next())
    clock.observe(5)
    epochs.push(clock.next())
    assert.deepEqual(
      epochs,
      [...new Set(epochs)].sort((a, b) => a - b),
    )
    assert.ok((epochs[3] ?? 0) > 99_000_000)
  })

  it('holds the time of the claim', () => {
    const now = Date.UTC(2030, 0, 1)
    const clock = new EpochClock({ wallClockMs: () => now })
    assert.equal(sinceOf(clock.next()), now)
    assert.ok(Number.isSafeInteger(clock.last))
  })
})

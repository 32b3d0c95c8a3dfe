import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { counterMax, compareVersions, nextStamp, type Version } from './version.ts'

// Few values, so that ties are common.
const version = fc.record(
  {
    wallMs: fc.integer({ min: 0, max: 2 }),
    counter: fc.integer({ min: 0, max: 2 }),
    writer: fc.constantFrom('a', 'b', 'é'),
    hash: fc.constantFrom('', '00', 'ff'),
  },
  { noNullPrototype: true },
)

describe('compareVersions', () => {
  it('is a total order over random versions', () => {
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        assert.equal(Math.sign(compareVersions(a, b)) + Math.sign(compareVersions(b, a)), 0)
        if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0) {
          assert.ok(compareVersions(a, c) <= 0)
        }
        if (compareVersions(a, b) === 0) assert.deepEqual(a, b)
      }),
    )
  })

  it('finds the same newest in every permutation', () => {
    fc.assert(
      fc.property(fc.array(version, { minLength: 1, maxLength: 8 }), fc.nat(), (versions, seed) => {
        const newest = (list: Version[]): Version =>
          list.reduce((best, each) => (compareVersions(each, best) > 0 ? each : best))
        const turned = versions.map((_, at) => versions[(at + seed) % versions.length] as Version)
        assert.deepEqual(newest(turned.toReversed()), newest(versions))
      }),
    )
  })

  it('tells records of one writer and one moment apart by their content', () => {
    const at = { wallMs: 1, counter: 0, writer: 'a' }
    assert.ok(compareVersions({ ...at, hash: '02' }, { ...at, hash: '01' }) > 0)
  })

  it('lets the moment decide before the writer, and the writer before the content', () => {
    const early = { wallMs: 1, counter: 9, writer: 'z', hash: 'ff' }
    const late = { wallMs: 2, counter: 0, writer: 'a', hash: '' }
    assert.ok(compareVersions(early, late) < 0)
    assert.ok(compareVersions({ ...late, writer: 'b' }, { ...late, hash: 'ff' }) > 0)
  })
})

describe('nextStamp', () => {
  it('never goes back when the wall clock does', () => {
    assert.deepEqual(nextStamp({ wallMs: 10, counter: 3 }, 5), { wallMs: 10, counter: 4 })
    assert.deepEqual(nextStamp({ wallMs: 10, counter: 3 }, 11), { wallMs: 11, counter: 0 })
  })

  it('moves the millisecond on when its counter is used up', () => {
    const full = { wallMs: 10, counter: counterMax - 1 }
    assert.deepEqual(nextStamp(full, 5), { wallMs: 11, counter: 0 })
  })
})

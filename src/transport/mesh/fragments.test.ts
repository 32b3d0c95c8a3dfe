import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Reassembly, fragmentAt } from './fragments.ts'

const invalid = { code: 'FND_FRAME_INVALID' }

function start(totalBytes: number, part: number): Buffer {
  const body = Buffer.alloc(4 + part)
  body.writeUInt32BE(totalBytes, 0)
  return body
}

describe('Reassembly', () => {
  it('puts together what fragmentAt cut', () => {
    const sizes = fc.record({
      bytes: fc.integer({ min: 2, max: 5_000 }),
      part: fc.integer({ min: 1, max: 700 }),
    })
    fc.assert(
      fc.property(sizes, ({ bytes, part }) => {
        const payload = Buffer.from(Array.from({ length: bytes }, (_, i) => i % 251))
        const reassembly = new Reassembly(5_000)
        let whole: Buffer | undefined
        for (let offset = 0; offset < bytes;) {
          const { body, nextOffset, isLast } = fragmentAt(payload, offset, part)
          assert.equal(whole, undefined)
          whole = reassembly.add(7, Buffer.from(body), isLast)
          offset = nextOffset
        }
        assert.ok(whole && payload.equals(whole))
        assert.ok(!reassembly.isAt(7))
      }),
    )
  })

  it('begins anew with another sequence', () => {
    const reassembly = new Reassembly(100)
    reassembly.add(1, start(10, 5), false)
    assert.equal(reassembly.add(2, start(8, 4), false), undefined)
    assert.ok(!reassembly.isAt(1))
    assert.deepEqual(reassembly.add(2, Buffer.alloc(4), true), Buffer.alloc(8))
  })

  it('refuses sizes that do not add up', () => {
    const fresh = (): Reassembly => new Reassembly(100)
    assert.throws(() => fresh().add(1, start(101, 5), false), invalid)
    assert.throws(() => fresh().add(1, start(10, 10), false), invalid)
    assert.throws(() => fresh().add(1, start(10, 11), true), invalid)
    assert.throws(() => fresh().add(1, start(10, 0), false), invalid)
    assert.throws(() => fresh().add(1, start(0, 0), true), invalid)
    assert.throws(() => fresh().add(1, Buffer.alloc(3), false), invalid)
    assert.throws(() => fresh().add(1, start(10, 5), true), invalid)
  })
})

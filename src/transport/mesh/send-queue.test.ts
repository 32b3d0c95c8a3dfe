import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { SendQueue, payloadOverheadBytes } from './send-queue.ts'

describe('SendQueue', () => {
  it('gives back what was pushed, in order, and counts bytes with their overhead', () => {
    const operations = fc.array(fc.option(fc.integer({ min: 0, max: 50 })), { maxLength: 5_000 })
    fc.assert(
      fc.property(operations, (steps) => {
        const queue = new SendQueue(1e9)
        const model: Uint8Array[] = []
        for (const step of steps) {
          if (step === null) assert.equal(queue.shift(), model.shift())
          else {
            const payload = new Uint8Array(step)
            queue.push(payload)
            model.push(payload)
          }
          assert.equal(queue.frames, model.length)
          assert.equal(queue.peek(), model[0])
        }
        const bytes = model.reduce((sum, { length }) => sum + length + payloadOverheadBytes, 0)
        assert.equal(queue.bytes, bytes)
      }),
      { numRuns: 50 },
    )
  })

  it('stays in order when it is long and half empty', () => {
    const queue = new SendQueue(1e9)
    for (let i = 0; i < 10_000; i++) queue.push(Uint8Array.of(i & 255, i >> 8))
    for (let i = 0; i < 10_000; i++) assert.deepEqual(queue.shift(), Uint8Array.of(i & 255, i >> 8))
    assert.equal(queue.shift(), undefined)
    assert.equal(queue.bytes, 0)
  })

  it('is full at its bound, counting what is on its way elsewhere', () => {
    const queue = new SendQueue(1_000)
    queue.push(new Uint8Array(300))
    const restBytes = 1_000 - 300 - 2 * payloadOverheadBytes
    assert.ok(queue.fits(restBytes - 100, 100))
    assert.ok(!queue.fits(restBytes - 100 + 1, 100))
    assert.ok(!queue.fits(100, 400))
    assert.ok(queue.isRelaxed(0))
    assert.ok(!queue.isRelaxed(100))
  })

  it('takes one payload larger than the bound while nothing else waits', () => {
    const queue = new SendQueue(1_000)
    assert.ok(queue.fits(5_000, 0))
    queue.push(new Uint8Array(5_000))
    assert.ok(!queue.fits(0, 0))
  })

  it('takes a payload of any size once half of the bound is free', () => {
    const queue = new SendQueue(1_000)
    queue.push(new Uint8Array(500 - payloadOverheadBytes))
    assert.ok(queue.isRelaxed(0) && queue.fits(5_000, 0))
    queue.push(new Uint8Array(1))
    assert.ok(!queue.isRelaxed(0) && !queue.fits(5_000, 0))
  })
})

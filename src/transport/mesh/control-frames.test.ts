import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeCredit, decodeOpenClass, encodeCredit, encodeOpenClass } from './control-frames.ts'

describe('control frames', () => {
  it('carry credit up to 2^48 - 1 bytes', () => {
    const credit = { classIndex: 3, generation: 2 ** 32 - 1, totalBytes: 2 ** 48 - 1 }
    assert.deepEqual(decodeCredit(encodeCredit(credit)), credit)
    assert.equal(
      encodeCredit({ classIndex: 2, generation: 1, totalBytes: 256 }).toString('hex'),
      '0200000001000000000100',
    )
  })

  it('carry a class to open', () => {
    const wish = { classIndex: 2, generation: 2 ** 32 - 1 }
    assert.deepEqual(decodeOpenClass(encodeOpenClass(wish)), wish)
  })

  it('of another length are refused', () => {
    assert.throws(() => decodeCredit(Buffer.alloc(10)), { code: 'FND_FRAME_INVALID' })
    assert.throws(() => decodeCredit(Buffer.alloc(12)), { code: 'FND_FRAME_INVALID' })
    assert.throws(() => decodeOpenClass(Buffer.alloc(0)), { code: 'FND_FRAME_INVALID' })
  })
})

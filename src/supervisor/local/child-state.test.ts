import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fetchState, packState, stateChunkBytes, type PackedState } from './child-state.ts'

const maxBytes = 1_000_000

function orderOf({ bytes, checksum }: PackedState) {
  return { id: 'x', move: 'm', from: 'a', stateBytes: bytes.length, checksum }
}

/** A state whose encoded form has exactly that many bytes. */
function stateOf(length: number): PackedState {
  // How many bytes stand before the buffer depends on its length.
  for (let before = 0; before < 16; before++) {
    const state = Buffer.alloc(length - before, 7)
    const packed = packState('x', state, { version: 1, maxBytes })
    if (packed.bytes.length === length) return packed
  }
  throw new Error(`no buffer is ${String(length)} bytes when encoded`)
}

describe('the state of a child on its way', () => {
  for (const pieces of [1, 2]) {
    for (const beyond of [-1, 0, 1]) {
      const length = pieces * stateChunkBytes + beyond
      it(`arrives whole with ${String(length)} bytes`, async () => {
        const state = stateOf(length)
        assert.equal(state.bytes.length, length)
        const asked: number[] = []
        const arrived = await fetchState(orderOf(state), {
          maxBytes,
          fetch: (_, { offset }) => {
            asked.push(offset)
            return Promise.resolve(state.bytes.subarray(offset, offset + stateChunkBytes))
          },
        })
        assert.ok(Buffer.isBuffer(arrived) || arrived instanceof Uint8Array)
        assert.equal(
          Buffer.from(arrived).every((byte) => byte === 7),
          true,
        )
        assert.equal(asked.length, Math.ceil(length / stateChunkBytes))
      })
    }
  }

  it('is refused when it is damaged, ends early, or is larger than it may be', async () => {
    const state = stateOf(100)
    const damaged = Buffer.from(state.bytes)
    damaged[50] = (damaged[50] ?? 0) ^ 1
    for (const piece of [damaged, Buffer.alloc(0)]) {
      const arriving = fetchState(orderOf(state), { maxBytes, fetch: () => Promise.resolve(piece) })
      await assert.rejects(arriving, { code: 'FND_STATE_INVALID' })
    }
    const fetch = (): Promise<never> => Promise.reject(new Error('asked for all the same'))
    const tooLarge = fetchState(orderOf(state), { maxBytes: 99, fetch })
    await assert.rejects(tooLarge, { code: 'FND_STATE_INVALID' })
  })

  it('is refused where it comes from when it is too large by a byte', () => {
    const { length } = packState('x', 'abc', { version: 1, maxBytes }).bytes
    assert.ok(packState('x', 'abc', { version: 1, maxBytes: length }))
    assert.throws(() => packState('x', 'abc', { version: 1, maxBytes: length - 1 }), {
      code: 'FND_STATE_INVALID',
    })
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encodeValue } from '../../wire/index.ts'
import { refusalOf, words } from './handshake.ts'

describe('a refusal over the broker', () => {
  it('of a newer peer for an unknown reason counts as rejected', () => {
    const body = encodeValue({ reason: 'full_moon', message: 'Not\u0007 tonight', colour: 'blue' })
    assert.deepEqual(words.refuse.decode(body), { reason: 'rejected', message: 'Not? tonight' })
  })

  it('names no reason that is only ours', () => {
    const refuse = refusalOf({ reason: 'timeout', why: 'no answer' })
    assert.deepEqual(refuse, { reason: 'broken', message: 'no answer' })
  })
})

describe('a hello over the broker', () => {
  it('of a newer peer is understood: fields it adds are left out', () => {
    const identity = {
      name: 'b',
      incarnation: '1',
      cluster: 'c',
      addresses: [],
      roles: [],
      meta: {},
    }
    const hello = { protocol: { lowest: 2, highest: 3 }, identity, epoch: 0, nextSequence: [] }
    const body = encodeValue({ ...hello, colour: 'blue' })
    assert.deepEqual(words.hello.decode(body), hello)
  })
})

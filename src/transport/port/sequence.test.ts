import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { StreamBook, missingBefore, resume } from './sequence.ts'

const peer = (name: string, incarnation = '1'): { name: string; incarnation: string } => ({
  name,
  incarnation,
})

describe('StreamBook', () => {
  it('keeps the streams of an incarnation and begins anew with another', () => {
    const book = new StreamBook(10)
    const streams = book.of(peer('a'))
    assert.deepEqual(streams, { epoch: 0, next: [1, 1, 1, 1], expected: [1, 1, 1, 1] })
    streams.next[1] = 5
    assert.equal(book.of(peer('a')), streams)
    assert.equal(book.of(peer('a', '2')).next[1], 1)
  })

  it('forgets the least recently linked', () => {
    const book = new StreamBook(2)
    const a = book.of(peer('a'))
    const b = book.of(peer('b'))
    book.of(peer('a'))
    book.of(peer('c'))
    assert.equal(book.size, 2)
    assert.equal(book.of(peer('a')), a)
    assert.notEqual(book.of(peer('b')), b)
  })
})

describe('sequences', () => {
  it('count what is missing before a payload, and tell when it was there already', () => {
    assert.equal(missingBefore(5, 5), 0)
    assert.equal(missingBefore(5, 9), 4)
    assert.equal(missingBefore(5, 4), -1)
  })

  it('count what was lost before a fresh connection, from the first payload on', () => {
    const streams = new StreamBook(1).of(peer('a'))
    assert.equal(resume(streams, 2, 40), 39)
    assert.equal(resume(streams, 2, 47), 7)
    assert.equal(resume(streams, 2, 47), 0)
    assert.equal(resume(streams, 2, 1), 0)
    assert.deepEqual(streams.expected, [1, 1, 1, 1])
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HeardBook } from './heard-book.ts'

/** @param life name and sender of the peer. */
function hear(book: HeardBook, life: string, sequence: number): number {
  const [name = '', sender = ''] = life.split(' ')
  return book.of(name, sender).hear({ subject: 'x', generation: 0, sequence })
}

describe('what was heard of a peer', () => {
  it('is remembered over links of one life, and begins anew with another', () => {
    const book = new HeardBook(10, 10)
    assert.equal(hear(book, 'a 01', 1), 0)
    assert.equal(hear(book, 'a 01', 5), 3)
    assert.equal(hear(book, 'a 02', 7), 0)
    book.forget('02')
    assert.equal(hear(book, 'a 02', 9), 0)
  })

  it('is no loss where this node stopped to listen, linked or not', () => {
    const book = new HeardBook(10, 10)
    hear(book, 'a 01', 1)
    book.unsettle('x')
    assert.equal(hear(book, 'a 01', 5), 0)
  })

  it('is bounded: who was linked longest ago is forgotten', () => {
    const book = new HeardBook(2, 10)
    for (const name of ['a', 'b', 'c']) hear(book, `${name} 01`, 1)
    assert.equal(hear(book, 'c 01', 5), 3)
    assert.equal(hear(book, 'a 01', 5), 0)
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { jsonSafe } from './json-safe.ts'

class Order {
  readonly id: number
  readonly secret = (): string => 'none'
  constructor(id: number) {
    this.id = id
  }
}

class Document {
  toJSON(): object {
    return { order: new Order(7), at: new Date(0) }
  }
}

describe('jsonSafe', () => {
  it('makes of class instances what JSON makes of them, at any depth', () => {
    const given = { list: [new Order(1)], doc: new Document(), url: new URL('http://a/b') }
    assert.deepEqual(jsonSafe(given), {
      list: [{ id: 1, secret: undefined }],
      doc: { order: { id: 7, secret: undefined }, at: new Date(0) },
      url: 'http://a/b',
    })
  })

  it('keeps bytes and what else can be carried as it is, uncopied', () => {
    for (const value of [Buffer.from('x'), new Float32Array(2), new ArrayBuffer(1)]) {
      assert.equal((jsonSafe({ value }) as { value: unknown }).value, value)
    }
    for (const value of [new Date(1), new Map([[1, 2]]), new Set([1]), new TypeError('no')]) {
      assert.equal((jsonSafe([value]) as unknown[])[0], value)
    }
  })

  it('ends on a value that contains itself', () => {
    const loop: { self?: unknown } = {}
    loop.self = loop
    assert.equal(typeof jsonSafe(loop), 'object')
  })
})

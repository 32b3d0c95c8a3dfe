/** The reader of plain values: the same values as the unpacker, and nothing the validator refuses. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { carried } from './carry.ts'
import { packed } from './packer.ts'
import { notPlain, plainValueOf } from './plain-reader.ts'
import { revived } from './revive.ts'
import { validateValue } from './validator.ts'

const bytesOf = (value: unknown): Buffer => packed(carried(value), 0)

/** Reads bytes both ways; whatever the plain reader accepts must be valid and mean the same. */
function assertAgrees(bytes: Buffer): unknown {
  const plain = plainValueOf(bytes)
  if (plain === notPlain) return notPlain
  validateValue(bytes)
  assert.deepEqual(plain, revived(bytes))
  return plain
}

const scalar = fc.oneof(
  fc.constantFrom(null, true, false, NaN, Infinity, undefined, 7n),
  fc.integer(),
  fc.double(),
  fc.string({ maxLength: 300 }),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.uint8Array({ maxLength: 400 }),
  fc.date(),
)
const key = fc.string({ maxLength: 40 }).filter((text) => text !== '__proto__')
const anyValue = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    scalar,
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(key, tie('value'), { maxKeys: 20 }),
  ),
})).value

describe('plainValueOf', () => {
  it('reads what the unpacker reads, or gives up', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        assertAgrees(bytesOf(value))
      }),
      { numRuns: 500 },
    )
  })

  it('accepts nothing the validator refuses, in mutated and in random bytes', () => {
    const edit = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }))
    fc.assert(
      fc.property(anyValue, fc.array(edit, { maxLength: 4 }), fc.nat(8), (value, edits, cut) => {
        const bytes = bytesOf(value)
        for (const [place, byte] of edits) bytes[place % bytes.length] = byte
        assertAgrees(bytes.subarray(0, Math.max(0, bytes.length - cut)))
      }),
      { numRuns: 3_000 },
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        assertAgrees(Buffer.from(bytes))
      }),
      { numRuns: 5_000 },
    )
  })

  it('agrees on every token, alone and before every number of bytes', () => {
    for (let token = 0; token < 256; token++) {
      for (let length = 0; length < 12; length++) {
        for (const filler of [0, 1, 0x61, 0xa1, 0xff]) {
          assertAgrees(Buffer.from([token, ...new Array<number>(length).fill(filler)]))
        }
      }
    }
  })

  it('does not give up on plain messages', () => {
    const wide = Object.fromEntries(
      Array.from({ length: 40 }, (_, index) => [`key${String(index)}`, index]),
    )
    const messages: unknown[] = [
      { id: 1, name: 'Ada', tags: ['a', 'b'], price: 1.5, paid: true, note: null },
      { name: 'Ada', note: undefined, more: [undefined] },
      [0, 200, 40_000, 4_000_000_000, -1, -100, -30_000, -2_000_000_000],
      { text: 'x'.repeat(300), bytes: Buffer.from('hi'), list: new Array(100).fill(0) },
      wide,
    ]
    for (const message of messages) {
      assert.deepEqual(assertAgrees(bytesOf(message)), message)
    }
  })

  it('gives up on the key __proto__', () => {
    const bytes = Buffer.from('81a95f5f70726f746f5f5f01', 'hex')
    assert.equal(plainValueOf(bytes), notPlain)
  })

  it('gives up on a container that announces more than there is, without making room', () => {
    assert.equal(plainValueOf(Buffer.from('dcffff', 'hex')), notPlain)
    assert.equal(plainValueOf(Buffer.from('deffff', 'hex')), notPlain)
  })

  it('gives up on a value that is nested deeper than the codec carries', () => {
    assert.equal(plainValueOf(Buffer.from(`${'91'.repeat(33)}01`, 'hex')), notPlain)
    assert.equal(plainValueOf(Buffer.from(`${'81a161'.repeat(33)}01`, 'hex')), notPlain)
  })

  it('tells keys apart that share a place in its table', () => {
    const keys = Array.from({ length: 5_000 }, (_, index) => `k${String(index)}`)
    for (const key of keys) assert.deepEqual(plainValueOf(bytesOf({ [key]: 1 })), { [key]: 1 })
  })

  it('reads the same whatever it has read before, in objects that look nearly alike', () => {
    const name = fc.constantFrom('id', 'type', 'customer', 'a', 'ab', 'abc', 'abcd', 'total')
    const part = fc.oneof(
      fc.constantFrom('x', 'order.created', 'order.paid', 'c-1', 'c-2', ''),
      fc.integer(),
      fc.double(),
      fc.boolean(),
      fc.dictionary(name, fc.constantFrom('x', 'y', 1, null), { maxKeys: 4 }),
    )
    const messages = fc.array(fc.dictionary(name, part, { maxKeys: 6 }), { maxLength: 12 })
    const edit = fc.tuple(fc.nat(), fc.nat(), fc.integer({ min: 0, max: 255 }))
    fc.assert(
      fc.property(messages, fc.array(edit, { maxLength: 3 }), (values, edits) => {
        const all = values.map(bytesOf)
        for (const bytes of [...all, ...all, ...all.toReversed()]) {
          assert.notEqual(assertAgrees(bytes), notPlain)
        }
        for (const [which, place, byte] of edits) {
          const bytes = all[which % all.length]
          if (bytes) bytes[place % bytes.length] = byte
        }
        for (const bytes of all) assertAgrees(bytes)
      }),
      { numRuns: 1_000 },
    )
  })

  it('does not read on into what lies behind the bytes', () => {
    const whole = bytesOf({ type: 'order.created', city: 'Lisbon', paid: true })
    for (let round = 0; round < 4; round++) plainValueOf(whole)
    const memory = Buffer.concat([whole, Buffer.from('Lisbon')])
    for (let length = 0; length < whole.length; length++) {
      assert.equal(plainValueOf(memory.subarray(0, length)), notPlain)
    }
    assert.deepEqual(plainValueOf(memory.subarray(0, whole.length)), plainValueOf(whole))
  })

  it('gives every message an object of its own', () => {
    const bytes = bytesOf({ id: 1, tags: { a: 'b' } })
    const [first, second] = [0, 1, 2].map(() => plainValueOf(bytes) as { id: number; tags: object })
    assert.ok(first && second)
    first.id = 2
    Object.assign(first.tags, { a: 'c' })
    assert.deepEqual(second, { id: 1, tags: { a: 'b' } })
    assert.deepEqual(plainValueOf(bytes), second)
  })

  it('copies large bytes only where they would keep more than themselves in memory', () => {
    const large = bytesOf({ body: Buffer.alloc(10_000, 1) })
    const own = Uint8Array.from(large)
    const view = plainValueOf(own) as { body: Buffer }
    assert.equal(view.body.buffer, own.buffer)
    const crowded = new Uint8Array(30_000)
    crowded.set(large, 5)
    const copy = plainValueOf(crowded.subarray(5, 5 + large.length)) as { body: Buffer }
    assert.notEqual(copy.body.buffer, crowded.buffer)
    assert.deepEqual(view, copy)
  })

  it('gives bytes of its own, not views of the message', () => {
    const bytes = bytesOf({ body: Buffer.from('hello') })
    const value = plainValueOf(bytes) as { body: Buffer }
    bytes.fill(0)
    assert.equal(value.body.toString(), 'hello')
  })
})

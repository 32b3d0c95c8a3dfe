/** Messages of a shape: what comes back, what is refused, what is ignored. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encodeValue } from './codec.ts'
import { extensionTypes, frameKinds, messageCodes } from './codes.ts'
import { message } from './message.ts'
import * as shapes from './shapes.ts'

const shape = shapes.object({
  name: shapes.string(8),
  port: shapes.integer(1, 65_535),
  ratio: shapes.number(),
  isUp: shapes.boolean(),
  mood: shapes.oneOfWords(['calm', 'busy']),
  tags: shapes.array(shapes.string(4), 2),
  meta: shapes.record(shapes.unknownValue(), 2),
  hash: shapes.bytes(3),
  note: shapes.optionalOf(shapes.string(4)),
})
const hello = message(200, shape)
const good: shapes.ShapeOf<typeof shape> = {
  name: 'a',
  port: 7_000,
  ratio: 0.5,
  isUp: true,
  mood: 'calm',
  tags: ['x'],
  meta: { zone: 'b' },
  hash: Buffer.from([1, 2]),
}
const decode = (body: unknown): unknown => hello.decode(encodeValue(body))

const wrong: readonly (readonly [string, unknown, RegExp])[] = [
  ['a body that is no object', [good], /Field body: expected an object/],
  ['a Map for a body', new Map(Object.entries(good)), /Field body: expected an object/],
  ['a missing field', { ...good, name: undefined }, /Field body\.name: expected a string/],
  ['text that is too long', { ...good, name: '€€€' }, /body\.name: .* 8 bytes/],
  ['a fraction for an integer', { ...good, port: 1.5 }, /body\.port: expected an integer/],
  ['an integer below its range', { ...good, port: 0 }, /body\.port/],
  ['an integer above its range', { ...good, port: 65_536 }, /body\.port/],
  ['a bigint for an integer', { ...good, port: 5n }, /body\.port/],
  ['NaN', { ...good, ratio: NaN }, /body\.ratio: expected a finite number/],
  ['text for a number', { ...good, ratio: '1' }, /body\.ratio/],
  ['a number for a flag', { ...good, isUp: 1 }, /body\.isUp: expected true or false/],
  ['a word of no meaning', { ...good, mood: 'angry' }, /body\.mood: expected one of calm, busy/],
  ['too many items', { ...good, tags: ['a', 'b', 'c'] }, /body\.tags: .* at most 2/],
  ['a bad item', { ...good, tags: ['a', 5] }, /body\.tags\[1\]/],
  ['a Set for an array', { ...good, tags: new Set() }, /body\.tags/],
  ['too many keys', { ...good, meta: { a: 1, b: 2, c: 3 } }, /body\.meta: .* at most 2 keys/],
  ['a record that is an array', { ...good, meta: [] }, /body\.meta/],
  ['too many bytes', { ...good, hash: Buffer.alloc(4) }, /body\.hash: expected at most 3 bytes/],
  ['text for bytes', { ...good, hash: 'ab' }, /body\.hash/],
  ['a bad optional field', { ...good, note: 5 }, /body\.note/],
  ['null for an optional field', { ...good, note: null }, /body\.note/],
]

describe('message', () => {
  it('is its code byte and its body', () => {
    const ping = message(17, shapes.object({ id: shapes.integer() }))
    assert.equal(ping.encode({ id: 5 }).toString('hex'), '11' + '81a2696405')
    assert.equal(ping.code, 17)
  })

  it('comes back as it was sent, with and without what is optional', () => {
    assert.deepEqual(hello.decode(hello.encode(good).subarray(1)), good)
    const noted = { ...good, note: 'hi' }
    assert.deepEqual(hello.decode(hello.encode(noted).subarray(1)), noted)
  })

  it('drops fields it does not know, so that a later version may add some', () => {
    assert.deepEqual(decode({ ...good, later: 1 }), good)
  })

  it('refuses bytes that are no value', () => {
    assert.throws(() => hello.decode(Buffer.from([0xc1])), { code: 'FND_FRAME_INVALID' })
    assert.throws(() => hello.decode(Buffer.alloc(0)), { code: 'FND_FRAME_INVALID' })
  })

  for (const [name, body, pattern] of wrong) {
    it(`refuses ${name}, naming the field`, () => {
      assert.throws(() => decode(body), { code: 'FND_FRAME_INVALID', message: pattern })
    })
  }

  it('finds no field on a prototype', () => {
    const odd = message(1, shapes.object({ toString: shapes.unknownValue() }))
    assert.deepEqual(odd.decode(encodeValue({})), {})
  })
})

describe('the tables of numbers', () => {
  it('give no number two meanings', () => {
    for (const table of [messageCodes, frameKinds, extensionTypes]) {
      const numbers = Object.values<number>(table)
      assert.equal(new Set(numbers).size, numbers.length)
      assert.ok(numbers.every((number) => number > 0 && number < 256))
    }
  })
})

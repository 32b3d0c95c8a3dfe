/** The codec: golden bytes, round trips, refusals. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isFoundationError } from '../kernel/index.ts'
import { decodeValue, encodeValue } from './codec.ts'

const hex = (value: unknown): string => encodeValue(value).toString('hex')
const thereAndBack = (value: unknown): unknown => decodeValue(encodeValue(value))

const golden: readonly (readonly [string, unknown, string])[] = [
  ['null', null, 'c0'],
  ['undefined', undefined, 'd40000'],
  ['true', true, 'c3'],
  ['false', false, 'c2'],
  ['a small integer', 7, '07'],
  ['a negative integer', -1, 'ff'],
  ['8 bits', 200, 'ccc8'],
  ['-8 bits', -100, 'd09c'],
  ['16 bits', 40_000, 'cd9c40'],
  ['-16 bits', -30_000, 'd18ad0'],
  ['32 bits', 4_000_000_000, 'ceee6b2800'],
  ['-32 bits', -2_000_000_000, 'd288ca6c00'],
  ['a fraction', 1.5, 'cb3ff8000000000000'],
  ['NaN', NaN, 'cb7ff8000000000000'],
  ['Infinity', Infinity, 'cb7ff0000000000000'],
  ['a bigint', 7n, 'd30000000000000007'],
  ['the smallest 64-bit bigint', -(2n ** 63n), 'd38000000000000000'],
  ['a bigint beyond 64 bits', 2n ** 64n, 'c90000000a3300010000000000000000'],
  ['a negative bigint beyond 64 bits', -(2n ** 63n) - 1n, 'c90000000933018000000000000001'],
  ['text', 'hé', 'a368c3a9'],
  ['text of 32 bytes', 'a'.repeat(32), `d920${'61'.repeat(32)}`],
  ['a lone surrogate', '\ud800', 'c9000000023600d8'],
  ['text after a byte order mark', '\ufeffa', 'c90000000436fffe6100'],
  ['an array', [1, 2], '920102'],
  ['an object', { a: 1, b: undefined }, '82a16101a162d40000'],
  ['a Map', new Map([[1, 'x']]), 'c900000004309201a178'],
  ['a Set', new Set([1]), 'c900000002319101'],
  ['a Date', new Date(1), 'c900000008323ff0000000000000'],
  ['a Buffer', Buffer.from('hi'), 'c4026869'],
  ['a Uint8Array', new Uint8Array([1]), 'c40101'],
  ['an ArrayBuffer', new Uint8Array([9]).buffer, 'c900000002340009'],
  ['a Float64Array', new Float64Array([1]), 'c9000000093409000000000000f03f'],
  [
    'an Error',
    Object.assign(new TypeError('no', { cause: 1 }), { code: 'E' }),
    'c9000000113594a9547970654572726f72a26e6fa14501',
  ],
]

describe('encodeValue', () => {
  for (const [name, value, bytes] of golden) {
    it(`writes ${name} as it always did`, () => {
      assert.equal(hex(value), bytes)
    })
  }

  it('numbers typed arrays in an order that never changes', () => {
    const kinds = [
      new ArrayBuffer(8),
      new DataView(new ArrayBuffer(8)),
      new Int8Array(8),
      new Uint8ClampedArray(8),
      new Int16Array(4),
      new Uint16Array(4),
      new Int32Array(2),
      new Uint32Array(2),
      new Float32Array(2),
      new Float64Array(1),
      new BigInt64Array(1),
      new BigUint64Array(1),
    ]
    kinds.forEach((value, kind) => {
      assert.equal(encodeValue(value)[6], kind)
      assert.deepEqual(thereAndBack(value), value)
    })
  })

  it('leaves the reserved bytes in front', () => {
    for (const reserve of [0, 1, 12, 300]) {
      const bytes = encodeValue({ a: 1 }, reserve)
      assert.equal(bytes.subarray(reserve).toString('hex'), '81a16101')
    }
  })

  it('never writes to an encoded value again', () => {
    const first = encodeValue({ text: 'first', big: 'x'.repeat(40) })
    const before = first.toString('hex')
    for (let count = 0; count < 2_000; count++) encodeValue({ text: 'other', count })
    encodeValue(Buffer.alloc(2_000_000, 1))
    encodeValue({ text: 'after the large one' })
    assert.equal(first.toString('hex'), before)
  })

  it('leaves what it is given as it was', () => {
    const value = { map: new Map([['k', { at: new Date(0) }]]), list: [2n ** 70n, 'x'] }
    const copy = structuredClone(value)
    encodeValue(value)
    assert.deepEqual(value, copy)
  })
})

const refusals: readonly (readonly [string, unknown, RegExp])[] = [
  ['a function', { user: { onClick: () => 1 } }, /^message\.user\.onClick is a function/],
  ['a method', { list: [0, { run: Math.max }] }, /^message\.list\[1\]\.run is a function/],
  ['a symbol', [Symbol('x')], /^message\[0\] is a symbol/],
  ['an instance of a class', { at: new URL('http://a') }, /^message\.at is an instance of URL/],
  ['an instance of a subclass', [new (class Bag extends Map {})()], /^message\[0\] is .* Bag/],
  ['a subclass of Array', new (class List extends Array {})(), /instance of List/],
  ['an object over another', Object.create({ a: 1 }), /^message is an instance of Object/],
  ['a promise', { later: Promise.resolve() }, /^message\.later is an instance of Promise/],
  ['a WeakMap', new WeakMap(), /^message is an instance of WeakMap/],
  ['a RegExp', /x/, /instance of RegExp/],
  ['a boxed number', Object(1), /instance of Number/],
  ['shared memory', new SharedArrayBuffer(1), /instance of SharedArrayBuffer/],
  ['what a Map holds', new Map([['k', () => 1]]), /is a function/],
  ['what a Set holds', { set: new Set([Symbol('x')]) }, /is a symbol/],
  ['the cause of an error', new Error('x', { cause: () => 1 }), /is a function/],
  ['the key __proto__', JSON.parse('{"a":{"__proto__":1}}'), /__proto__/],
  ['a key of 257 bytes', { ['k'.repeat(257)]: 1 }, /key of more than 256 bytes/],
  ['a key of 86 wide characters', { ['€'.repeat(86)]: 1 }, /key of more than 256 bytes/],
  ['a key with a lone surrogate', { '\udfff': 1 }, /key that can't be carried/],
  ['an odd key', { 'a b': { f: () => 1 } }, /^message\["a b"\]\.f is a function/],
]

describe('encodeValue refuses', () => {
  for (const [name, value, pattern] of refusals) {
    it(`${name}, naming the path`, () => {
      assert.throws(
        () => encodeValue(value),
        (error) => {
          assert.ok(isFoundationError(error))
          assert.equal(error.code, 'FND_MESSAGE_INVALID')
          assert.match(error.message, pattern)
          return true
        },
      )
    })
  }

  it('a value that contains itself', () => {
    const value: Record<string, unknown> = {}
    value['self'] = [value]
    assert.throws(() => encodeValue(value), { code: 'FND_MESSAGE_INVALID', message: /itself/ })
  })

  it('33 levels, and carries 32', () => {
    const nest = (levels: number): unknown => (levels === 0 ? 1 : [nest(levels - 1)])
    assert.deepEqual(thereAndBack(nest(32)), nest(32))
    assert.throws(() => encodeValue(nest(33)), { code: 'FND_MESSAGE_INVALID' })
  })

  it('33 levels of extensions, and carries 32', () => {
    const nest = (levels: number): unknown => (levels === 0 ? 1 : new Set([nest(levels - 1)]))
    assert.deepEqual(thereAndBack(nest(32)), nest(32))
    assert.throws(() => encodeValue(nest(33)), { code: 'FND_MESSAGE_INVALID' })
  })

  it('and works as before afterwards', () => {
    assert.throws(() => encodeValue({ a: [() => 1] }))
    assert.equal(hex({ a: [1] }), '81a1619101')
  })
})

const key = fc
  .oneof(
    fc.string({ maxLength: 40 }),
    fc.constantFrom('', 'constructor', 'toJSON', 'hasOwnProperty'),
  )
  .filter((text) => text !== '__proto__')

/** Everything the codec promises to carry unchanged. */
const carriable = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: 'binary', maxLength: 90 }),
    fc.double().map((number) => (number === 0 ? 0 : number)),
    fc.integer(),
    fc.bigInt(),
    fc.boolean(),
    fc.constantFrom(
      null,
      undefined,
      '',
      '\ud800',
      '\udc00x',
      `\ufeff${'b'.repeat(99)}`,
      'toString',
    ),
    fc.date({ noInvalidDate: false }),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    fc.float64Array(),
    fc.int16Array(),
    fc.dictionary(key, tie('value')),
    fc.array(tie('value')),
    fc.array(tie('value')).map((items) => new Set(items)),
    fc.array(fc.tuple(tie('value'), tie('value'))).map((pairs) => new Map(pairs)),
  ),
})).value

describe('decodeValue', () => {
  it('gives back every value that can be carried', () => {
    fc.assert(
      fc.property(carriable, (value) => {
        assert.deepEqual(thereAndBack(plain(value)), plain(value))
      }),
      { numRuns: 1_500 },
    )
  })

  it('reads a view in the middle of a larger chunk, as Buffer or as Uint8Array', () => {
    const value = { map: new Map([['k', [new Date(3), 'é'.repeat(80)]]]), bin: Buffer.from([1]) }
    const bytes = encodeValue(value, 5)
    const chunk = new Uint8Array([9, ...bytes, 9])
    assert.deepEqual(decodeValue(bytes.subarray(5)), value)
    assert.deepEqual(decodeValue(chunk.subarray(6, chunk.length - 1)), value)
  })

  it('copies binary data out of the chunk', () => {
    const bytes = encodeValue(Buffer.from('hello'))
    const value = decodeValue(bytes) as Buffer
    bytes.fill(0)
    assert.equal(value.toString(), 'hello')
    assert.ok(Buffer.isBuffer(value))
  })

  it('gives an error its name, code and cause, and no foreign stack', () => {
    const cause = new RangeError('inner')
    const sent = Object.assign(new TypeError('outer', { cause }), { code: 'E_X', secret: 1 })
    const error = thereAndBack(sent) as Error & { code: string }
    assert.ok(error instanceof Error)
    assert.equal(error.name, 'TypeError')
    assert.equal(error.message, 'outer')
    assert.equal(error.code, 'E_X')
    assert.equal(error.stack, 'TypeError: outer')
    assert.equal((error.cause as Error).name, 'RangeError')
    assert.ok(!('secret' in error))
  })

  it('changes what the module says it changes', () => {
    assert.ok(Object.is(thereAndBack(-0), 0))
    assert.deepEqual(thereAndBack(new Uint8Array([1])), Buffer.from([1]))
    assert.deepEqual(thereAndBack(Object.create(null)), {})
    assert.deepEqual(thereAndBack([1, , 2]), [1, undefined, 2])
    assert.deepEqual(thereAndBack({ [Symbol('s')]: 1, a: 1 }), { a: 1 })
  })

  it('keeps keys that are names of Object.prototype as plain data', () => {
    const value = { constructor: 'c', toString: 1, hasOwnProperty: false, toJSON: 'j' }
    assert.deepEqual(thereAndBack(value), value)
    assert.equal(({} as Record<string, unknown>)['c'], undefined)
  })
})

/** fast-check makes dictionaries without a prototype; they arrive as plain objects. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (value instanceof Map) return new Map([...value].map(([k, v]) => [plain(k), plain(v)]))
  if (value instanceof Set) return new Set([...value].map(plain))
  if (typeof value !== 'object' || value === null) return value
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== null && prototype !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v)]))
}

/** The packer of plain values: the same bytes as the packer of all values, and never theirs again. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { carried } from './carry.ts'
import { packed } from './packer.ts'
import { packedPlain } from './plain-packer.ts'

const reserveBytes = 7

function hexOf(bytes: Uint8Array, from: number): string {
  return Buffer.from(bytes).toString('hex', from)
}

/** What both packers make of a value, without the reserved bytes. */
function both(value: unknown): { plain: string | undefined; full: string } {
  const plain = packedPlain(value, reserveBytes)
  const full = packed(carried(value), reserveBytes)
  return {
    plain: plain && hexOf(plain, reserveBytes),
    full: full.toString('hex', reserveBytes),
  }
}

function assertSame(value: unknown): void {
  const { plain, full } = both(value)
  assert.equal(plain, full)
}

const anyText = fc.oneof(fc.string(), fc.string({ unit: 'binary', maxLength: 300 }))
const scalar = fc.oneof(
  fc.constantFrom(null, undefined, true, false, 0, -0, NaN, Infinity),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
  anyText,
  fc.uint8Array({ maxLength: 400 }),
)
const key = fc.string({ maxLength: 40 }).filter((text) => text !== '__proto__')
const plainValue = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    scalar,
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(key, tie('value'), { maxKeys: 20 }),
  ),
})).value

describe('packedPlain', () => {
  it('writes what the packer of all values writes, or gives up', () => {
    fc.assert(
      fc.property(plainValue, (value) => {
        const { plain, full } = both(value)
        if (plain !== undefined) assert.equal(plain, full)
      }),
      { numRuns: 500 },
    )
  })

  it('does not give up on plain messages', () => {
    assertSame({ id: 1, name: 'Ada', tags: ['a', 'b'], price: 1.5, paid: true, note: null })
    assertSame({ absent: undefined, text: 'žluť', nested: { bytes: Buffer.from('hi') } })
    assertSame([0, 127, 128, 255, 256, 65_535, 65_536, 4_294_967_295, 4_294_967_296])
    assertSame([-1, -32, -33, -128, -129, -32_768, -32_769, -2_147_483_648, -2_147_483_649])
    assertSame(Array.from({ length: 300 }, (_, index) => index))
    for (const keys of [15, 16, 300]) {
      assertSame(
        Object.fromEntries(
          Array.from({ length: keys }, (_, index) => [`k${String(index)}`, index]),
        ),
      )
    }
  })

  it('writes text and bytes of every length class', () => {
    for (const length of [0, 15, 31, 32, 63, 64, 255, 256, 65_535, 65_536]) {
      assertSame('x'.repeat(length))
      assertSame(new Uint8Array(length))
      if (length < 0x10000) assertSame([Buffer.alloc(length)])
    }
  })

  it('writes the same whatever it has written before, in objects that look nearly alike', () => {
    const name = fc.constantFrom(
      'id',
      'type',
      'a',
      'ab',
      'abc',
      'ä',
      '',
      'k'.repeat(31),
      'k'.repeat(32),
    )
    const part = fc.oneof(
      fc.constantFrom('', 'x', 'order.created', 'order.paid', 'ž', 'x'.repeat(31), 'x'.repeat(32)),
      fc.integer(),
      fc.dictionary(name, fc.constantFrom('x', 'y', 1, null), {
        maxKeys: 4,
        noNullPrototype: true,
      }),
    )
    const messages = fc.array(fc.dictionary(name, part, { maxKeys: 8, noNullPrototype: true }), {
      maxLength: 12,
    })
    fc.assert(
      fc.property(messages, (values) => {
        for (const value of [...values, ...values, ...values.toReversed()]) assertSame(value)
      }),
      { numRuns: 1_000 },
    )
  })

  it('writes on after it has met more keys than it keeps', () => {
    for (let index = 0; index < 3_000; index++) assertSame({ [`k${String(index)}`]: 'x', id: 'y' })
  })

  it('leaves a very large value to the other packer', () => {
    assert.equal(packedPlain({ text: 'x'.repeat(200_000) }, 0), undefined)
  })

  it('gives up on everything else', () => {
    const others = [new Map(), new Set(), new Date(), 1n, new Error('no'), new Float64Array(1)]
    for (const value of others) assert.equal(packedPlain({ value }, 0), undefined)
    assert.equal(packedPlain('\ud800', 0), undefined)
    assert.equal(packedPlain(JSON.parse('{"__proto__":1}'), 0), undefined)
    assert.equal(packedPlain({ call: () => undefined }, 0), undefined)
  })

  it('gives up on what contains itself', () => {
    const loop: unknown[] = []
    loop.push(loop)
    assert.equal(packedPlain(loop, 0), undefined)
  })

  it('never writes bytes again that it gave away', () => {
    const messages = Array.from({ length: 2_000 }, (_, id) => ({ id, text: 'x'.repeat(id % 700) }))
    const given = messages.map((message) => packedPlain(message, reserveBytes))
    given.forEach((bytes, index) => {
      const full = packed(carried(messages[index]), reserveBytes)
      assert(bytes)
      assert.equal(hexOf(bytes, reserveBytes), full.toString('hex', reserveBytes))
      bytes.fill(0xff)
    })
  })

  it('is not confused by a getter that packs another value meanwhile', () => {
    const inner: (Uint8Array | undefined)[] = []
    const message = {
      before: 1,
      get middle() {
        inner.push(packedPlain({ other: 'value' }, 0))
        return 2
      },
      after: 3,
    }
    const bytes = packedPlain(message, 0)
    assert.deepEqual(inner, [undefined])
    assert.equal(
      bytes && hexOf(bytes, 0),
      packed({ before: 1, middle: 2, after: 3 }, 0).toString('hex'),
    )
  })

  it('packs on after a getter threw', () => {
    const message = {
      get broken(): never {
        throw new RangeError('no')
      },
    }
    assert.throws(() => packedPlain(message, 0), RangeError)
    assertSame({ id: 1 })
  })
})

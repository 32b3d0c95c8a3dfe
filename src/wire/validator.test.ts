/** Bytes of a hostile peer: a corpus, and a seeded fuzzer over mutated values. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isFoundationError } from '../kernel/index.ts'
import { decodeValue, encodeValue } from './codec.ts'
import { validateValue } from './validator.ts'

const bytesOf = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')

const corpus: readonly (readonly [string, Buffer])[] = [
  ['nothing', Buffer.alloc(0)],
  ['two values', bytesOf('01 02')],
  ['the token that means nothing', bytesOf('c1')],
  ['an array32 of 2^32-1', bytesOf('dd ffffffff')],
  ['a map32 of 2^32-1', bytesOf('df ffffffff')],
  ['a map32 of 2^31', bytesOf('df 80000000 a161 01')],
  ['a str32 of 4 GB', bytesOf('db ffffffff 61')],
  ['a bin32 of 4 GB', bytesOf('c6 ffffffff 61')],
  ['an ext32 of 4 GB', bytesOf('c9 ffffffff 30 90')],
  ['a header cut short', bytesOf('dd ffff')],
  ['nested array16 bombs', Buffer.alloc(72_000, bytesOf('dc ffff'))],
  ['nested map16 bombs', Buffer.alloc(72_000, bytesOf('de ffff a0'))],
  ['10^5 levels of arrays', Buffer.alloc(100_000, 0x91)],
  ['10^5 levels of maps', Buffer.alloc(100_000, bytesOf('81 a0'))],
  ['10^5 levels of sets', Buffer.concat([setsNested(20_000), Buffer.from([1])])],
  ['33 levels', Buffer.concat([Buffer.alloc(33, 0x91), Buffer.from([1])])],
  ['a text cut short', bytesOf('a5 6161')],
  ['a float cut short', bytesOf('cb 00')],
  ['the key __proto__', Buffer.concat([bytesOf('81 a9'), Buffer.from('__proto__'), bytesOf('01')])],
  [
    '__proto__ as str8',
    Buffer.concat([bytesOf('81 d909'), Buffer.from('__proto__'), bytesOf('01')]),
  ],
  [
    '__proto__ as str16',
    Buffer.concat([bytesOf('81da0009'), Buffer.from('__proto__'), bytesOf('01')]),
  ],
  [
    'a key of 257 bytes',
    Buffer.concat([bytesOf('81 da0101'), Buffer.alloc(257, 97), bytesOf('01')]),
  ],
  ['a number as key', bytesOf('81 01 01')],
  ['an array as key', bytesOf('81 91a161 01')],
  ['an extension nobody defined', bytesOf('c7 01 05 00')],
  ['a record definition of msgpackr', bytesOf('d4 72 40 91 a161 01')],
  ['a two byte record definition', bytesOf('d5 72 40 00 91 a161 01')],
  ['a reference of msgpackr', bytesOf('d6 70 00000001')],
  ['a reference target of msgpackr', bytesOf('d6 69 00000001 90')],
  ['bundled strings of msgpackr', bytesOf('d6 62 00000004 01 a161 a161')],
  ['a Set of msgpackr', bytesOf('d4 73 00 91 01')],
  ['a RegExp of msgpackr', bytesOf('d4 78 00 92 a161 a0')],
  ['an Error of msgpackr', bytesOf('d4 65 00 92 a545 72726f72 a0')],
  ['a timestamp', bytesOf('d6 ff 00000001')],
  ['another kind of undefined', bytesOf('d4 00 01')],
  ['undefined cut short', bytesOf('d4 00')],
  ['an extension of ours as fixext', bytesOf('d4 31 90')],
  ['a Map that holds no array', bytesOf('c7 01 30 01')],
  ['a Map with an odd number of parts', bytesOf('c7 02 30 91 01')],
  ['a Map with bytes after its parts', bytesOf('c7 02 30 90 01')],
  ['a Map with too few parts', bytesOf('c7 02 30 92 01')],
  ['a Map whose payload is empty', bytesOf('c7 00 30')],
  ['a Map whose payload is a cut header', bytesOf('c7 02 30 dc 00')],
  ['a Set of 2^32-1', bytesOf('c7 05 31 dd ffffffff')],
  ['an Error without a name', bytesOf('c7 03 35 92 01 a0')],
  ['an Error without parts', bytesOf('c7 01 35 90')],
  ['a Date of 4 bytes', bytesOf('c7 04 32 00000000')],
  ['a bigint without a magnitude', bytesOf('c7 01 33 00')],
  ['a typed array of no known kind', bytesOf('c7 02 34 63 00')],
  ['a Float64Array of 7 bytes', bytesOf('c7 08 34 09 00000000000000')],
  ['a typed array without a kind', bytesOf('c7 00 34')],
  ['text that is not UTF-8', bytesOf('a2 c328')],
  ['an overlong form', bytesOf('a2 c0af')],
  ['a surrogate in UTF-8', bytesOf('a3 eda080')],
  ['a key that is not UTF-8', bytesOf('81 a1ff 01')],
  ['text with a byte order mark', bytesOf('a4 efbbbf61')],
]

function setsNested(levels: number): Buffer {
  let total = Buffer.alloc(0)
  const layers: Buffer[] = []
  let length = 1
  for (let level = 0; level < Math.min(levels, 40); level++) {
    const header = Buffer.from([0xc9, 0, 0, 0, 0, 0x31, 0x91])
    header.writeUInt32BE(length + 1, 1)
    layers.unshift(header)
    length += header.length
  }
  total = Buffer.concat([total, ...layers])
  return total
}

/** Decodes; anything but a value or a FoundationError fails the test. */
function decodesOrRefuses(bytes: Buffer): boolean {
  try {
    decodeValue(bytes)
    return true
  } catch (error) {
    assert.ok(
      isFoundationError(error),
      `threw ${String(error)} for ${bytes.toString('hex', 0, 60)}`,
    )
    assert.equal(error.code, 'FND_FRAME_INVALID')
    assert.equal(error.cause, undefined, 'the validator should have refused it')
    return false
  }
}

describe('decodeValue refuses', () => {
  for (const [name, bytes] of corpus) {
    it(name, () => {
      assert.equal(decodesOrRefuses(bytes), false)
    })
  }

  it('bombs without allocating for them', () => {
    const bombs = corpus.filter(([name]) => /2\^|4 GB|bombs|10\^5/.test(name))
    for (const [name, bytes] of bombs) {
      assert.throws(() => decodeValue(bytes))
      const before = process.memoryUsage()
      assert.throws(() => decodeValue(bytes))
      const after = process.memoryUsage()
      assert.ok(after.heapUsed - before.heapUsed < 1_000_000, name)
      assert.ok(after.arrayBuffers - before.arrayBuffers < 1_000_000, name)
    }
  })

  it('more elements than bytes remain before it looks at any', () => {
    const rest = Buffer.alloc(1_000, 0xc1)
    for (const header of ['ddffffffff', 'dfffffffff', 'dcffff', 'deffff', '9f', '8f']) {
      const bytes = Buffer.concat([bytesOf(header), header.length > 2 ? rest : Buffer.alloc(0)])
      assert.throws(() => decodeValue(bytes), /announces more elements than it has/)
    }
  })

  it('every value with its end cut off', () => {
    const whole = encodeValue(seedValues)
    for (let length = 0; length < whole.length; length++) {
      assert.equal(decodesOrRefuses(whole.subarray(0, length)), false)
    }
  })
})

describe('validateValue', () => {
  it('accepts duplicate keys and names of Object.prototype, which are inert', () => {
    const bytes = bytesOf('83 a161 01 a161 02 ab 636f6e7374727563746f72 03')
    assert.deepEqual(decodeValue(bytes), { a: 2, constructor: 3 })
  })

  it('accepts the longest keys and every width of header', () => {
    for (const header of ['d903616161', 'da0003616161', 'db00000003616161']) {
      assert.equal(decodeValue(bytesOf(header)), 'aaa')
    }
    for (const header of ['9101', 'dc000101', 'dd0000000101']) {
      assert.deepEqual(decodeValue(bytesOf(header)), [1])
    }
    for (const header of ['81a16101', 'de0001a16101', 'df00000001a16101']) {
      assert.deepEqual(decodeValue(bytesOf(header)), { a: 1 })
    }
    for (const header of ['c40101', 'c5000101', 'c60000000101']) {
      assert.deepEqual(decodeValue(bytesOf(header)), Buffer.from([1]))
    }
    for (const header of ['c70231 9101', 'c8000231 9101', 'c90000000231 9101']) {
      assert.deepEqual(decodeValue(bytesOf(header)), new Set([1]))
    }
    const longest = { ['k'.repeat(256)]: 1, ['k'.repeat(255)]: 2, ['k'.repeat(32)]: 3 }
    assert.deepEqual(decodeValue(encodeValue(longest)), longest)
  })

  it('lets no frame of 256 KB hold the loop for long, whatever it is full of', () => {
    const nothing = Object.assign(new Error(''), { name: '' })
    for (const item of [nothing, {}, [], new Map(), new Date(0), Buffer.alloc(0), '\ud800']) {
      const count = Math.floor(260_000 / encodeValue(item).length)
      const bytes = encodeValue(Array.from({ length: count }, () => item))
      const started = process.cpuUsage()
      decodeValue(bytes)
      const tookMs = process.cpuUsage(started).user / 1_000
      assert.ok(tookMs < 600, `${String(tookMs)} ms for ${Object.prototype.toString.call(item)}`)
    }
    assert.ok(Error.stackTraceLimit > 0)
  })

  it('looks at each byte once, however deep it is nested', () => {
    const wide = encodeValue(Array.from({ length: 20_000 }, (_, index) => new Set([index])))
    const started = process.hrtime.bigint()
    validateValue(wide)
    decodeValue(wide)
    assert.ok(process.hrtime.bigint() - started < 1_000_000_000n)
  })
})

const seedValues = {
  text: 'héllo wörld',
  long: 'y'.repeat(70),
  numbers: [0, -1, 200, 70_000, 1.5, NaN, -40_000, 2n ** 70n, -5n],
  map: new Map<unknown, unknown>([
    ['k', { deep: [new Set([1, 'two'])] }],
    [3, undefined],
  ]),
  at: new Date(1_700_000_000_000),
  bin: Buffer.from([1, 2, 3]),
  doubles: new Float64Array([1, 2]),
  error: new TypeError('bad', { cause: 'x' }),
  surrogate: '\ud800',
}

describe('a seeded fuzzer', () => {
  it('gets a value or a FoundationError out of 30 000 mutated ones, and changes no prototype', () => {
    const chance = seeded(42)
    const seeds = [...corpus.map(([, bytes]) => bytes.subarray(0, 300)), encodeValue(seedValues)]
    let accepted = 0
    for (let round = 0; round < 30_000; round++) {
      const seed = seeds[Math.floor(chance() * seeds.length)] ?? Buffer.alloc(0)
      const bytes = mutated(round % 2 === 0 ? encodeValue(seedValues) : seed, chance)
      if (decodesOrRefuses(bytes)) accepted += 1
    }
    assert.ok(accepted > 300, `only ${String(accepted)} were accepted: the fuzzer tests too little`)
    assert.equal(({} as Record<string, unknown>)['x'], undefined)
    assert.deepEqual(Object.keys(Object.prototype), [])
  })

  it('gets the same out of 20 000 runs of random bytes', () => {
    const chance = seeded(7)
    for (let round = 0; round < 20_000; round++) {
      const bytes = Buffer.alloc(Math.floor(chance() * 40))
      for (let at = 0; at < bytes.length; at++) bytes[at] = Math.floor(chance() * 256)
      decodesOrRefuses(bytes)
    }
  })
})

function mutated(bytes: Buffer, chance: () => number): Buffer {
  const copy = Buffer.from(bytes)
  const changes = 1 + Math.floor(chance() * 4)
  for (let change = 0; change < changes && copy.length > 0; change++) {
    const at = Math.floor(chance() * copy.length)
    copy[at] = chance() < 0.5 ? Math.floor(chance() * 256) : 0xc0 + Math.floor(chance() * 32)
  }
  return chance() < 0.2 ? copy.subarray(0, Math.floor(chance() * copy.length)) : copy
}

/** A linear congruential generator: the same numbers in every run. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

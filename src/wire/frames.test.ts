/** Frames: golden header, any chunking, impossible lengths, bounded memory. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { FrameReader, frameHeaderBytes, frameOf, writeFrameHeader } from './frames.ts'

interface Read {
  kind: number
  sequence: number
  body: string
}

const frameMaxBytes = 100_000

function readAll(chunks: readonly Buffer[], maxBytes = frameMaxBytes): Read[] {
  const read: Read[] = []
  const reader = new FrameReader(maxBytes, (kind, sequence, body) => {
    read.push({ kind, sequence, body: Buffer.from(body).toString('hex') })
    return 'free'
  })
  for (const chunk of chunks) reader.push(chunk)
  return read
}

/** The stream cut at the sizes given, taken in turn. */
function cut(stream: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = []
  for (let at = 0, turn = 0; at < stream.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1
    // A chunk of its own memory: a reader that kept a view would see it overwritten below.
    chunks.push(Buffer.from(stream.subarray(at, at + size)))
    at += size
  }
  return chunks
}

describe('the header of a frame', () => {
  it('has had the same bytes since version 1', () => {
    const frame = frameOf(3, Buffer.from('body'), 2 ** 40 + 5)
    assert.equal(frame.toString('hex'), '0000000c' + '03' + '00' + '010000000005' + '626f6479')
  })

  it('is written at any offset, and says where the body begins', () => {
    const target = Buffer.alloc(frameHeaderBytes + 4, 0xee)
    const view = new DataView(target.buffer, target.byteOffset)
    const body = writeFrameHeader(view, 4, { kind: 1, sequence: 1, bodyBytes: 0 })
    assert.equal(body, frameHeaderBytes + 4)
    assert.equal(target.toString('hex'), 'eeeeeeee' + '00000008' + '0100' + '000000000001')
  })

  it('carries every sequence up to 2^48 - 1', () => {
    for (const sequence of [0, 1, 2 ** 32 - 1, 2 ** 32, 2 ** 48 - 1]) {
      assert.equal(readAll([frameOf(1, Buffer.alloc(1), sequence)])[0]?.sequence, sequence)
    }
  })
})

const frame = fc.record({
  kind: fc.integer({ min: 0, max: 255 }),
  sequence: fc.maxSafeNat().map((number) => number % 2 ** 48),
  size: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: frameMaxBytes })),
})

describe('FrameReader', () => {
  it('finds the same frames however the stream is cut, from 1 byte to 64 KB', () => {
    const chunkSize = fc.oneof(fc.integer({ min: 1, max: 16 }), fc.integer({ min: 1, max: 65_536 }))
    fc.assert(
      fc.property(
        fc.array(frame, { minLength: 1, maxLength: 6 }),
        fc.array(chunkSize, { minLength: 1, maxLength: 5 }),
        (frames, sizes) => {
          const bodies = frames.map(({ size, kind }) => Buffer.alloc(size, kind))
          const stream = Buffer.concat(
            frames.map(({ kind, sequence }, at) =>
              frameOf(kind, bodies[at] ?? Buffer.alloc(0), sequence),
            ),
          )
          const expected = frames.map(({ kind, sequence }, at) => {
            return { kind, sequence, body: bodies[at]?.toString('hex') ?? '' }
          })
          assert.deepEqual(readAll(cut(stream, sizes)), expected)
        },
      ),
      { numRuns: 150 },
    )
  })

  it('finds the frames of a stream that comes byte by byte', () => {
    const stream = Buffer.concat([frameOf(1, Buffer.from('abc'), 1), frameOf(2, Buffer.alloc(0))])
    assert.deepEqual(readAll(cut(stream, [1])), [
      { kind: 1, sequence: 1, body: '616263' },
      { kind: 2, sequence: 0, body: '' },
    ])
  })

  it('does not keep the chunk of an unfinished frame', () => {
    const whole = frameOf(1, Buffer.from('abcdef'))
    const read: string[] = []
    const reader = new FrameReader(100, (_kind, _sequence, body) => {
      read.push(String(Buffer.from(body)))
      return 'free'
    })
    const chunk = Buffer.from(whole.subarray(0, 15))
    reader.push(chunk)
    chunk.fill(0)
    reader.push(whole.subarray(15))
    assert.deepEqual(read, ['abcdef'])
  })
})

describe('the memory of a FrameReader', () => {
  const bodies = Array.from({ length: 6 }, (_, at) => Buffer.alloc(20_000 - at, at + 1))
  const stream = Buffer.concat(bodies.map((body, at) => frameOf(1, body, at + 1)))

  function readIn(use: 'kept' | 'free'): { read: Uint8Array[]; memories: number } {
    const read: Uint8Array[] = []
    const reader = new FrameReader(frameMaxBytes, (_kind, _sequence, body) => {
      read.push(use === 'kept' ? body : Uint8Array.from(body))
      memories.add(body.buffer)
      return use
    })
    const memories = new Set<ArrayBufferLike>()
    for (const chunk of cut(stream, [16_384])) reader.push(chunk)
    return { read, memories: memories.size }
  }

  it('is not written again while a body is kept', () => {
    assert.deepEqual(
      readIn('kept').read.map((body) => Buffer.from(body)),
      bodies,
    )
  })

  it('tells whether a body that is kept lies in a chunk', () => {
    const whole = frameOf(1, Buffer.alloc(10))
    const reader = new FrameReader(100, (kind) => (kind === 1 ? 'kept' : 'free'))
    assert.equal(reader.push(Buffer.concat([whole, frameOf(2, Buffer.alloc(10))])), 'kept')
    assert.equal(reader.push(frameOf(2, Buffer.alloc(10))), 'free')
    // Half a frame is copied out of its chunk.
    assert.equal(reader.push(whole.subarray(0, 15)), 'free')
    assert.equal(
      reader.push(Buffer.concat([whole.subarray(15), frameOf(2, Buffer.alloc(1))])),
      'free',
    )
  })

  it('is used again for bodies nobody keeps', () => {
    const { read, memories } = readIn('free')
    assert.deepEqual(
      read.map((body) => Buffer.from(body)),
      bodies,
    )
    assert.equal(memories, 1)
  })
})

describe('the limit of a FrameReader', () => {
  const impossible = [0, 1, 7, frameMaxBytes + 9, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]
  for (const length of impossible) {
    it(`refuses a length of ${String(length)}, in one chunk or byte by byte`, () => {
      const header = Buffer.alloc(12, 1)
      header.writeUInt32BE(length)
      const invalid = { code: 'FND_FRAME_INVALID' }
      assert.throws(() => readAll([header]), invalid)
      assert.throws(() => readAll(cut(header, [1])), invalid)
      assert.throws(() => readAll([header.subarray(0, 4)]), invalid)
    })
  }

  it('takes a frame of exactly the limit, and none above it', () => {
    assert.equal(readAll([frameOf(1, Buffer.alloc(50))], 50).length, 1)
    assert.throws(() => readAll([frameOf(1, Buffer.alloc(51))], 50), { code: 'FND_FRAME_INVALID' })
  })

  it('applies a raised limit to the next frame', () => {
    let frames = 0
    const reader = new FrameReader(10, () => {
      frames += 1
      reader.frameMaxBytes = 50
      return 'kept'
    })
    reader.push(Buffer.concat([frameOf(1, Buffer.alloc(10)), frameOf(1, Buffer.alloc(50))]))
    assert.equal(frames, 2)
  })

  it('holds no more than one frame of the limit, whatever a peer announces', () => {
    const header = Buffer.alloc(13)
    header.writeUInt32BE(8 + 1_000_000)
    const before = process.memoryUsage().arrayBuffers
    const readers = Array.from({ length: 20 }, () => new FrameReader(1_000_000, () => 'kept'))
    for (const reader of readers) for (const chunk of cut(header, [1])) reader.push(chunk)
    assert.ok(process.memoryUsage().arrayBuffers - before < 20 * 1_100_000)
    const small = Array.from({ length: 20 }, () => new FrameReader(999_999, () => 'kept'))
    const beforeSmall = process.memoryUsage().arrayBuffers
    for (const reader of small)
      assert.throws(() => {
        reader.push(header)
      })
    assert.ok(process.memoryUsage().arrayBuffers - beforeSmall < 100_000)
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Assembly } from './fragments.ts'
import { eachPayload, natsKinds, readFrame } from './frames.ts'
import { Outbox, type OutboxOptions, type Parcel } from './outbox.ts'
import type { Stream } from './streams.ts'

const base: OutboxOptions = {
  sender: '0102030405060708',
  queueMaxBytes: 64 * 1024,
  windowMaxBytes: 8 * 1024,
  messageMaxBytes: 4 * 1024,
  close: (message) => message,
}
const streams = new Map<string, Stream>()
/** The stream of a subject, about to say the payload of this sequence. */
function at(sequence: number, subject = 'x'): Stream {
  const stream = streams.get(subject) ?? { subject, generation: 0, next: 1 }
  streams.set(subject, stream)
  stream.next = sequence
  return stream
}

function drain(outbox: Outbox): Parcel[] {
  const parcels: Parcel[] = []
  for (let parcel = outbox.take(); parcel; parcel = outbox.take()) {
    parcels.push(parcel)
    outbox.confirm(outbox.flying)
  }
  return parcels
}

/** What a receiver makes of messages: sequence and text of each payload. */
function read(parcels: readonly Parcel[]): [number, string][] {
  const assembly = new Assembly(1024 * 1024)
  const heard: [number, string][] = []
  for (const { bytes } of parcels) {
    const frame = readFrame(bytes)
    let { sequence } = frame
    if (frame.kind === natsKinds.part) {
      const whole = assembly.add(String(sequence), frame.body)
      if (whole) heard.push([sequence, whole.toString()])
    } else eachPayload(frame.body, (payload) => heard.push([sequence++, payload.toString()]))
  }
  return heard
}

describe('Outbox', () => {
  it('joins what follows in one stream, and nothing else', () => {
    const outbox = new Outbox(base)
    outbox.add(at(1), Buffer.from('a'))
    outbox.add(at(2), Buffer.from('b'))
    outbox.add(at(1, 'y'), Buffer.from('c'))
    outbox.add(at(4), Buffer.from('after a hole'))
    const parcels = drain(outbox)
    assert.deepEqual(
      parcels.map(({ subject, payloads }) => `${subject} ${String(payloads)}`),
      ['x 2', 'y 1', 'x 1'],
    )
    assert.deepEqual(read(parcels), [
      [1, 'a'],
      [2, 'b'],
      [1, 'c'],
      [4, 'after a hole'],
    ])
  })

  it('keeps the order and every byte, whatever the sizes', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 12_000 }), { maxLength: 12 }), (sizes) => {
        const outbox = new Outbox({ ...base, queueMaxBytes: 1024 * 1024 })
        const texts = sizes.map((size, index) => String(index % 10).repeat(size))
        for (const [index, text] of texts.entries()) outbox.add(at(index + 1), Buffer.from(text))
        const parcels = drain(outbox)
        assert.ok(parcels.every(({ bytes }) => bytes.length <= base.messageMaxBytes))
        assert.deepEqual(
          read(parcels),
          texts.map((text, index) => [index + 1, text]),
        )
        assert.equal(outbox.queuedBytes, 0)
      }),
    )
  })

  it('lets no more than the window be under way', () => {
    const outbox = new Outbox(base)
    for (let index = 1; index <= 20; index++) outbox.add(at(index), Buffer.alloc(1_000))
    let taken = 0
    for (let parcel = outbox.take(); parcel; parcel = outbox.take()) taken += parcel.bytes.length
    assert.ok(taken >= base.windowMaxBytes && taken < base.windowMaxBytes + base.messageMaxBytes)
    outbox.confirm(outbox.flying)
    assert.ok(outbox.take())
  })

  it('says again, first and in order, what was not confirmed when the connection was lost', () => {
    const outbox = new Outbox(base)
    for (let index = 1; index <= 20; index++)
      outbox.add(at(index), Buffer.from(String(index).padEnd(1_000)))
    const sent: Parcel[] = []
    for (let parcel = outbox.take(); parcel; parcel = outbox.take()) sent.push(parcel)
    outbox.confirm(1)
    outbox.rewind()
    const again = read(drain(outbox)).map(([sequence]) => sequence)
    const confirmed = read(sent.slice(0, 1)).length
    assert.deepEqual(
      again,
      Array.from({ length: 20 - confirmed }, (_, index) => confirmed + 1 + index),
    )
  })

  it('is bounded, and drops what has waited longest when it is told to', () => {
    const outbox = new Outbox(base)
    let sequence = 0
    while (outbox.hasRoom(1_000)) outbox.add(at(++sequence), Buffer.alloc(1_000))
    assert.ok(outbox.queuedBytes <= base.queueMaxBytes)
    const dropped = outbox.makeRoom(1_000)
    assert.ok(dropped > 0)
    assert.ok(outbox.hasRoom(1_000))
    outbox.add(at(sequence + 1), Buffer.alloc(1_000))
    assert.equal(read(drain(outbox))[0]?.[0], dropped + 1)
  })
})

describe('Assembly', () => {
  it('passes over parts said twice and gives up a payload with a part missing', () => {
    const outbox = new Outbox({ ...base, queueMaxBytes: 1024 * 1024 })
    outbox.add(at(1), Buffer.from('z'.repeat(10_000)))
    const parts = drain(outbox)
    const [first, second, third] = parts as [Parcel, Parcel, Parcel]
    assert.deepEqual(read([first, second, first, second, third]), [[1, 'z'.repeat(10_000)]])
    assert.deepEqual(read([first, third]), [])
  })

  it('knows payloads of two streams that count alike apart', () => {
    const assembly = new Assembly(1_000)
    const body = Buffer.alloc(10)
    body.writeUInt32BE(2, 0)
    assert.ok(assembly.add('a 1', body))
    assert.equal(assembly.add('a 1', body), undefined, 'said twice')
    assert.ok(assembly.add('b 1', body))
  })

  it('refuses sizes that cannot be', () => {
    const body = Buffer.alloc(9)
    body.writeUInt32BE(2_000, 0)
    assert.throws(() => new Assembly(1_000).add('x 1', body), { code: 'FND_FRAME_INVALID' })
    assert.throws(() => new Assembly(1_000).add('x 1', Buffer.alloc(8)), {
      code: 'FND_FRAME_INVALID',
    })
  })
})

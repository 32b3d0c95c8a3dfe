import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { frameKinds } from '../../wire/index.ts'
import type { ChannelClass } from '../port/port.ts'
import type { ClassConnection } from './class-connection.ts'
import { Lane } from './lane.ts'
import { StreamBook } from '../port/sequence.ts'

interface Sent {
  readonly kind: number
  readonly sequence: number
  readonly bytes: number
}

/** A lane, what it wrote to a made-up connection, and what it told its link. */
function laneOf(
  channelClass: ChannelClass,
  queueMaxBytes = 1_000_000,
): { lane: Lane; sent: Sent[]; news: string[]; connection: ClassConnection } {
  const sent: Sent[] = []
  const news: string[] = []
  const lane = new Lane(
    {
      streams: new StreamBook(1).of({ name: 'a', incarnation: '1' }),
      deliver: (_lane, sequence, payload) =>
        news.push(`payload ${String(sequence)} of ${String(payload.length)}`),
      gap: (_lane, count) => news.push(`gap ${String(count)}`),
      wanted: () => news.push('wanted'),
      overflowed: () => news.push('overflowed'),
      limited: () => news.push('limited'),
    },
    channelClass,
    queueMaxBytes,
  )
  const connection = {
    pendingBytes: 0,
    write: (kind: number, sequence: number, body: Uint8Array) =>
      sent.push({ kind, sequence, bytes: body.length }),
    flush: () => undefined,
    close: () => news.push('old closed'),
  } as unknown as ClassConnection
  return { lane, sent, news, connection }
}

describe('Lane: sending', () => {
  it('asks for a connection, then sends what was queued and what follows in order', () => {
    const { lane, sent, news, connection } = laneOf('events')
    lane.send(Buffer.alloc(5))
    assert.deepEqual(news, ['wanted'])
    assert.deepEqual([lane.firstUnsent, lane.hasQueued], [1, true])
    lane.attach(connection, { told: 1, generation: 1 })
    lane.send(Buffer.alloc(6))
    const kind = frameKinds.data
    assert.deepEqual(sent, [
      { kind, sequence: 1, bytes: 5 },
      { kind, sequence: 2, bytes: 6 },
    ])
    assert.equal(lane.firstUnsent, 3)
  })

  it('cuts bulk into small parts and stops where credit ends', () => {
    const { lane, sent, news, connection } = laneOf('bulk')
    lane.attach(connection, { told: 1, generation: 1 })
    lane.send(Buffer.alloc(400 * 1024))
    assert.equal(sent.length, 16)
    assert.ok(sent.every(({ kind, sequence }) => kind === frameKinds.fragment && sequence === 1))
    assert.ok(news.includes('limited'))
    lane.credit?.credited(1, 200_000)
    lane.pump()
    assert.equal(sent.at(-1)?.kind, frameKinds.fragmentEnd)
    assert.equal(
      sent.reduce((sum, { bytes }) => sum + bytes, 0),
      400 * 1024 + 4,
    )
  })

  it('sends a payload that was cut off by a lost connection again, from its beginning', () => {
    const { lane, sent, connection } = laneOf('bulk')
    lane.attach(connection, { told: 1, generation: 1 })
    lane.send(Buffer.alloc(400 * 1024))
    lane.detach('degraded')
    assert.equal(lane.firstUnsent, 1)
    sent.length = 0
    lane.attach(connection, { told: 1, generation: 2 })
    assert.equal(sent[0]?.bytes, 16 * 1024 + 4)
  })

  it('takes a payload of any size from who waited for room: nobody waits in circles', async () => {
    const { lane } = laneOf('bulk', 100_000)
    lane.send(Buffer.alloc(10_000))
    lane.send(Buffer.alloc(10_000))
    let turns = 0
    while (lane.send(Buffer.alloc(200_000)) === 'full' && turns < 3) {
      await lane.whenWritable()
      turns += 1
    }
    assert.ok(turns < 3)
  })

  it('wakes who waits when a lost connection takes with it what filled the queue', async () => {
    const { lane, connection } = laneOf('events', 10_000)
    lane.attach(connection, { told: 1, generation: 1 })
    Object.assign(connection, { pendingBytes: 9_000 })
    const writable = lane.whenWritable()
    lane.detach('degraded')
    await writable
  })

  it('tells its link when a class that may not wait overflows', () => {
    const { lane, news } = laneOf('control', 10_000)
    assert.equal(lane.send(Buffer.alloc(9_000)), 'accepted')
    assert.equal(lane.send(Buffer.alloc(9_000)), 'full')
    assert.ok(news.includes('overflowed'))
  })
})

describe('Lane: receiving', () => {
  it('delivers in order and counts what is missing', () => {
    const { lane, news, connection } = laneOf('events')
    lane.attach(connection, { told: 5, generation: 1 })
    lane.frame(frameKinds.data, 5, Buffer.alloc(1))
    lane.frame(frameKinds.data, 8, Buffer.alloc(2))
    assert.deepEqual(news, ['gap 4', 'payload 5 of 1', 'gap 2', 'payload 8 of 2'])
    assert.throws(() => {
      lane.frame(frameKinds.data, 8, Buffer.alloc(1))
    })
    assert.equal(lane.stats().gapFrames, 6)
  })

  it('counts a payload whose rest never came as missing', () => {
    const { lane, news, connection } = laneOf('events')
    lane.attach(connection, { told: 1, generation: 1 })
    const body = Buffer.alloc(104)
    body.writeUInt32BE(1_000, 0)
    lane.frame(frameKinds.fragment, 1, body)
    lane.frame(frameKinds.data, 2, Buffer.alloc(3))
    assert.deepEqual(news, ['gap 1', 'payload 2 of 3'])
  })
})

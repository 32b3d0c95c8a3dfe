/** Contract of the transport port: what becomes of payloads. */
import assert from 'node:assert/strict'
import { until } from '../waiting/until.ts'
import type { ChannelClass } from '../../transport/index.ts'
import { allClasses, type Cast, type Stories } from './witness.ts'

const many = 2_000

/** What becomes of payloads. */
export const delivering: Stories = {
  payloads: {
    ...Object.fromEntries(
      allClasses.map((name) => [
        `of class ${name} arrive in order, both ways, counted from 1 without a hole`,
        (cast: Cast) => arriveInOrder(cast, name),
      ]),
    ),

    'of one class are counted apart from those of another': async (cast) => {
      const { ann, bob } = await cast.pair()
      for (const name of allClasses) await ann.say(bob, name, name)
      await until('all arrived', () => bob.frames.length === allClasses.length)
      assert.ok(bob.frames.every(({ sequence }) => sequence === 1))
      assert.deepEqual(new Set(bob.frames.map((frame) => frame.class)), new Set(allClasses))
    },

    'are carried up to the largest size, whole and as a copy': async (cast) => {
      const { ann, bob } = await cast.pair()
      for (const name of allClasses) {
        const size = ann.transport.capabilities.payloadMaxBytes[name]
        const payload = Buffer.alloc(size, name)
        assert.equal(ann.transport.send('bob', name, payload), 'accepted')
        await until(`${name} arrived`, () => bob.inboundOf(ann, name).length === 1, 60_000)
        const received = bob.inboundOf(ann, name)[0]?.payload
        assert.ok(received && Buffer.from(received).equals(payload))
        assert.ok(received.buffer !== payload.buffer, 'it is a copy')
      }
    },
  },

  'a send': {
    'to nobody known is disconnected': async (cast) => {
      const ann = await cast.add('ann')
      assert.equal(ann.transport.send('bob', 'events', Buffer.from('x')), 'disconnected')
      await ann.transport.whenWritable('bob', 'events')
      assert.equal(ann.transport.silentMs('bob'), undefined)
    },

    'into a full queue is refused, and whenWritable resolves when there is room': async (cast) => {
      const { ann, bob } = await cast.pair()
      const payload = Buffer.alloc(64 * 1024, 1)
      let accepted = 0
      while (ann.transport.send('bob', 'events', payload) === 'accepted') {
        accepted += 1
        assert.ok(accepted < 100_000, 'the queue has a bound')
      }
      await ann.transport.whenWritable('bob', 'events')
      assert.equal(ann.transport.send('bob', 'events', payload), 'accepted')
      await until('all arrived', () => bob.frames.length === accepted + 1, 20_000)
      assert.deepEqual(bob.gaps, [])
    },

    'that waits for room goes on when the link is gone': async (cast) => {
      const { ann } = await cast.pair()
      const payload = Buffer.alloc(64 * 1024, 1)
      while (ann.transport.send('bob', 'events', payload) === 'accepted');
      const waiting = ann.transport.whenWritable('bob', 'events')
      ann.transport.close('bob')
      await waiting
      assert.equal(ann.transport.send('bob', 'events', payload), 'disconnected')
    },

    'of telemetry drops the oldest when the queue is full, and the peer is told how many': async (
      cast,
    ) => {
      const { ann, bob } = await cast.pair()
      const size = 64 * 1024
      const sent = 1_000
      for (let index = 1; index <= sent; index++) {
        const payload = Buffer.alloc(size)
        payload.writeUInt32BE(index)
        assert.equal(ann.transport.send('bob', 'telemetry', payload), 'accepted')
      }
      const last = (): number =>
        Buffer.from(bob.frames.at(-1)?.payload ?? Buffer.alloc(4)).readUInt32BE()
      await until('the newest arrived', () => last() === sent, 20_000)
      assert.ok(bob.frames.length < sent, 'some were dropped')
      assert.equal(bob.frames.length + bob.missing(ann, 'telemetry'), sent)
      const dropped = ann.transport.stats()[0]?.classes.telemetry?.droppedFrames
      assert.equal(dropped, bob.missing(ann, 'telemetry'))
    },
  },
}

async function arriveInOrder(cast: Cast, name: ChannelClass): Promise<void> {
  const { ann, bob } = await cast.pair()
  const texts = Array.from({ length: many }, (_, index) => `${name} ${String(index)}`)
  for (const text of texts) await ann.say(bob, name, text)
  for (const text of texts) await bob.say(ann, name, text)
  await until('all arrived', () => ann.frames.length + bob.frames.length === 2 * many)
  assert.deepEqual(bob.heard(ann, name), texts)
  assert.deepEqual(ann.heard(bob, name), texts)
  const sequences = bob.inboundOf(ann, name).map(({ sequence }) => sequence)
  assert.deepEqual(
    sequences,
    Array.from({ length: many }, (_, index) => index + 1),
  )
  assert.ok(bob.frames.every(({ epoch }) => epoch === bob.ups[0]?.epoch))
  assert.deepEqual(bob.gaps, [])
}

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { channelClasses } from '../port/port.ts'
import { TestNode, areLinked, until, withLink, withProxy, withTwo } from './mesh-fixture.test.ts'

const text = (payload: Uint8Array): string => Buffer.from(payload).toString()

describe('MeshTransport', () => {
  it('carries payloads on every class, both ways', () =>
    withLink(async (a, b) => {
      for (const each of channelClasses) {
        assert.equal(a.mesh.send('b', each, Buffer.from(`to b ${each}`)), 'accepted')
        assert.equal(b.mesh.send('a', each, Buffer.from(`to a ${each}`)), 'accepted')
      }
      await until('all arrived', () => a.frames.length === 4 && b.frames.length === 4)
      for (const each of channelClasses) {
        const atB = b.frames.find(({ class: channelClass }) => channelClass === each)
        assert.equal(text(atB?.payload ?? Buffer.alloc(0)), `to b ${each}`)
        assert.deepEqual([atB?.from, atB?.sequence, atB?.epoch], ['a', 1, 1])
      }
      assert.deepEqual([...a.gaps, ...b.gaps], [])
    }))

  it('keeps order and sequences over many payloads of all sizes', () =>
    withLink(async (a, b) => {
      const sizes = [0, 1, 100, 8_191, 65_536, 65_537, 200_000]
      const total = 400
      for (let i = 0; i < total; i++) {
        const payload = Buffer.alloc(4 + (sizes[i % sizes.length] ?? 0), i)
        payload.writeUInt32BE(i, 0)
        while (a.mesh.send('b', 'events', payload) === 'full')
          await a.mesh.whenWritable('b', 'events')
      }
      await until('all arrived', () => b.frames.length === total)
      b.frames.forEach(({ payload, sequence }, i) => {
        assert.equal(sequence, i + 1)
        assert.equal(Buffer.from(payload).readUInt32BE(0), i)
        assert.equal(payload.length, 4 + (sizes[i % sizes.length] ?? 0))
        assert.ok(payload.subarray(4).every((byte) => byte === i % 256))
      })
      assert.deepEqual(b.gaps, [])
    }))

  it('carries a bulk payload of 20 MB whole', () =>
    withLink(async (a, b) => {
      const payload = Buffer.alloc(20_000_000, 'abcdefg')
      assert.equal(a.mesh.send('b', 'bulk', payload), 'accepted')
      await until('it arrived', () => b.frames.length === 1)
      assert.ok(payload.equals(b.frames[0]?.payload ?? Buffer.alloc(0)))
    }))
})

describe('MeshTransport: dialling', () => {
  it('tells why a dial failed', () =>
    withTwo(async (a, b) => {
      await assert.rejects(a.mesh.dial(a.address), {
        details: { reason: 'self', address: a.address },
      })
      b.admit = () => 'name_in_use'
      await assert.rejects(a.mesh.dial(b.address), { code: 'FND_NAME_IN_USE' })
      a.admit = () => 'rejected'
      b.admit = () => 'admit'
      await assert.rejects(a.mesh.dial(b.address), { code: 'FND_DIAL_FAILED' })
      await b.mesh.stop()
      await assert.rejects(a.mesh.dial(b.address), {
        code: 'FND_DIAL_FAILED',
        details: { reason: 'refused', address: b.address },
      })
      assert.deepEqual([...a.ups, ...b.ups], [])
      assert.deepEqual(a.news, [], 'the error of the dial says it')
      assert.deepEqual(b.news, ['refused name_in_use'])
    }))

  it('finds the link that exists when the peer is dialled again, from either side', () =>
    withLink(async (a, b) => {
      assert.equal((await a.mesh.dial(b.address)).name, 'b')
      assert.equal((await b.mesh.dial(a.address)).name, 'a')
      assert.deepEqual([a.ups.length, b.ups.length], [1, 1])
      assert.deepEqual([a.downs, b.downs], [[], []])
    }))

  it(
    'makes exactly one link when both dial in the same moment, 200 times',
    { timeout: 60_000 },
    () =>
      withTwo(async (a, b) => {
        for (let round = 1; round <= 200; round++) {
          // Membership takes its time now and then, which opens the order of events wider.
          const slowly = async (): Promise<'admit'> => {
            if (round % 2 === 0) await new Promise((resolve) => setTimeout(resolve, round % 6))
            return 'admit'
          }
          a.admit = slowly
          b.admit = slowly
          const [atA, atB] = await Promise.all([a.mesh.dial(b.address), b.mesh.dial(a.address)])
          assert.deepEqual([atA.name, atB.name], ['b', 'a'])
          await until('one link', () => areLinked(a, b))
          assert.deepEqual([a.ups.length, b.ups.length], [round, round])
          a.mesh.send('b', 'control', Buffer.of(round))
          b.mesh.send('a', 'events', Buffer.of(round))
          await until('it works', () => a.frames.length === round && b.frames.length === round)
          ;(round % 2 === 0 ? a : b).mesh.close(round % 2 === 0 ? 'b' : 'a')
          await until('down', () => a.downs.length === round && b.downs.length === round)
        }
        assert.deepEqual([...a.gaps, ...b.gaps], [])
        const reasons = new Set([...a.downs, ...b.downs].map(({ reason }) => reason))
        assert.deepEqual([...reasons].toSorted(), ['closed', 'goodbye'])
      }),
  )
})

describe('MeshTransport: the life of a link', () => {
  it('counts epochs alike on both sides and goes on with the sequences', () =>
    withLink(async (a, b) => {
      a.mesh.send('b', 'events', Buffer.of(1))
      await until('first', () => b.frames.length === 1)
      b.mesh.close('a')
      await until('down', () => a.downs.length === 1)
      await b.mesh.dial(a.address)
      await until('linked again', () => areLinked(a, b))
      a.mesh.send('b', 'events', Buffer.of(2))
      await until('second', () => b.frames.length === 2)
      assert.deepEqual(
        b.frames.map(({ epoch, sequence }) => ({ epoch, sequence })),
        [
          { epoch: 1, sequence: 1 },
          { epoch: 2, sequence: 2 },
        ],
      )
      assert.deepEqual(b.gaps, [])
    }))

  it('replaces the link of an incarnation that is gone', () =>
    withLink(async (a, b) => {
      const again = new TestNode('b')
      try {
        await again.start()
        await again.mesh.dial(a.address)
        await until('replaced', () => a.news.length === 3)
        assert.deepEqual(a.news, ['up b', 'down b lost', 'up b'])
        await until('the old one notices', () => b.downs.length === 1)
      } finally {
        await again.mesh.stop()
      }
    }))

  it('goes down after a goodbye only when slower classes have delivered', () =>
    withProxy(async (a, b, proxy) => {
      a.mesh.send('b', 'events', Buffer.of(0))
      await until('open', () => b.frames.length === 1)
      proxy.stall(1)
      for (let i = 0; i < 20; i++) a.mesh.send('b', 'events', Buffer.alloc(10_000))
      const stopping = a.mesh.stop()
      await until('a has said goodbye', () => a.downs.length === 1)
      await new Promise((resolve) => setTimeout(resolve, 100))
      proxy.pipe(1).client.pipe(proxy.pipe(1).server)
      await until('down', () => b.downs.length === 1)
      assert.equal(b.frames.length, 21)
      assert.deepEqual(b.news, ['up a', 'down a goodbye'])
      await stopping
    }))

  it('delivers what was sent just before an orderly stop', () =>
    withLink(async (a, b) => {
      const payload = Buffer.alloc(100_000)
      for (let i = 0; i < 20; i++)
        for (const each of ['events', 'bulk'] as const) a.mesh.send('b', each, payload)
      await a.mesh.stop()
      await until('down', () => b.downs.length === 1)
      assert.equal(b.frames.length, 40)
      assert.deepEqual(b.downs[0]?.reason, 'goodbye')
      assert.deepEqual(b.news, ['up a', 'down a goodbye'])
    }))
})

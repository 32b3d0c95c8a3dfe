/** Bounds, isolation and losses of single classes, over real sockets with a proxy between. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ChannelClass } from '../port/port.ts'
import { TestNode, classStats, until, withLink, withProxy } from './mesh-fixture.test.ts'

const kibibyte = 1024

/** Opens a class by one payload that arrives. */
async function warmUp(from: TestNode, to: TestNode, channelClass: ChannelClass): Promise<void> {
  const before = to.frames.length
  from.mesh.send(to.self.name, channelClass, Buffer.of(0))
  await until(`${channelClass} is open`, () => to.frames.length > before)
}

/** Offers payloads for as long as they are taken, some turns over, up to `limit`. */
async function flood(
  from: TestNode,
  channelClass: ChannelClass,
  { limit = 5_000, bytes = 16 * kibibyte }: { limit?: number; bytes?: number } = {},
): Promise<number> {
  const payload = Buffer.alloc(bytes, 'x')
  let taken = 0
  for (let i = 0; i < limit; i++) {
    if (from.mesh.send('b', channelClass, payload) !== 'accepted') break
    taken += 1
    if (i % 64 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  return taken
}

const bound = 1024 * kibibyte

describe('MeshTransport with a reader that stalls', () => {
  for (const channelClass of ['events', 'bulk'] as const) {
    it(`takes ${channelClass} up to the bound, then says full, and goes on when it reads again`, () =>
      withProxy(
        async (a, b, proxy) => {
          await warmUp(a, b, channelClass)
          proxy.stall(1)
          const taken = await flood(a, channelClass)
          assert.ok(taken < 5_000)
          assert.equal(a.mesh.send('b', channelClass, Buffer.alloc(16 * kibibyte)), 'full')
          assert.ok(classStats(a, channelClass).queuedBytes <= bound)
          const writable = a.mesh.whenWritable('b', channelClass)
          proxy.pipe(1).client.pipe(proxy.pipe(1).server)
          await writable
          await until('all arrive', () => b.frames.length === taken + 1)
          assert.deepEqual(b.gaps, [])
        },
        { eventsQueueMaxBytes: bound, bulkQueueMaxBytes: bound },
      ))
  }

  for (const bytes of [16 * kibibyte, 100 * kibibyte]) {
    it(`drops the oldest telemetry, ${String(bytes)} bytes each, and the receiver is told how many`, () =>
      withProxy(
        async (a, b, proxy) => {
          await warmUp(a, b, 'telemetry')
          proxy.stall(1)
          assert.equal(await flood(a, 'telemetry', { limit: 500, bytes }), 500)
          const { queuedBytes, droppedFrames } = classStats(a, 'telemetry')
          assert.ok(queuedBytes <= bound)
          assert.ok(droppedFrames > 400)
          proxy.pipe(1).client.pipe(proxy.pipe(1).server)
          await until('the rest arrives', () => b.frames.at(-1)?.sequence === 501)
          assert.equal(b.frames.length, 501 - droppedFrames)
          const missing = b.gaps.reduce((sum, { count }) => sum + count, 0)
          assert.equal(missing, droppedFrames)
          const whole = Buffer.alloc(bytes, 'x')
          assert.ok(b.frames.slice(1).every(({ payload }) => whole.equals(payload)))
        },
        { telemetryQueueMaxBytes: bound },
      ))
  }
})

describe('MeshTransport with a peer that does not read control', () => {
  it('closes the link', () =>
    withProxy(
      async (a, b, proxy) => {
        proxy.stall(0)
        await flood(a, 'control')
        await until('down', () => a.downs.length === 1)
        assert.equal(a.downs[0]?.reason, 'slow-peer')
        assert.equal(a.mesh.send('b', 'control', Buffer.of(1)), 'disconnected')
        await a.mesh.whenWritable('b', 'control')
        proxy.pipe(0).client.pipe(proxy.pipe(0).server)
        await until('the peer notices', () => b.downs[0]?.reason === 'lost')
      },
      { controlQueueMaxBytes: bound },
    ))
})

describe('MeshTransport when a class connection is lost', () => {
  for (const channelClass of ['events', 'bulk'] as const) {
    it(`keeps the link, reports what was lost of ${channelClass} exactly, and sends what was queued`, () =>
      withProxy(async (a, b, proxy) => {
        await warmUp(a, b, channelClass)
        proxy.stall(1)
        const taken = await flood(a, channelClass)
        assert.ok(taken < 5_000)
        proxy.cut(1)
        await until('the last one arrives', () => b.frames.at(-1)?.sequence === taken + 1)
        const missing = b.gaps.reduce((sum, { count }) => sum + count, 0)
        assert.ok(missing > 0 && missing < taken)
        assert.equal(b.frames.length + missing, taken + 1)
        assert.deepEqual([a.downs, b.downs], [[], []])
        assert.deepEqual(a.news, [
          'up b',
          `degraded b ${channelClass}`,
          `restored b ${channelClass}`,
        ])
        assert.ok(b.news.includes(`restored a ${channelClass}`))
      }))
  }

  it('reports a lost tail when nothing was queued', () =>
    withProxy(async (a, b, proxy) => {
      await warmUp(a, b, 'events')
      proxy.stall(1)
      for (let i = 0; i < 7; i++) a.mesh.send('b', 'events', Buffer.of(i))
      await new Promise((resolve) => setImmediate(resolve))
      proxy.cut(1)
      await until('restored', () => b.news.includes('restored a events'))
      assert.deepEqual(b.gaps, [{ channelClass: 'events', count: 7 }])
    }))

  it('is dialled again when only the accepting side has something to send', () =>
    withProxy(async (a, b, proxy) => {
      b.mesh.send('a', 'bulk', Buffer.of(1))
      await until('asked for and opened', () => a.frames.length === 1)
      proxy.cut(1)
      await until('degraded', () => b.news.includes('degraded a bulk'))
      b.mesh.send('a', 'bulk', Buffer.of(2))
      await until('arrives', () => a.frames.length === 2)
      assert.deepEqual(a.gaps, [])
    }))

  it('is dialled again when only the accepting side has noticed', () =>
    withProxy(async (a, b, proxy) => {
      await warmUp(a, b, 'events')
      proxy.halfOpen(1, 'server')
      await until('noticed', () => b.news.includes('degraded a events'))
      b.mesh.send('a', 'events', Buffer.of(1))
      await until('arrives', () => a.frames.length === 1)
      assert.deepEqual(a.news.slice(1), ['degraded b events', 'restored b events'])
    }))

  it('reports a gap over links: what the lost link had taken', () =>
    withProxy(async (a, b, proxy) => {
      proxy.stall(0)
      for (let i = 0; i < 5; i++) a.mesh.send('b', 'control', Buffer.of(i))
      await new Promise((resolve) => setImmediate(resolve))
      proxy.cut(0)
      await until('lost', () => a.downs.length === 1 && b.downs.length === 1)
      assert.deepEqual([a.downs[0]?.reason, b.downs[0]?.reason], ['lost', 'lost'])
      await b.mesh.dial(a.address)
      await until('told', () => b.gaps.length === 1)
      assert.deepEqual(b.gaps, [{ channelClass: 'control', count: 5 }])
    }))
})

describe('MeshTransport under load', () => {
  it('answers on control while bulk is saturated in both directions', { timeout: 20_000 }, () =>
    withLink(async (a, b) => {
      const load = { isOver: false }
      const saturate = async (node: TestNode, peer: string): Promise<void> => {
        const payload = Buffer.alloc(1024 * kibibyte)
        while (!load.isOver) {
          if (node.mesh.send(peer, 'bulk', payload) === 'full')
            await node.mesh.whenWritable(peer, 'bulk')
          await new Promise((resolve) => setImmediate(resolve))
        }
      }
      let onReply = (): void => undefined
      a.onFrame = ({ class: channelClass }) => {
        if (channelClass === 'control') onReply()
      }
      b.onFrame = ({ class: channelClass, payload }) => {
        if (channelClass === 'control') b.mesh.send('a', 'control', payload)
      }
      const floods = [saturate(a, 'b'), saturate(b, 'a')]
      const samples: number[] = []
      for (let i = 0; i < 100; i++) {
        const start = performance.now()
        await new Promise<void>((resolve) => {
          onReply = resolve
          a.mesh.send('b', 'control', Buffer.alloc(64))
        })
        samples.push(performance.now() - start)
        await new Promise((resolve) => setTimeout(resolve, 3))
      }
      load.isOver = true
      await Promise.all(floods)
      const p50 = samples.toSorted((x, y) => x - y)[50] ?? Infinity
      // Both nodes, and all of TLS, share one thread here: without the window this is hundreds.
      assert.ok(p50 < 30, `p50 of control ${String(p50)} ms`)
      assert.ok(classStats(a, 'bulk').sentBytes > 5_000_000)
    }),
  )
})

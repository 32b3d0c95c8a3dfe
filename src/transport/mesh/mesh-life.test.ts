/** Starting, stopping, half-dead links and what is left over. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { silentLog, systemHost } from '../../kernel/index.ts'
import { TestNode, areLinked, until, withLink, withProxy, withTwo } from './mesh-fixture.test.ts'

describe('MeshTransport: start and stop', () => {
  it('may each be called twice, and a stopped one says so', async () => {
    const node = new TestNode('a')
    await Promise.all([node.start(), node.start()])
    assert.match(node.address, /^127\.0\.0\.1:\d+$/)
    await Promise.all([node.mesh.stop(), node.mesh.stop()])
    await assert.rejects(node.mesh.dial('127.0.0.1:1'), { code: 'FND_NOT_RUNNING' })
    await assert.rejects(node.start(), { code: 'FND_NOT_RUNNING' })
    assert.equal(node.mesh.send('b', 'control', Buffer.of(1)), 'disconnected')
    await node.mesh.whenWritable('b', 'control')
    await new TestNode('b').mesh.stop()
  })

  it('listens no more when it is stopped just as it starts to', async () => {
    const addresses: unknown[] = []
    const debug = (fields: Record<string, unknown>): void => {
      addresses.push(...(fields['addresses'] as string[]))
      void node.mesh.stop()
    }
    const node = new TestNode('a', {}, { log: { ...silentLog, debug } })
    await assert.rejects(node.start(), { code: 'FND_NOT_RUNNING' })
    await node.mesh.stop()
    const other = await new TestNode('b').start()
    await assert.rejects(other.mesh.dial(String(addresses[0])), {
      details: { reason: 'refused', address: addresses[0] },
    })
    await other.mesh.stop()
  })

  it('keeps no link when it is stopped by the news of one', () =>
    withTwo(async (a, b) => {
      for (const news of ['up', 'down'] as const) {
        const c = new TestNode(`c-${news}`)
        const stops: Promise<void>[] = []
        c.onNews = (line) => {
          if (line.startsWith(news)) stops.push(c.mesh.stop())
        }
        await c.start()
        await a.mesh.dial(c.address).catch(() => undefined)
        // Another node with the name of "a" takes its place.
        const second = await new TestNode('a').start()
        await second.mesh.dial(c.address).catch(() => undefined)
        await until('stopped', () => stops.length > 0)
        await Promise.all(stops)
        assert.deepEqual(c.mesh.stats(), [])
        assert.equal(c.ups.length, c.downs.length)
        await second.mesh.stop()
        await until('all are gone', () => a.mesh.stats().length === 0)
      }
      assert.deepEqual(b.news, [])
    }))

  it('names a port that is taken, and can start again elsewhere', async () => {
    const first = await new TestNode('a').start()
    const port = Number(first.address.split(':')[1])
    const second = new TestNode('b', { listen: { host: '127.0.0.1', port } })
    await assert.rejects(second.start(), {
      code: 'FND_ADDRESS_IN_USE',
      message: new RegExp(String(port)),
    })
    await first.mesh.stop()
    await second.start()
    await second.mesh.stop()
  })

  it('listens on every interface, IPv6 included where the machine has it', async () => {
    const node = new TestNode('a', { listen: undefined })
    const other = await new TestNode('b').start()
    await node.start()
    const port = node.address.split(':').at(-1) ?? ''
    assert.equal((await other.mesh.dial(`127.0.0.1:${port}`)).name, 'a')
    await Promise.all([node.mesh.stop(), other.mesh.stop()])
  })

  it('ends dials that are under way', () =>
    withTwo(async (a, b) => {
      b.admit = () => new Promise(() => undefined)
      const dial = assert.rejects(a.mesh.dial(b.address), { code: 'FND_NOT_RUNNING' })
      await new Promise((resolve) => setTimeout(resolve, 20))
      await a.mesh.stop()
      await dial
    }))

  it('rejects an aborted dial with its reason', () =>
    withTwo(async (a, b) => {
      const reason = new Error('enough')
      await assert.rejects(a.mesh.dial(b.address, AbortSignal.abort(reason)), reason)
      b.admit = () => new Promise(() => undefined)
      const aborting = new AbortController()
      const dial = a.mesh.dial(b.address, aborting.signal)
      setTimeout(() => {
        aborting.abort(reason)
      }, 20)
      await assert.rejects(dial, reason)
    }))

  it('takes what is sent while it tells of the link', () =>
    withTwo(async (a, b) => {
      const up = a.ups.push.bind(a.ups)
      a.ups.push = (link) => {
        a.mesh.send('b', 'control', Buffer.of(1))
        a.mesh.send('b', 'events', Buffer.of(2))
        return up(link)
      }
      await a.mesh.dial(b.address)
      await until('both arrive', () => b.frames.length === 2)
      assert.deepEqual(b.gaps, [])
    }))
})

describe('MeshTransport: what a payload is answered with', () => {
  it('leaves before other sockets are read: control does not wait behind bulk', async () => {
    // The end of a turn, which comes after all sockets, never comes here.
    const host = { ...systemHost, defer: () => undefined }
    const calm = { pingIntervalMs: 60_000 }
    const [a, b] = [new TestNode('a', calm), new TestNode('b', calm, { host })]
    await Promise.all([a.start(), b.start()])
    b.onFrame = ({ payload }) => b.mesh.send('a', 'control', payload)
    await a.mesh.dial(b.address)
    const echo = async (): Promise<void> => {
      await until('the first pings are over', () => a.mesh.stats()[0]?.rttMs !== undefined)
      a.mesh.send('b', 'control', Buffer.of(7))
      await until('the answer', () => a.frames.length === 1, 2_000)
    }
    await echo().finally(() => Promise.all([a.mesh.stop(50), b.mesh.stop(50)]))
  })
})

describe('MeshTransport: a link that is half dead', () => {
  it('is closed by the side that hears nothing', () =>
    withProxy(
      async (a, b, proxy) => {
        proxy.stall(0)
        await until('b gives up', () => b.downs.length === 1)
        assert.equal(b.downs[0]?.reason, 'silent')
        // By the socket, or because "b" asks nothing more before it has an answer.
        await until('a notices too', () => a.downs.length === 1)
      },
      { pingIntervalMs: 50, silentAfterMs: 1_000 },
    ))

  it('loses the one class that hears nothing, and gets it back', () =>
    withProxy(
      async (a, b, proxy) => {
        a.mesh.send('b', 'events', Buffer.of(1))
        await until('open', () => b.frames.length === 1)
        proxy.stall(1)
        a.mesh.send('b', 'events', Buffer.of(2))
        await until('restored', () => a.news.includes('restored b events'))
        await until('told', () => b.gaps.length === 1)
        assert.deepEqual(b.gaps, [{ channelClass: 'events', count: 1 }])
        assert.deepEqual([a.downs, b.downs], [[], []])
      },
      { pingIntervalMs: 50, silentAfterMs: 1_000 },
    ))

  it('gives way to a new one when the peer dials again', { timeout: 15_000 }, () =>
    withProxy(async (a, b, proxy) => {
      proxy.halfOpen(0)
      await until('a has lost it', () => a.downs.length === 1)
      assert.equal(b.downs.length, 0)
      assert.equal((await a.mesh.dial(b.address)).name, 'b')
      await until('linked again', () => areLinked(a, b))
      assert.deepEqual(b.news, ['up a', 'down a silent', 'up a'])
    }),
  )

  it('answers how long nothing was heard', () =>
    withProxy(async (a, b, proxy) => {
      proxy.stall(0)
      await until('silence', () => (b.mesh.silentMs('a') ?? 0) > 100)
      assert.equal(b.mesh.silentMs('nobody'), undefined)
      assert.equal(a.mesh.stats()[0]?.peer, 'b')
    }))
})

describe('MeshTransport: what is left over', () => {
  it('is nothing after many links came and went', () =>
    withTwo(async (a, b) => {
      await a.mesh.dial(b.address)
      const resources = (): number => process.getActiveResourcesInfo().length
      a.mesh.close('b')
      await until('down', () => b.downs.length === 1)
      const before = resources()
      for (let i = 0; i < Number(process.env['CYCLES'] ?? 60); i++) {
        await a.mesh.dial(b.address)
        await until('up', () => areLinked(a, b))
        a.mesh.send('b', 'bulk', Buffer.alloc(1_000))
        b.mesh.send('a', 'events', Buffer.alloc(1_000))
        await until('data', () => a.frames.length === i + 1 && b.frames.length === i + 1)
        ;(i % 2 === 0 ? a : b).mesh.close(i % 2 === 0 ? 'b' : 'a')
        await until('down', () => a.downs.length === i + 2 && b.downs.length === i + 2)
      }
      await until('no handles', () => resources() <= before + 2)
      assert.deepEqual([...a.gaps, ...b.gaps], [])
    }))

  it('is nothing after a stop with all classes open', async () => {
    const before = process.getActiveResourcesInfo().length
    await withLink(async (a, b) => {
      for (const each of ['events', 'telemetry', 'bulk'] as const)
        a.mesh.send('b', each, Buffer.of(1))
      await until('open', () => b.frames.length === 3)
    })
    await until('no handles', () => process.getActiveResourcesInfo().length <= before + 1)
  })
})

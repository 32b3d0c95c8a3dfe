/** Connections of somebody without the secret: a node with a good peer does not mind them. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { systemHost } from '../../src/kernel/index.ts'
import { allKnowEachOther, eventually, openCrew, type Crew, type Worker } from './crew.ts'

/** The promise is 5 s from the first packet; the rest is for a machine that is busy. */
const goneWithinMs = 5_000 + 4_000
/** Idle calls take a few milliseconds; the rest is again for a machine that is busy. */
const p99MaxMs = 3_000

type Attack = (host: string, port: number) => Socket

/** Attackers dial from another loopback address than the good nodes: places are counted by address. */
function raw(host: string, port: number): Socket {
  return quiet(connect({ host, port, localAddress: '127.0.0.2' }))
}

function quiet(socket: Socket): Socket {
  return socket.on('error', () => undefined).resume()
}

function saying(bytes: Buffer | string): Attack {
  return (host, port) => {
    const socket = raw(host, port)
    socket.write(bytes)
    return socket
  }
}

function tls(version: 'TLSv1.2' | 'TLSv1.3'): Attack {
  return (host, port) => {
    const options = { maxVersion: version, minVersion: version, rejectUnauthorized: false } as const
    return quiet(connectTls({ ...options, socket: raw(host, port) }))
  }
}

/** The first bytes of a TLS handshake that would be 512 bytes long. */
const helloHead = Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03])

/** One more byte each 100 ms. */
const slowLoris: Attack = (host, port) => {
  const socket = raw(host, port)
  socket.write(helloHead)
  const drip = setInterval(() => {
    if (socket.writable) socket.write(Buffer.from([0]))
  }, 100)
  socket.once('close', () => {
    clearInterval(drip)
  })
  return socket
}

/** Ends its half at once and never closes. */
const halfOpen: Attack = (host, port) => {
  const options = { host, port, localAddress: '127.0.0.2', allowHalfOpen: true }
  const socket = connect(options).on('error', () => undefined)
  socket.end(helloHead)
  return socket.resume()
}

const attacks: Record<string, { attack: Attack; count: number }> = {
  'random bytes': { attack: saying(randomBytes(4_096)), count: 60 },
  'zero bytes': { attack: saying(Buffer.alloc(64 * 1024)), count: 60 },
  'HTTP requests': { attack: saying('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'), count: 60 },
  'TLS 1.2 handshakes': { attack: tls('TLSv1.2'), count: 60 },
  'TLS 1.3 handshakes without a key': { attack: tls('TLSv1.3'), count: 60 },
  'half-open connections': { attack: halfOpen, count: 60 },
  'handshakes that go on byte by byte': { attack: slowLoris, count: 60 },
  'silence on 300 connections': { attack: raw, count: 300 },
}

describe('a node with a good peer, against', () => {
  let crew: Crew
  let victim: Worker
  let friend: Worker
  let endpoint: [host: string, port: number]

  before(async () => {
    crew = await openCrew()
    const [ada, bell] = await crew.form(['ada', 'bell'])
    assert.ok(ada && bell)
    victim = ada
    friend = bell
    const [host = '', port = ''] = (await ada.address()).split(':')
    endpoint = [host, Number(port)]
  })
  after(() => crew.close())

  for (const [what, { attack, count }] of Object.entries(attacks)) {
    it(what, async (t) => {
      const beganMs = systemHost.nowMs()
      const sockets = Array.from({ length: count }, () => attack(...endpoint))
      try {
        const pings = { target: 'ada', count: 200, intervalMs: 5 }
        const { p50Ms, p99Ms, failed } = await friend.ask('ping', pings)
        t.diagnostic(`calls meanwhile: p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms`)
        assert.equal(failed, 0)
        assert.ok(p99Ms < p99MaxMs, `p99 ${p99Ms.toFixed(0)} ms`)
        await eventually('the node has closed all of them', goneWithinMs, () =>
          sockets.every((socket) => socket.destroyed || socket.readableEnded),
        )
        t.diagnostic(`all gone after ${(systemHost.nowMs() - beganMs).toFixed(0)} ms`)
        assert.deepEqual(friend.storyOf('ada'), ['member-up'])
        assert.deepEqual(victim.storyOf('bell'), ['member-up'])
      } finally {
        for (const socket of sockets) socket.destroy()
      }
    })
  }

  it('300 silent connections, while a new node joins', async () => {
    const sockets = Array.from({ length: 300 }, () => raw(...endpoint))
    try {
      const curie = await crew.hire('curie')
      await allKnowEachOther([victim, friend, curie])
      assert.deepEqual(victim.storyOf('bell'), ['member-up'])
    } finally {
      for (const socket of sockets) socket.destroy()
    }
  })

  it('words about them in its log that do not grow with their number', () => {
    const lines = victim.log.split('\n').length + victim.events.length
    assert.ok(lines < 60, victim.log)
  })
})

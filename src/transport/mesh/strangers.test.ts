import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { after, describe, it } from 'node:test'
import { systemHost } from '../../kernel/index.ts'
import {
  acceptor,
  dial,
  eventually,
  failureOf,
  greetOverTls,
  answerOn,
  type Acceptor,
} from './tls-fixtures.test.ts'

const sockets: Socket[] = []
after(() => {
  for (const socket of sockets) socket.destroy()
})

/** TCP connections that say nothing, from one local address. */
function silent(port: number, count: number, localAddress = '127.0.0.2'): Socket[] {
  const made = Array.from({ length: count }, () => {
    const socket = connect({ host: '127.0.0.1', port, localAddress })
    return socket.on('error', () => undefined).resume()
  })
  sockets.push(...made)
  return made
}

/** Sends the bytes one at a time, forever beginning anew, until the other end hangs up. */
async function dribble(socket: Socket, bytes: Buffer): Promise<number> {
  const startMs = systemHost.nowMs()
  for (let i = 0; !socket.destroyed; i++) {
    socket.write(bytes.subarray(i % bytes.length, (i % bytes.length) + 1))
    await new Promise<void>((resolve) => systemHost.after(10, resolve))
  }
  return systemHost.nowMs() - startMs
}

const severalAddresses = {
  skip: process.platform === 'linux' ? false : 'only Linux has all of 127.0.0.0/8 on loopback',
}

describe('connections that have not said HELLO', severalAddresses, () => {
  it('are bounded, and a good peer gets in beside 300 silent ones', async () => {
    const server = await acceptor({ handshakeTimeoutMs: 1500 })
    const crowd = silent(server.port, 300)
    await eventually('the crowd is in', () => server.listener.strangers === 128)
    await eventually(
      'the rest is closed',
      () => crowd.filter(({ destroyed }) => destroyed).length === 172,
    )
    const { accepted } = await greetOverTls(server)
    assert.equal(accepted.peer.name, 'a')
    assert.equal(server.listener.strangers, 128)
    await eventually('all are gone at the deadline', () => server.listener.strangers === 0)
    await eventually('their sockets too', () => crowd.every(({ destroyed }) => destroyed))
    assert.equal(accepted.socket.destroyed, false)
    assert.ok(server.refusals.every(({ reason }) => reason === 'timeout'))
  })

  it('never exceed the bound, however many addresses they come from', async () => {
    const server = await acceptor({ preAuthMaxSockets: 8 })
    for (let i = 0; i < 6; i++) silent(server.port, 4, `127.0.0.${String(i + 2)}`)
    await eventually('the bound is reached', () => server.listener.strangers === 8)
    assert.equal((await failureOf(dial(server.address))).reason, 'broken')
    assert.equal(server.listener.strangers, 8)
  })

  it('count until HELLO is done, not only until TLS is', async () => {
    const server = await acceptor({ preAuthMaxSockets: 2 })
    const dialed = await dial(server.address)
    const taken = await server.next()
    assert.equal(server.listener.strangers, 1)
    assert.equal((await failureOf(dial(server.address))).reason, 'broken')
    dialed.socket.destroy()
    await failureOf(answerOn(taken))
    await eventually('the place is free', () => server.listener.strangers === 0)
  })

  it('are not counted once they have', async () => {
    const server = await acceptor({ preAuthMaxSockets: 2 })
    for (let i = 0; i < 4; i++) await greetOverTls(server)
    assert.equal(server.listener.strangers, 0)
  })
})

describe('one deadline', severalAddresses, () => {
  const quick = (): Promise<Acceptor> => acceptor({ handshakeTimeoutMs: 200 })
  /** Long enough for a good handshake on a busy machine. */
  const fair = (): Promise<Acceptor> => acceptor({ handshakeTimeoutMs: 2_000 })

  it('ends a TLS handshake that goes on byte by byte', async () => {
    const server = await quick()
    const [socket] = silent(server.port, 1)
    assert.ok(socket)
    // The head of a ClientHello of 16 KiB, then its body.
    const tookMs = await dribble(socket, Buffer.from([22, 3, 1, 64, 0, 1, 0, 63, 252, 3, 3]))
    assert.ok(tookMs < 20_000, `${String(tookMs)} ms`)
    assert.deepEqual(
      server.refusals.map(({ reason }) => reason),
      ['timeout'],
    )
  })

  it('ends a HELLO that goes on byte by byte, and says timeout', async () => {
    const server = await fair()
    const dialed = await dial(server.address)
    const answering = failureOf(answerOn(await server.next()))
    dialed.socket.resume()
    const tookMs = await dribble(dialed.socket, Buffer.from([0, 0, 48, 0]))
    assert.ok(tookMs < 20_000, `${String(tookMs)} ms`)
    const { reason, message } = await answering
    assert.equal(reason, 'timeout')
    assert.match(message, /within 2000 ms/)
    assert.equal(server.listener.strangers, 0)
  })

  it('ends a connection whose HELLO nobody answers', async () => {
    const server = await fair()
    const dialed = await dial(server.address)
    dialed.socket.resume()
    await new Promise((resolve) => dialed.socket.once('close', resolve))
    await eventually('the place is free', () => server.listener.strangers === 0)
  })

  it('spares a greeted connection', async () => {
    const server = await fair()
    const { dialed, accepted } = await greetOverTls(server)
    silent(server.port, 1)
    await eventually('a later stranger is in', () => server.listener.strangers === 1)
    await eventually('and ended', () => server.listener.strangers === 0)
    assert.equal(dialed.socket.destroyed || accepted.socket.destroyed, false)
  })
})

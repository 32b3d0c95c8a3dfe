import assert from 'node:assert/strict'
import { connect as connectTcp } from 'node:net'
import { describe, it } from 'node:test'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import { Keyring, silentLog, systemHost, silentTelemetry } from '../../kernel/index.ts'
import { tlsSettings } from './credentials.ts'
import { MeshListener } from './listener.ts'
import { anyNode, pskFor, pskIdentity } from './psk.ts'
import {
  acceptor,
  answerOn,
  dial,
  eventually,
  failureOf,
  greetOverTls,
  offerOn,
  psk,
  secrets,
  type Acceptor,
} from './tls-fixtures.test.ts'

const [key] = new Keyring([secrets.first]).keys
const goodIdentity = pskIdentity({ keyId: key.id, cluster: 'shop', client: 'a', server: 'b' })

/** The TLS options of a well-behaved client; tests spoil one of them. */
const good = {
  ...tlsSettings,
  ALPNProtocols: ['fnd/1'],
  pskCallback: () => ({ psk: pskFor(key, goodIdentity), identity: goodIdentity }),
}

/** Resolves with how a TLS client of these options fares: a byte of data, or the end. */
async function fateOf(port: number, options: ConnectionOptions): Promise<'ended' | 'open'> {
  const socket = connectTls({ host: '127.0.0.1', port, ...options })
  socket.on('error', () => undefined)
  const fate = await Promise.race([
    new Promise<'ended'>((resolve) => {
      socket.once('close', () => {
        resolve('ended')
      })
    }),
    new Promise<'open'>((resolve) => {
      socket.once('data', () => {
        resolve('open')
      })
    }),
  ])
  socket.destroy()
  return fate
}

/** A listener that sends a byte to everybody it lets in. */
function welcoming(): Promise<Acceptor> {
  return acceptor({}, (socket) => socket.write('w'))
}

const spoiled: Record<string, ConnectionOptions & { reason: string; says: RegExp }> = {
  'no key at all': { pskCallback: undefined, reason: 'auth', says: /offered no key/ },
  'another secret under the id of ours': {
    pskCallback: () => ({ psk: Buffer.alloc(32, 1), identity: goodIdentity }),
    ...{ reason: 'auth', says: /secret differs: run `foundation secret fingerprint` on both/ },
  },
  'an identity of 256 bytes': {
    pskCallback: () => ({ psk: Buffer.alloc(32, 1), identity: 'x'.repeat(256) }),
    ...{ reason: 'auth', says: /not one of a Foundation node/ },
  },
  'an identity that goes on after a NUL': {
    pskCallback: () => {
      const identity = `${goodIdentity}\0x`
      return { psk: pskFor(key, identity), identity }
    },
    ...{ reason: 'auth', says: /secret differs/ },
  },
  'no application protocol': { ALPNProtocols: [], reason: 'broken', says: /something else/ },
  'another application protocol': {
    ALPNProtocols: ['h2'],
    ...{ reason: 'broken', says: /something else/ },
  },
  'TLS 1.2': {
    ...{ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2', ciphers: 'DEFAULT:PSK' },
    ...{ reason: 'broken', says: /something else/ },
  },
}

describe('a listener with a secret', () => {
  it('lets in who has the key', async () => {
    const { port, refusals } = await welcoming()
    assert.equal(await fateOf(port, good), 'open')
    assert.deepEqual(refusals, [])
  })

  for (const [what, { reason, says, ...options }] of Object.entries(spoiled)) {
    it(`turns away a client with ${what} and says why`, async () => {
      const { port, refusals, listener } = await welcoming()
      assert.equal(await fateOf(port, { ...good, ...options }), 'ended')
      await eventually('the refusal', () => refusals.length > 0)
      assert.equal(refusals[0]?.reason, reason)
      assert.match(refusals[0].message, says)
      await eventually('the place is free', () => listener.strangers === 0)
    })
  }

  it('refuses an identity of 257 bytes in the client already', async () => {
    const { port } = await welcoming()
    const pskCallback = (): { psk: Buffer; identity: string } => ({
      psk: Buffer.alloc(32, 1),
      identity: 'x'.repeat(257),
    })
    assert.equal(await fateOf(port, { ...good, pskCallback }), 'ended')
  })

  const texts = { 'HTTP bytes': 'GET / HTTP/1.1\r\nHost: b\r\n\r\n', 'plain bytes': 'hello, hello' }
  for (const [what, text] of Object.entries(texts)) {
    it(`turns away ${what}`, async () => {
      const { port, refusals } = await welcoming()
      const socket = connectTcp({ host: '127.0.0.1', port })
      socket.on('error', () => undefined).resume()
      socket.write(text)
      await new Promise((resolve) => socket.once('close', resolve))
      await eventually('the refusal', () => refusals.length > 0)
      assert.equal(refusals[0]?.reason, 'broken')
    })
  }

  it('says nothing about a connection that only comes and goes', async () => {
    const { port, refusals, listener } = await welcoming()
    const socket = connectTcp({ host: '127.0.0.1', port })
    await eventually('the connection', () => listener.strangers === 1)
    socket.destroy()
    await eventually('its end', () => listener.strangers === 0)
    assert.deepEqual(refusals, [])
  })

  it('never owns a certificate, so that no client can choose it instead of the key', async () => {
    const { port } = await welcoming()
    const trusting = { ...good, pskCallback: undefined, rejectUnauthorized: false }
    assert.equal(await fateOf(port, trusting as never), 'ended')
  })
})

/** What a client keeps to resume its session with. */
function ticketOf({ port }: Acceptor): Promise<Buffer> {
  return new Promise((resolve) => {
    const socket = connectTls({ host: '127.0.0.1', port, ...good })
    socket.on('error', () => undefined).resume()
    socket.once('session', (session: Buffer) => {
      socket.destroy()
      resolve(session)
    })
  })
}

describe('session resumption', () => {
  it('is refused while the secret is still good: the key is looked up for every connection', async () => {
    const server = await welcoming()
    const session = await ticketOf(server)
    const resuming = { ...good, pskCallback: undefined, session }
    assert.equal(await fateOf(server.port, resuming as never), 'ended')
  })

  it('is refused after a rotation', async () => {
    const server = await welcoming()
    const session = await ticketOf(server)
    await server.listener.rotate(psk(secrets.second))
    const resuming = { ...good, pskCallback: undefined, session }
    assert.equal(await fateOf(server.port, resuming as never), 'ended')
    assert.equal(await fateOf(server.port, { ...good, session }), 'ended')
  })
})

describe('rotate', () => {
  it('refuses the removed key and takes the new one at once', async () => {
    const server = await acceptor()
    await greetOverTls(server)
    await server.listener.rotate(psk(secrets.second))
    assert.equal((await failureOf(dial(server.address))).reason, 'auth')
    const { accepted } = await greetOverTls(server, { credentials: psk(secrets.second) })
    assert.equal(accepted.peer.name, 'a')
  })

  it('leaves greeted connections alone and ends those in the middle of a handshake', async () => {
    const server = await acceptor()
    const { dialed } = await greetOverTls(server)
    const stranger = await dial(server.address)
    await server.listener.rotate(psk(secrets.second))
    assert.equal((await failureOf(offerOn(stranger))).reason, 'broken')
    assert.equal(dialed.socket.destroyed, false)
    assert.equal(server.listener.strangers, 0)
  })
})

describe('listen and close', () => {
  it('says FND_ADDRESS_IN_USE for a taken port', async () => {
    const { port } = await acceptor()
    await assert.rejects(acceptor({ port }), { code: 'FND_ADDRESS_IN_USE', message: /EADDRINUSE/ })
  })

  it('ends strangers, leaves greeted connections to their owner, may be called twice', async () => {
    const server = await acceptor()
    const { dialed, accepted } = await greetOverTls(server)
    const stranger = await dial(server.address)
    await server.listener.close()
    await server.listener.close()
    assert.equal((await failureOf(offerOn(stranger))).reason, 'broken')
    assert.equal(dialed.socket.destroyed || accepted.socket.destroyed, false)
    assert.equal((await failureOf(dial(server.address))).reason, 'refused')
  })

  it('survives an owner that throws', async () => {
    const listener = new MeshListener(
      {
        ...{ host: systemHost, log: silentLog, telemetry: silentTelemetry },
        onSocket: () => {
          throw new Error('a bug')
        },
      },
      {
        ...{ host: '127.0.0.1', port: 0, self: 'b', handshakeTimeoutMs: 5000 },
        ...{ preAuthMaxSockets: 256, credentials: psk() },
      },
    )
    const { port } = await listener.listen()
    const dialed = await dial(`127.0.0.1:${String(port)}`)
    assert.equal((await failureOf(offerOn(dialed))).reason, 'broken')
    await listener.close()
  })

  it('tells which key a connection uses', async () => {
    const server = await acceptor({ credentials: psk([secrets.second, secrets.first]) })
    const [dialed, taken] = await Promise.all([dial(server.address), server.next()])
    assert.equal(taken.peer.keyId, key.id)
    assert.equal(dialed.peer.keyId, key.id)
    await Promise.all([offerOn(dialed), answerOn(taken)])
  })

  it('takes a dialer that expects any node', async () => {
    const { dialed } = await greetOverTls(undefined, { expect: anyNode })
    assert.equal(dialed.peer.name, 'b')
  })
})

import assert from 'node:assert/strict'
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net'
import { after, describe, it } from 'node:test'
import {
  createServer as createTlsServer,
  getCACertificates,
  setDefaultCACertificates,
  type TlsOptions,
} from 'node:tls'
import { Keyring } from '../../kernel/index.ts'
import { authority, skipWithoutOpenssl } from './certificate-fixtures.test.ts'
import { tlsSettings } from './credentials.ts'
import { anyNode, pskFor } from './psk.ts'
import {
  acceptor,
  answerOn,
  dial,
  eventually,
  failureOf,
  greetOverTls,
  identityOf,
  offerOn,
  psk,
  secrets,
} from './tls-fixtures.test.ts'

const servers: Server[] = []
const sockets = new Set<Socket>()
after(() => {
  for (const socket of sockets) socket.destroy()
  for (const server of servers) server.close()
})

/** Listens on loopback; returns the address. */
async function listen(server: Server): Promise<string> {
  servers.push(server)
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => undefined)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `127.0.0.1:${String((server.address() as AddressInfo).port)}`
}

/** A proxy on the path that sends every connection to `port`, whatever was dialled. */
function reroute(port: number): Promise<string> {
  const server = createServer((from) => {
    const to = connect({ host: '127.0.0.1', port })
    for (const socket of [from, to]) sockets.add(socket.on('error', () => undefined))
    from.pipe(to).pipe(from)
  })
  return listen(server)
}

describe('dialTls with a secret', () => {
  it('says that nobody listens', async () => {
    const server = createServer()
    const address = await listen(server)
    await new Promise((resolve) => server.close(resolve))
    const { reason, error, message } = await failureOf(dial(address))
    assert.equal(reason, 'refused')
    assert.equal(error.code, 'FND_DIAL_FAILED')
    assert.deepEqual(error.details, { reason: 'refused', address })
    assert.equal(message, `Cannot link to ${address}: nobody listens there`)
  })

  it('says that a name does not resolve', async () => {
    assert.equal((await failureOf(dial('no-such-host.invalid:1'))).reason, 'unreachable')
  })

  for (const address of ['127.0.0.1', 'host:', ':1', 'host:0', 'host:65536', '']) {
    it(`refuses "${address}", which is no address`, async () => {
      const { reason, message } = await failureOf(dial(address))
      assert.equal(reason, 'unreachable')
      assert.match(message, /expected "host:port"/)
    })
  }

  it('gives up on a silent listener at the deadline', async () => {
    const address = await listen(createServer((socket) => socket.resume()))
    const { reason } = await failureOf(dial(address, { timeoutMs: 50 }))
    assert.equal(reason, 'timeout')
    await eventually('the socket is gone', () => [...sockets].every(({ destroyed }) => destroyed))
  })

  it('rethrows the reason of the signal, before and during the dial', async () => {
    const address = await listen(createServer())
    const reason = new Error('stop')
    await assert.rejects(dial(address, { signal: AbortSignal.abort(reason) }), reason)
    const stopping = new AbortController()
    const dialing = assert.rejects(dial(address, { signal: stopping.signal }), reason)
    stopping.abort(reason)
    await dialing
  })
})

describe('dialTls to something else than a node', () => {
  it('notices a listener that speaks something else', async () => {
    const address = await listen(createServer((socket) => socket.end('HTTP/1.1 400 Bad\r\n\r\n')))
    const { reason, message } = await failureOf(dial(address))
    assert.equal(reason, 'broken')
    assert.match(message, /not a Foundation node/)
  })

  it('notices a listener that hangs up', async () => {
    const address = await listen(createServer((socket) => socket.destroy()))
    assert.equal((await failureOf(dial(address))).reason, 'broken')
  })

  it('refuses a listener with the right key and no application protocol', async () => {
    const { keyring } = psk() as { keyring: Keyring }
    const pskCallback = (_socket: unknown, offered: string): Buffer =>
      pskFor(keyring.keys[0], offered)
    const address = await listen(
      createTlsServer({ ...tlsSettings, ALPNProtocols: [], pskCallback }),
    )
    assert.equal((await failureOf(dial(address))).reason, 'broken')
  })
})

describe('a rogue server with a certificate', { skip: skipWithoutOpenssl }, () => {
  const rogue = async (more: TlsOptions = {}): Promise<string> => {
    const issued = await (await authority()).issue('DNS:localhost,DNS:b,IP:127.0.0.1')
    return listen(createTlsServer({ ...tlsSettings, ALPNProtocols: ['fnd/1'], ...issued, ...more }))
  }

  it('is refused', async () => {
    const { reason, error } = await failureOf(dial(await rogue()))
    assert.equal(reason, 'auth')
    assert.equal(error.code, 'FND_HANDSHAKE_REFUSED')
  })

  it('is refused though an authority this machine trusts vouches for it', async () => {
    const trusted = await authority()
    const issued = await trusted.issue('DNS:localhost,DNS:b,IP:127.0.0.1')
    const before = getCACertificates('default')
    setDefaultCACertificates([trusted.ca])
    try {
      const { reason } = await failureOf(dial(await rogue(issued)))
      assert.equal(reason, 'auth')
    } finally {
      setDefaultCACertificates(before)
    }
  })

  it('is refused when it would take any key too', async () => {
    const address = await rogue({ pskCallback: () => Buffer.alloc(32, 1) })
    assert.equal((await failureOf(dial(address))).reason, 'auth')
  })
})

describe('two nodes with different secrets', () => {
  it('are both told to compare fingerprints', async () => {
    const server = await acceptor()
    const { reason, message, error } = await failureOf(
      dial(server.address, { credentials: psk(secrets.second) }),
    )
    assert.equal(reason, 'auth')
    assert.equal(error.code, 'FND_HANDSHAKE_REFUSED')
    assert.match(message, /secret differs \(run `foundation secret fingerprint` on both\)/)
    await eventually('the listener noticed', () => server.refusals.length === 1)
    assert.equal(server.refusals[0]?.reason, 'auth')
    assert.match(
      server.refusals[0].message,
      /^Turned away 127.0.0.1: its secret differs: run `foundation secret fingerprint` on both/,
    )
  })

  it('of different clusters are told so: the listener for certain, the dialer as a possibility', async () => {
    const server = await acceptor()
    const { reason, message } = await failureOf(
      dial(server.address, { credentials: psk(secrets.first, 'bank') }),
    )
    assert.equal(reason, 'auth')
    assert.match(message, /another cluster/)
    await eventually('the listener noticed', () => server.refusals.length === 1)
    assert.equal(server.refusals[0]?.reason, 'cluster_mismatch')
    assert.match(server.refusals[0].message, /another cluster/)
  })
})

describe('keyrings', () => {
  const { first, second } = secrets
  const meet: readonly (readonly [string, string[], string[], boolean])[] = [
    ['old dials old', [first], [first], true],
    ['old dials both, old first', [first], [first, second], true],
    ['old dials both, new first', [first], [second, first], true],
    ['both, old first, dials both, new first', [first, second], [second, first], true],
    ['both, new first, dials old', [second, first], [first], true],
    ['both, new first, dials new', [second, first], [second], true],
    ['both, old first, dials new', [first, second], [second], true],
    ['new dials both', [second], [first, second], true],
    ['old dials new', [first], [second], false],
    ['new dials old', [second], [first], false],
  ]
  for (const [story, dialing, accepting, isGood] of meet) {
    it(`${isGood ? 'meet' : 'do not meet'}: ${story}`, async () => {
      const server = await acceptor({ credentials: psk(accepting) })
      const attempt = greetOverTlsFrom(dialing)
      if (isGood) assert.equal((await attempt(server)).accepted.peer.name, 'a')
      else
        assert.equal(
          (await failureOf(dial(server.address, { credentials: psk(dialing) }))).reason,
          'auth',
        )
    })
  }

  it('says nothing of a first key that is refused when the next one is good', async () => {
    const server = await acceptor({ credentials: psk(first) })
    await greetOverTls(server, { credentials: psk([second, first]) })
    const stranger = dial(server.address, { credentials: psk(second), self: 'z' })
    assert.equal((await failureOf(stranger)).reason, 'auth')
    await eventually('the stranger is told of', () => server.refusals.length > 0)
    assert.equal(server.refusals.length, 1)
  })

  const greetOverTlsFrom =
    (dialing: string[]) =>
    (server: Parameters<typeof greetOverTls>[0]): ReturnType<typeof greetOverTls> =>
      greetOverTls(server, { credentials: psk(dialing) })
})

describe('a handshake rerouted on the path', () => {
  it('to a third node fails: the key is for one ordered pair', async () => {
    const third = await acceptor({ self: 'c' })
    assert.equal((await failureOf(dial(await reroute(third.port)))).reason, 'auth')
    await eventually('the third node noticed', () => third.refusals.length === 1)
    assert.match(third.refusals[0]?.message ?? '', /expected another node at this address/)
  })

  it('back to the sender fails', async () => {
    const own = await acceptor({ self: 'a' })
    assert.equal((await failureOf(dial(await reroute(own.port)))).reason, 'auth')
  })

  it('back to a sender that expected any node is noticed in HELLO', async () => {
    const own = await acceptor({ self: 'a' })
    const address = await reroute(own.port)
    const [dialed, taken] = await Promise.all([dial(address, { expect: anyNode }), own.next()])
    const [offered, answered] = await Promise.all([
      failureOf(offerOn(dialed)),
      failureOf(answerOn(taken, { self: identityOf('a') })),
    ])
    assert.equal(offered.reason, 'self')
    assert.equal(answered.reason, 'self')
  })

  it('that is replayed byte by byte later fails', async () => {
    const server = await acceptor()
    const recorded: Buffer[] = []
    const recorder = createServer((from) => {
      const to = connect({ host: '127.0.0.1', port: server.port })
      for (const socket of [from, to]) sockets.add(socket.on('error', () => undefined))
      from.on('data', (chunk: Buffer) => recorded.push(chunk))
      from.pipe(to).pipe(from)
    })
    const address = await listen(recorder)
    const [dialed, taken] = await Promise.all([dial(address), server.next()])
    await Promise.all([offerOn(dialed), answerOn(taken)])
    const again = connect({ host: '127.0.0.1', port: server.port })
    again.on('error', () => undefined).resume()
    again.write(Buffer.concat(recorded))
    await new Promise((resolve) => again.once('close', resolve))
    await eventually('it was turned away', () => server.refusals.length === 1)
    assert.equal(server.listener.strangers, 0)
  })
})

import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { authority, skipWithoutOpenssl, type Authority } from './certificate-fixtures.test.ts'
import type { Credentials } from './credentials.ts'
import type { Dialed } from './dialer.ts'
import type { HelloReply } from './hello.ts'
import { assertUsable, namesOfCertificate } from './subject-names.ts'
import {
  acceptor,
  answerOn,
  dial,
  eventually,
  failureOf,
  greetOverTls,
  helloOf,
  identityOf,
  offerOn,
  psk,
  replyOf,
} from './tls-fixtures.test.ts'

/** Authorities and credentials, made once. */
interface World {
  readonly own: Authority
  readonly a: Credentials
  readonly b: Credentials
  readonly stranger: Credentials
}

async function credentialsOf(from: Authority, san: string, ca: string): Promise<Credentials> {
  return { kind: 'mtls', ...(await from.issue(san)), ca, cluster: 'shop' }
}

const skip = skipWithoutOpenssl

async function makeWorld(): Promise<World> {
  const [own, foreign] = [await authority(), await authority()]
  return {
    own,
    a: await credentialsOf(own, 'DNS:a', own.ca),
    b: await credentialsOf(own, 'URI:spiffe://shop/b,DNS:b', own.ca),
    stranger: await credentialsOf(foreign, 'DNS:a', own.ca),
  }
}

let world: World
before(async () => {
  if (skip === false) world = await makeWorld()
})

describe('mutual TLS', { skip }, () => {
  it('greets two nodes with certificates of one authority', async () => {
    const server = await acceptor({ credentials: world.b })
    for (const expect of ['b', '*']) {
      const { dialed, accepted } = await greetOverTls(server, { credentials: world.a, expect })
      assert.equal(dialed.peer.name, 'b')
      assert.equal(accepted.peer.name, 'a')
      assert.equal(dialed.socket.getProtocol(), 'TLSv1.3')
    }
  })

  it('knows a node by a URI of its SAN', async () => {
    const server = await acceptor({ credentials: world.b })
    const expect = 'spiffe://shop/b'
    const [dialed] = await Promise.all([
      dial(server.address, { credentials: world.a, expect }),
      server.next(),
    ])
    assert.equal(dialed.peer.matches(expect), true)
    assert.equal(dialed.peer.matches('b'), false)
  })
})

describe('mutual TLS: a certificate for another name', { skip }, () => {
  it('refuses a server whose certificate is not for the node expected', async () => {
    const server = await acceptor({ credentials: world.b })
    const dialing = dial(server.address, { credentials: world.a, expect: 'c' })
    assert.equal((await failureOf(dialing)).reason, 'auth')
  })

  it('refuses a HELLO under a name that is not in the certificate, from both sides', async () => {
    const server = await acceptor({ credentials: world.b })
    const both = (): Promise<[Dialed, Dialed]> =>
      Promise.all([dial(server.address, { credentials: world.a, expect: '*' }), server.next()])
    const [dialed, taken] = await both()
    const [claimed] = await Promise.all([
      failureOf(offerOn(dialed, { hello: helloOf('x') })),
      failureOf(answerOn(taken)),
    ])
    assert.match(claimed.message, /not of node "x"/)
    const [again, takenAgain] = await both()
    const decide = (): Promise<HelloReply> => Promise.resolve(replyOf('y'))
    const [answered] = await Promise.all([
      failureOf(offerOn(again)),
      failureOf(answerOn(takenAgain, { decide })),
    ])
    assert.equal(answered.reason, 'auth')
    assert.match(answered.message, /not of node "y"/)
  })
})

describe('mutual TLS: another authority', { skip }, () => {
  it('refuses a client of another authority, and both sides know why', async () => {
    const server = await acceptor({ credentials: world.b })
    const dialed = await dial(server.address, { credentials: world.stranger })
    const { reason, message } = await failureOf(offerOn(dialed))
    assert.equal(reason, 'auth')
    assert.match(message, /check `cert` and `ca` on both nodes/)
    await eventually('the listener noticed', () => server.refusals.length === 1)
    assert.equal(server.refusals[0]?.reason, 'auth')
  })

  it('refuses a server of another authority', async () => {
    const server = await acceptor({ credentials: world.stranger, self: 'a' })
    const dialing = dial(server.address, { credentials: world.b, self: 'b', expect: 'a' })
    assert.equal((await failureOf(dialing)).reason, 'auth')
  })

  it('refuses a dialer that has a secret, and a secret refuses a certificate', async () => {
    const certified = await acceptor({ credentials: world.b })
    assert.equal((await failureOf(dial(certified.address))).reason, 'auth')
    const secret = await acceptor({ credentials: psk() })
    const dialing = dial(secret.address, { credentials: world.a })
    assert.equal((await failureOf(dialing)).reason, 'auth')
  })

  it('refuses another cluster of the same authority in HELLO', async () => {
    const server = await acceptor({ credentials: world.b })
    const [dialed, taken] = await Promise.all([
      dial(server.address, { credentials: world.a }),
      server.next(),
    ])
    const identity = identityOf('a', 'bank')
    const [offered] = await Promise.all([
      failureOf(offerOn(dialed, { hello: helloOf('a', { identity }) })),
      failureOf(answerOn(taken)),
    ])
    assert.equal(offered.reason, 'cluster_mismatch')
  })
})

describe('mutual TLS: a node', { skip }, () => {
  it('refuses to start with a certificate for other names, or none, or a key that does not fit', async () => {
    const { a, b } = world
    assert.ok(a.kind === 'mtls' && b.kind === 'mtls')
    const refused = { code: 'FND_SECRET_INVALID' }
    assert.throws(
      () => {
        assertUsable(a, 'b')
      },
      { ...refused, message: /not for "b" but for: a; its SAN needs/ },
    )
    const nameless = await credentialsOf(world.own, '', world.own.ca)
    assert.throws(
      () => {
        assertUsable(nameless, 'a')
      },
      { ...refused, message: /but for: nobody/ },
    )
    for (const change of [{ key: b.key }, { cert: 'text' }, { key: 'text' }, { ca: 'text' }]) {
      assert.throws(() => {
        assertUsable({ ...a, ...change }, 'a')
      }, refused)
    }
  })
})

describe('namesOfCertificate', () => {
  it('takes DNS and URI entries and nothing else', () => {
    const text = 'DNS:a, IP Address:127.0.0.1, URI:spiffe://shop/b, email:x@y, DNS:c'
    assert.deepEqual(namesOfCertificate(text), ['a', 'spiffe://shop/b', 'c'])
    assert.deepEqual(namesOfCertificate(undefined), [])
  })

  it('is not fooled by an entry that holds the text of another', () => {
    assert.deepEqual(namesOfCertificate('URI:"http://x/, DNS:victim"'), ['http://x/, DNS:victim'])
    assert.deepEqual(namesOfCertificate('DNS:"a\\", DNS:victim"'), ['a", DNS:victim'])
    assert.deepEqual(namesOfCertificate('email:"x, DNS:victim"'), [])
    assert.deepEqual(namesOfCertificate('othername:"UPN:x, DNS:victim"'), [])
  })
})

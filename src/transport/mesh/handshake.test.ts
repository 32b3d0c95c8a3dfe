import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { encodeValue, frameHeaderBytes, frameKinds, frameOf } from '../../wire/index.ts'
import type { Greeted } from './handshake.ts'
import { handshakeFrames, helloMaxBytes, type Hello, type HelloReply } from './hello.ts'
import {
  answerOn,
  eventually,
  failureOf,
  greetOverTls,
  helloOf,
  identityOf,
  offerOn,
  pairOfSockets,
  replyOf,
} from './tls-fixtures.test.ts'
import type { Refusal } from './tls-failure.ts'

const admit = { epoch: 1, nextSequence: [1, 1, 1, 1] }

/** Everything a paused socket gives when read on. */
async function firstData(socket: TLSSocket): Promise<string> {
  const data = await new Promise<Buffer>((resolve) => socket.once('data', resolve).resume())
  return data.toString()
}

describe('offer and answer', () => {
  it('tell each side who the other is and what it said', async () => {
    const { dialed, accepted } = await greetOverTls()
    const seen = ({ role, peer, link, protocol, class: of }: Greeted): unknown[] => [
      ...[role, peer.name, link, protocol, of],
    ]
    assert.deepEqual(seen(dialed), ['dialed', 'b', 'link-1', 1, 'control'])
    assert.deepEqual(seen(accepted), ['accepted', 'a', 'link-1', 1, 'control'])
    assert.deepEqual(accepted.confirm, dialed.confirm)
    assert.deepEqual(dialed.mine, accepted.theirs)
    assert.deepEqual(dialed.theirs, accepted.mine)
    assert.equal(dialed.socket.getCipher().name, 'TLS_CHACHA20_POLY1305_SHA256')
  })

  it('lose no byte that follows the handshake', async () => {
    const { dialed, taken } = await pairOfSockets()
    const [mine, theirs] = await Promise.all([
      offerOn(dialed).then((greeted) => {
        greeted.socket.write('right after CONFIRM')
        return greeted
      }),
      answerOn(taken),
    ])
    const { leftover, socket } = theirs
    const got = leftover.length > 0 ? leftover.toString() : await firstData(socket)
    assert.equal(got, 'right after CONFIRM')
    theirs.socket.write('and back')
    assert.equal(await firstData(mine.socket), 'and back')
  })

  it('hand over bytes that came in one chunk with CONFIRM', async () => {
    const { dialed, taken } = await pairOfSockets()
    const answering = answerOn(taken)
    dialed.socket.write(handshakeFrames.hello(helloOf('a')))
    await new Promise((resolve) => dialed.socket.once('data', resolve))
    const more = Buffer.from('more')
    dialed.socket.write(Buffer.concat([handshakeFrames.helloConfirm(admit), more]))
    assert.deepEqual((await answering).leftover, more)
  })
})

describe('a handshake', () => {
  it('works byte by byte', async () => {
    const { dialed, taken } = await pairOfSockets()
    const answering = answerOn(taken)
    const send = async (bytes: Buffer): Promise<void> => {
      for (const byte of bytes)
        await new Promise((resolve) => dialed.socket.write(Buffer.of(byte), resolve))
    }
    await send(handshakeFrames.hello(helloOf('a')))
    await send(handshakeFrames.helloConfirm(admit))
    assert.equal((await answering).peer.name, 'a')
  })

  it('carries meta, roles and addresses', async () => {
    const { dialed, taken } = await pairOfSockets()
    const meta = { zone: 'eu', started: new Date(5), tags: ['x'] }
    const identity = { ...identityOf('a'), meta, roles: ['api'], addresses: ['[::1]:1', 'h:2'] }
    const offering = offerOn(dialed, { hello: helloOf('a', { identity }) })
    const [, accepted] = await Promise.all([offering, answerOn(taken)])
    assert.deepEqual(accepted.peer, identity)
  })
})

/** How both sides end a handshake that must fail. */
async function bothFail(
  change: { hello?: Partial<Hello>; reply?: Partial<HelloReply> },
  by: 'offering' | 'answering' = 'answering',
): Promise<Refusal> {
  const { dialed, taken } = await pairOfSockets(undefined, { expect: '*' })
  const [offered, answered] = await Promise.all([
    failureOf(offerOn(dialed, { hello: helloOf('a', change.hello) })),
    failureOf(
      answerOn(taken, {
        protocol: { lowest: 1, highest: 1 },
        decide: () => Promise.resolve(replyOf('b', change.reply)),
      }),
    ),
  ])
  assert.equal(offered.reason, answered.reason)
  const [refuser, refused] = by === 'answering' ? [answered, offered] : [offered, answered]
  assert.ok(refused.message.includes(`refused the link: ${refuser.message}`), refused.message)
  await eventually('both sockets are gone', () => dialed.socket.destroyed && taken.socket.destroyed)
  return { reason: refuser.reason as Refusal['reason'], message: refuser.message }
}

const future = { lowest: 2, highest: 3 }
const bank = { identity: identityOf('a', 'bank') }
const stories: readonly (readonly [string, Parameters<typeof bothFail>, string, RegExp])[] = [
  ['a newer dialer', [{ hello: { protocol: future } }], 'version', /share no version/],
  ['a newer acceptor', [{ reply: { protocol: future } }, 'offering'], 'version', /update "a"$/],
  ['another cluster', [{ hello: bank }], 'cluster_mismatch', /"bank", not "shop"/],
  [
    'another cluster in the reply',
    [{ reply: { identity: identityOf('b', 'bank') } }, 'offering'],
    ...(['cluster_mismatch', /"bank", not "shop"/] as const),
  ],
  [
    'a name the key is not for',
    [{ hello: { identity: identityOf('mallory') } }],
    ...(['auth', /not of node "mallory"/] as const),
  ],
  [
    'itself',
    [{ hello: { identity: { ...identityOf('a'), incarnation: identityOf('b').incarnation } } }],
    ...(['self', /dialled itself/] as const),
  ],
  ['a reply of another class', [{ reply: { class: 'bulk' } }, 'offering'], 'broken', /Class/],
  [
    'a reply for another link',
    [{ hello: { link: 'mine' }, reply: {} }, 'offering'],
    ...(['broken', /another link/] as const),
  ],
]

describe('the handshake refuses, and tells both sides,', () => {
  for (const [what, how, reason, message] of stories) {
    it(what, async () => {
      const refusal = await bothFail(...how)
      assert.equal(refusal.reason, reason)
      assert.match(refusal.message, message)
    })
  }

  it('a server that is not the one expected', async () => {
    const { dialed, taken } = await pairOfSockets()
    const decide = (): Promise<ReturnType<typeof replyOf>> => Promise.resolve(replyOf('c'))
    const [offered] = await Promise.all([
      failureOf(offerOn(dialed)),
      failureOf(answerOn(taken, { decide })),
    ])
    assert.equal(offered.reason, 'auth')
    assert.match(offered.message, /not of node "c"/)
  })

  for (const side of ['offering', 'answering'] as const) {
    it(`what the ${side} side decides against`, async () => {
      const { dialed, taken } = await pairOfSockets()
      const refusal: Refusal = { reason: 'name_in_use', message: 'There is a live node "a"' }
      const decide = (): Promise<Refusal> => Promise.resolve(refusal)
      const [offered, answered] = await Promise.all([
        failureOf(offerOn(dialed, side === 'offering' ? { decide } : {})),
        failureOf(answerOn(taken, side === 'answering' ? { decide } : {})),
      ])
      // A name that is taken is the trouble of the one who is turned away, not of the dialler who
      // turned somebody away.
      const own = side === 'offering' ? offered : answered
      const other = side === 'offering' ? answered : offered
      assert.equal(other.reason, 'name_in_use')
      assert.equal(other.error.code, 'FND_NAME_IN_USE')
      assert.equal(own.reason, side === 'offering' ? 'rejected' : 'name_in_use')
      for (const { message } of [own, other]) assert.match(message, /There is a live node "a"/)
    })
  }
})

const hello = handshakeFrames.hello(helloOf('a'))
const header = (length: number): Buffer => {
  const bytes = Buffer.alloc(frameHeaderBytes)
  bytes.writeUInt32BE(length)
  bytes[4] = frameKinds.hello
  return bytes
}
const attacks: Record<string, Buffer> = {
  garbage: Buffer.from('GET / HTTP/1.1\r\n\r\n'),
  'a length of 0': header(0),
  'a length of 2^32 - 1': header(2 ** 32 - 1),
  'a length just over the bound': header(frameHeaderBytes - 4 + helloMaxBytes + 1),
  'a frame of data': frameOf(frameKinds.data, Buffer.from('x')),
  'CONFIRM first': handshakeFrames.helloConfirm(admit),
  'a reply instead of HELLO': handshakeFrames.helloReply(replyOf('a')),
  'a body that is no value': frameOf(frameKinds.hello, Buffer.from([0xc1, 1, 2])),
  'a body of another shape': frameOf(frameKinds.hello, encodeValue({ name: 'a' })),
  'an empty body': frameOf(frameKinds.hello, Buffer.alloc(0)),
  'HELLO twice': Buffer.concat([hello, hello]),
}

describe('a hostile peer', () => {
  for (const [what, bytes] of Object.entries(attacks)) {
    it(`that sends ${what} is cut off`, async () => {
      const { dialed, taken } = await pairOfSockets()
      dialed.socket.resume()
      const answering = failureOf(answerOn(taken))
      dialed.socket.write(bytes)
      assert.equal((await answering).reason, 'broken')
      await eventually('the socket is gone', () => dialed.socket.destroyed)
    })
  }

  it('that ends in the middle of HELLO is noticed', async () => {
    const { dialed, taken } = await pairOfSockets()
    const answering = failureOf(answerOn(taken))
    dialed.socket.end(hello.subarray(0, 20))
    assert.equal((await answering).reason, 'broken')
  })

  it('that never replies is given up at the deadline', async () => {
    const { dialed } = await pairOfSockets()
    const { reason } = await failureOf(offerOn(dialed, { timeoutMs: 50 }))
    assert.equal(reason, 'timeout')
    assert.equal(dialed.socket.destroyed, true)
  })

  it('that leaves while the other side decides is noticed', async () => {
    const { dialed, taken } = await pairOfSockets()
    const decide = async (): Promise<typeof admit> => {
      taken.socket.destroy()
      await eventually('the end was seen', () => dialed.socket.destroyed)
      return admit
    }
    const answering = failureOf(answerOn(taken))
    assert.equal((await failureOf(offerOn(dialed, { decide }))).reason, 'broken')
    assert.equal((await answering).reason, 'broken')
  })

  it('cannot put control characters into our log', async () => {
    const { dialed, taken } = await pairOfSockets()
    const message = `\u001b[31mroot\r\nwarn ${'x'.repeat(700)}`
    const decide = (): Promise<Refusal> => Promise.resolve({ reason: 'rejected', message })
    const [offered] = await Promise.all([
      failureOf(offerOn(dialed)),
      failureOf(answerOn(taken, { decide })),
    ])
    assert.doesNotMatch(offered.message, /\p{Cc}/u)
    assert.ok(offered.message.length < 600)
  })
})

describe('a handshake that is aborted', () => {
  it('throws the reason untouched and destroys the socket', async () => {
    const { dialed } = await pairOfSockets()
    const stopping = new AbortController()
    const reason = new Error('stop')
    const offering = assert.rejects(offerOn(dialed, { signal: stopping.signal }), reason)
    stopping.abort(reason)
    await offering
    assert.equal(dialed.socket.destroyed, true)
  })

  it('throws what decide throws and destroys the socket', async () => {
    const { dialed, taken } = await pairOfSockets()
    const bug = new Error('a bug')
    const answering = assert.rejects(answerOn(taken, { decide: () => Promise.reject(bug) }), bug)
    assert.equal((await failureOf(offerOn(dialed))).reason, 'broken')
    await answering
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isFoundationError } from '../../kernel/index.ts'
import { encodeValue, frameHeaderBytes, frameKinds } from '../../wire/index.ts'
import { decodeHandshake, handshakeFrames, helloMaxBytes } from './hello.ts'
import { helloOf, identityOf, replyOf } from './tls-fixtures.test.ts'

const bodyOf = (frame: Buffer): Buffer => frame.subarray(frameHeaderBytes)
const kindOf = (frame: Buffer): number => frame[4] ?? 0

describe('handshake messages', () => {
  const messages = [
    { kind: 'hello', value: helloOf('a', { link: 'l', nextSequence: [1, 2, 3, 4] }) },
    { kind: 'hello', value: helloOf('a') },
    { kind: 'helloReply', value: replyOf('b') },
    { kind: 'helloConfirm', value: { epoch: 3, nextSequence: [4, 3, 2, 1] } },
    { kind: 'refuse', value: { reason: 'self', message: 'It is me' } },
  ] as const
  for (const message of messages) {
    it(`survive the way: ${message.kind}`, () => {
      const frame = (handshakeFrames[message.kind] as (value: unknown) => Buffer)(message.value)
      assert.deepEqual(decodeHandshake(kindOf(frame), bodyOf(frame)), message)
    })
  }

  it('take the unknown reason of a newer peer as rejected', () => {
    const body = encodeValue({ reason: 'full_moon', message: 'Not tonight' })
    assert.deepEqual(decodeHandshake(frameKinds.refuse, body).value, {
      reason: 'rejected',
      message: 'Not tonight',
    })
  })

  it('ignore fields of a newer peer', () => {
    const body = encodeValue({ ...helloOf('a'), colour: 'blue' })
    assert.deepEqual(decodeHandshake(frameKinds.hello, body).value, helloOf('a'))
  })

  it('that are too large are not even sent', () => {
    const meta = { text: 'x'.repeat(helloMaxBytes) }
    const identity = { ...identityOf('a'), meta }
    assert.throws(() => handshakeFrames.hello(helloOf('a', { identity })), {
      code: 'FND_MESSAGE_TOO_LARGE',
      message: /shorten its meta/,
    })
  })
})

const identity = (change: object): object => ({ identity: { ...identityOf('a'), ...change } })
const wrong: Record<string, object> = {
  'without a name': identity({ name: '' }),
  'for the name *': identity({ name: '*' }),
  'with a line break in the name': identity({ name: 'a\nb' }),
  'with a name of 256 bytes': identity({ name: 'x'.repeat(256) }),
  'without an incarnation': identity({ incarnation: '' }),
  'with 17 addresses': identity({ addresses: Array.from({ length: 17 }, () => 'h:1') }),
  'with an address of 281 bytes': identity({ addresses: ['x'.repeat(281)] }),
  'with 33 roles': identity({ roles: Array.from({ length: 33 }, () => 'r') }),
  'with 65 keys of meta': identity({
    meta: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${String(i)}`, i])),
  }),
  'with a list for meta': identity({ meta: [] }),
  'of an unknown class': { class: 'gold' },
  'without a nonce': { nonce: '' },
  'with versions the wrong way round': { protocol: { lowest: 2, highest: 1 } },
  'with version 0': { protocol: { lowest: 0, highest: 1 } },
  'with a version that is no integer': { protocol: { lowest: 1, highest: 1.5 } },
  'with three sequences': { nextSequence: [1, 1, 1] },
  'with five sequences': { nextSequence: [1, 1, 1, 1, 1] },
  'with sequence 0': { nextSequence: [0, 1, 1, 1] },
  'with a negative epoch': { epoch: -1 },
  'with an infinite epoch': { epoch: Infinity },
  'with an empty link': { link: '' },
}

describe('a HELLO is refused', () => {
  for (const [what, change] of Object.entries(wrong)) {
    it(what, () => {
      const body = encodeValue({ ...helloOf('a'), ...change })
      assert.throws(() => decodeHandshake(frameKinds.hello, body), { code: 'FND_FRAME_INVALID' })
    })
  }

  it('or understood, whatever the bytes; nothing else is ever thrown', () => {
    const valid = bodyOf(handshakeFrames.hello(helloOf('a')))
    const spoiled = fc
      .tuple(fc.nat(valid.length - 1), fc.nat(255), fc.nat(valid.length))
      .map(([at, byte, end]) => {
        const bytes = Buffer.from(valid)
        bytes[at] = byte
        return bytes.subarray(0, end)
      })
    const kinds = fc.constantFrom(16, 17, 18, 19, 0, 255)
    fc.assert(
      fc.property(fc.oneof(spoiled, fc.uint8Array({ maxLength: 200 })), kinds, (bytes, kind) => {
        try {
          decodeHandshake(kind, bytes)
        } catch (error) {
          assert.ok(isFoundationError(error) && error.code === 'FND_FRAME_INVALID', String(error))
        }
      }),
      { numRuns: 2000 },
    )
  })
})

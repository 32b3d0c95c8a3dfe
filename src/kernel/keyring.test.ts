import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import { Keyring, SecretKey } from './keyring.ts'

const secret = 'a-secret-nobody-would-guess'
const other = 'another-secret-nobody-guesses'
const refused = { code: 'FND_SECRET_INVALID' }

describe('SecretKey', () => {
  it('refuses fewer than 16 bytes and says how many there are', () => {
    assert.throws(() => new SecretKey('123456789abcdef'), { ...refused, message: /has 15 bytes/ })
    assert.ok(new SecretKey('123456789abcdefg'))
  })

  it('counts bytes, not characters', () => {
    assert.ok(new SecretKey('äöüßéèêë'))
  })

  it('refuses a long text of few different characters', () => {
    assert.throws(() => new SecretKey('abcabcabcabcabcabcabc'), refused)
  })

  it('derives the same bytes from the same secret, use and scope', () => {
    const derive = (): Buffer => new SecretKey(secret).derive('psk', 'pair', 32)
    assert.deepEqual(derive(), derive())
    assert.equal(derive().length, 32)
  })

  it('derives other bytes for another use, another scope, another secret', () => {
    const key = new SecretKey(secret)
    const texts = [
      key.derive('psk', 'pair', 32),
      key.derive('udp', 'pair', 32),
      key.derive('psk', 'other pair', 32),
      new SecretKey(other).derive('psk', 'pair', 32),
    ].map((bytes) => bytes.toString('hex'))
    assert.equal(new Set(texts).size, 4)
  })

  it('has bytes and an id that never change, or upgraded nodes would not meet old ones', () => {
    const key = new SecretKey(secret)
    assert.equal(key.id, 'a14b9e22')
    assert.equal(key.derive('psk', 'pair', 8).toString('hex'), 'd8fab5ff8f8589df')
  })

  it('never shows its bytes', () => {
    const keyring = new Keyring([secret])
    const shown = [
      inspect(keyring, { depth: 9, showHidden: true }),
      JSON.stringify(keyring),
      inspect(Object.entries(keyring.keys[0])),
    ].join('\n')
    for (const form of ['utf8', 'hex', 'base64', 'base64url'] as const) {
      assert.ok(!shown.includes(Buffer.from(secret).toString(form)), form)
    }
    assert.ok(shown.includes(keyring.keys[0].id))
  })
})

describe('Keyring', () => {
  it('finds a key by its public id', () => {
    const keyring = new Keyring([secret, other])
    assert.equal(keyring.find(new SecretKey(other).id), keyring.keys[1])
    assert.equal(keyring.find('00000000'), undefined)
  })

  it('refuses to be empty, and one weak secret among good ones', () => {
    assert.throws(() => new Keyring([]), refused)
    assert.throws(() => new Keyring([secret, 'weak']), refused)
  })

  it('has the fingerprint of its first secret: four groups of four hex digits', () => {
    const { fingerprint } = new Keyring([secret])
    assert.match(fingerprint, /^[0-9a-f]{4}(-[0-9a-f]{4}){3}$/)
    assert.equal(new Keyring([secret, other]).fingerprint, fingerprint)
    assert.notEqual(new Keyring([other, secret]).fingerprint, fingerprint)
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Keyring } from '../../kernel/index.ts'
import {
  anyNode,
  hashCluster,
  hashNode,
  identityMaxBytes,
  judgeIdentity,
  parsePskIdentity,
  pskFor,
  pskIdentity,
} from './psk.ts'
import { secrets } from './tls-fixtures.test.ts'

const keyring = new Keyring([secrets.first])
const [key] = keyring.keys
const pairing = { keyId: key.id, cluster: 'shop', client: 'a', server: 'b' }
const own = { keyring, cluster: 'shop', self: 'b' }

describe('the PSK identity', () => {
  it('names version, key, cluster, client and server, and hides the names', () => {
    const identity = pskIdentity({ ...pairing, client: 'orders-1', server: 'orders-2' })
    assert.match(identity, /^fnd1\|[0-9a-f]{8}(\|[\w-]{20}){3}$/)
    assert.doesNotMatch(identity, /shop|orders/)
  })

  it('never changes, or upgraded nodes would not meet old ones', () => {
    assert.equal(
      pskIdentity(pairing),
      'fnd1|75ba1639|qWqdsubbQfy5fuoSA7Vu|YjesvPUbXRV5nM_74Em3|zQkXOI4xxrzhNdAUXm-J',
    )
  })

  it('stays within the bound however long the names are', () => {
    const long = 'ä'.repeat(5000)
    const identity = pskIdentity({ ...pairing, cluster: long, client: long, server: long })
    assert.ok(Buffer.byteLength(identity) <= identityMaxBytes)
    assert.ok(parsePskIdentity(identity))
  })

  it('hashes a name differently in each cluster, and a cluster unlike a node', () => {
    assert.notEqual(hashNode('shop', 'a'), hashNode('bank', 'a'))
    assert.notEqual(hashNode('a', 'b'), hashNode('ab', ''))
    assert.notEqual(hashCluster('a'), hashNode('', 'a'))
  })

  it('is read back as it was written', () => {
    assert.deepEqual(parsePskIdentity(pskIdentity({ ...pairing, server: anyNode })), {
      keyId: key.id,
      cluster: hashCluster('shop'),
      client: hashNode('shop', 'a'),
      server: anyNode,
    })
  })
})

describe('the PSK', () => {
  it('is 32 bytes, and another one for every ordered pair', () => {
    const pairs = [
      pairing,
      { ...pairing, server: anyNode },
      { ...pairing, client: 'b', server: 'a' },
    ]
    const keys = pairs.map((pair) => pskFor(key, pskIdentity(pair)))
    assert.deepEqual(
      keys.map(({ length }) => length),
      [32, 32, 32],
    )
    assert.equal(new Set(keys.map((bytes) => bytes.toString('hex'))).size, 3)
  })
})

describe('judgeIdentity', () => {
  const good = pskIdentity(pairing)
  const verdictOf = (offered: string): string => judgeIdentity(offered, own).kind

  it('finds the key of a dialer that means this node, or any', () => {
    const verdict = judgeIdentity(good, own)
    assert.ok(verdict.kind === 'known')
    assert.deepEqual(verdict.psk, pskFor(key, good))
    assert.equal(verdictOf(pskIdentity({ ...pairing, server: anyNode })), 'known')
  })

  it('tells another cluster, another secret and another node apart', () => {
    assert.equal(verdictOf(pskIdentity({ ...pairing, cluster: 'bank' })), 'other-cluster')
    assert.equal(verdictOf(pskIdentity({ ...pairing, keyId: '00000000' })), 'other-secret')
    assert.equal(verdictOf(pskIdentity({ ...pairing, server: 'c' })), 'other-server')
  })

  const malformed: Record<string, string> = {
    'a NUL at its end': `${good}\0`,
    'a NUL in it': good.replace('|', '|\0'),
    'text after it': `${good}|more`,
    'a line break at its end': `${good}\n`,
    'another version': good.replace('fnd1', 'fnd2'),
    'a key id in capitals': good.toUpperCase(),
    'any client': pskIdentity(pairing).replace(hashNode('shop', 'a'), '*'),
    '256 bytes': 'x'.repeat(256),
    '257 bytes': 'x'.repeat(257),
    nothing: '',
  }
  for (const [what, offered] of Object.entries(malformed)) {
    it(`refuses an identity with ${what}`, () => {
      assert.equal(verdictOf(offered), 'malformed')
    })
  }
})

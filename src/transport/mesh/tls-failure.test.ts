import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { acceptFailure, dialError, dialFailure, isMeshFailure } from './tls-failure.ts'

const address = 'b:7000'
const withCode = (code: string): Error => Object.assign(new Error('text'), { code })

/** Codes as Node 20, 22 and 24 give them, and what a dialer makes of them. */
const dialed: readonly (readonly [string, string, string])[] = [
  ['ECONNREFUSED', 'refused', 'FND_DIAL_FAILED'],
  ['ETIMEDOUT', 'timeout', 'FND_DIAL_FAILED'],
  ['ENOTFOUND', 'unreachable', 'FND_DIAL_FAILED'],
  ['EAI_AGAIN', 'unreachable', 'FND_DIAL_FAILED'],
  ['EHOSTUNREACH', 'unreachable', 'FND_DIAL_FAILED'],
  ['ENETUNREACH', 'unreachable', 'FND_DIAL_FAILED'],
  ['ECONNRESET', 'broken', 'FND_DIAL_FAILED'],
  ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', 'auth', 'FND_HANDSHAKE_REFUSED'],
  ['ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE', 'auth', 'FND_HANDSHAKE_REFUSED'],
  ['ERR_SSL_SSLV3_ALERT_ILLEGAL_PARAMETER', 'auth', 'FND_HANDSHAKE_REFUSED'],
  ['ERR_SSL_TLSV1_ALERT_DECRYPT_ERROR', 'auth', 'FND_HANDSHAKE_REFUSED'],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'auth', 'FND_HANDSHAKE_REFUSED'],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'auth', 'FND_HANDSHAKE_REFUSED'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'auth', 'FND_HANDSHAKE_REFUSED'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'auth', 'FND_HANDSHAKE_REFUSED'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'auth', 'FND_HANDSHAKE_REFUSED'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'broken', 'FND_DIAL_FAILED'],
  ['ERR_SSL_PACKET_LENGTH_TOO_LONG', 'broken', 'FND_DIAL_FAILED'],
  ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'broken', 'FND_DIAL_FAILED'],
  ['ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL', 'broken', 'FND_DIAL_FAILED'],
]

describe('dialFailure', () => {
  for (const [code, reason, errorCode] of dialed) {
    it(`reads ${code} as ${reason}`, () => {
      const cause = withCode(code)
      const error = dialFailure(cause, address)
      assert.equal(error.code, errorCode)
      assert.deepEqual(error.details, { reason, address })
      assert.match(error.message, /^Cannot link to b:7000: /)
      assert.equal(error.cause, cause)
    })
  }

  it('looks into an error of several addresses tried at once', () => {
    const error = new AggregateError([withCode('ECONNREFUSED'), withCode('ENETUNREACH')])
    assert.equal(dialFailure(error, address).details?.['reason'], 'refused')
    assert.equal(dialFailure(new AggregateError([]), address).details?.['reason'], 'broken')
  })

  it('takes anything thrown', () => {
    assert.equal(dialFailure('text', address).details?.['reason'], 'broken')
    assert.equal(dialFailure(undefined, address).details?.['reason'], 'broken')
  })
})

describe('acceptFailure', () => {
  const accepted: readonly (readonly [string, string])[] = [
    ['ERR_SSL_BINDER_DOES_NOT_VERIFY', 'auth'],
    ['ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM', 'auth'],
    ['ERR_SSL_NO_SHARED_CIPHER', 'auth'],
    ['ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE', 'auth'],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'auth'],
    ['ERR_TLS_HANDSHAKE_TIMEOUT', 'timeout'],
    ['ERR_SSL_HTTP_REQUEST', 'broken'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'broken'],
    ['ERR_SSL_UNSUPPORTED_PROTOCOL', 'broken'],
    ['ERR_SSL_NO_APPLICATION_PROTOCOL', 'broken'],
    ['ECONNRESET', 'broken'],
  ]
  for (const [code, reason] of accepted) {
    it(`reads ${code} as ${reason}`, () => {
      const refusal = acceptFailure(withCode(code), '10.0.0.9')
      assert.equal(refusal.reason, reason)
      assert.match(refusal.message, /^Turned away 10.0.0.9: /)
    })
  }

  it('believes the verdict on the identity more than the code of OpenSSL', () => {
    const error = withCode('ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM')
    const reasonOf = (verdict: Parameters<typeof acceptFailure>[2]): string =>
      acceptFailure(error, 'a', verdict).reason
    assert.equal(reasonOf('other-cluster'), 'cluster_mismatch')
    assert.equal(reasonOf('other-secret'), 'auth')
    assert.equal(reasonOf('other-server'), 'auth')
    assert.equal(reasonOf('malformed'), 'auth')
    assert.match(acceptFailure(error, 'a', 'other-secret').message, /foundation secret fingerprint/)
  })
})

describe('dialError', () => {
  it('has the code that fits the reason', () => {
    const codeOf = (reason: 'version' | 'name_in_use' | 'duplicate' | 'leaving'): string =>
      dialError({ reason, message: 'm' }, address).code
    assert.equal(codeOf('version'), 'FND_VERSION_UNSUPPORTED')
    assert.equal(codeOf('name_in_use'), 'FND_NAME_IN_USE')
    assert.equal(codeOf('duplicate'), 'FND_DIAL_FAILED')
    assert.equal(codeOf('leaving'), 'FND_DIAL_FAILED')
  })

  it('knows its reasons, and no names of object methods', () => {
    assert.equal(isMeshFailure('auth'), true)
    assert.equal(isMeshFailure('toString'), false)
  })
})

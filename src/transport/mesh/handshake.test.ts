import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { greetOverTls } from './tls-fixtures.test.ts'

describe('the handshake over loopback TLS', () => {
  it('greets two nodes that share a secret', async () => {
    const { dialed, accepted } = await greetOverTls()
    assert.equal(dialed.peer.name, 'b')
    assert.equal(accepted.peer.name, 'a')
    assert.deepEqual(accepted.confirm, dialed.confirm)
    assert.equal(dialed.link, accepted.link)
    assert.equal(dialed.socket.getCipher().name, 'TLS_CHACHA20_POLY1305_SHA256')
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { remoteAddressOf, remoteHostOf } from './remote-address.ts'

describe('the address of the other end', () => {
  it('is written as people write it', () => {
    assert.equal(remoteHostOf({ remoteAddress: '10.0.0.9' }), '10.0.0.9')
    assert.equal(remoteHostOf({ remoteAddress: '::ffff:10.0.0.9' }), '10.0.0.9')
    assert.equal(remoteHostOf({ remoteAddress: '::1' }), '[::1]')
    assert.equal(remoteHostOf({ remoteAddress: undefined }), 'unknown')
  })

  it('has the port after it', () => {
    assert.equal(remoteAddressOf({ remoteAddress: '::1', remotePort: 7 }), '[::1]:7')
    assert.equal(remoteAddressOf({ remoteAddress: '10.0.0.9', remotePort: 7 }), '10.0.0.9:7')
  })
})

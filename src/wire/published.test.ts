import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { messageCodes } from './codes.ts'
import { isPublished } from './published.ts'

describe('isPublished()', () => {
  it('knows what users publish, fenced or not, from what parts of nodes say', () => {
    const { publish, fenced, rpcRequest } = messageCodes
    const fence = [fenced, 0, 0, 0, 0, 0, 1]
    assert.ok(isPublished(Buffer.from([publish, 1])))
    assert.ok(isPublished(Buffer.from([...fence, publish, 1])))
    assert.ok(!isPublished(Buffer.from([rpcRequest, publish])))
    assert.ok(!isPublished(Buffer.from([...fence, rpcRequest])))
    assert.ok(!isPublished(Buffer.alloc(0)))
  })
})

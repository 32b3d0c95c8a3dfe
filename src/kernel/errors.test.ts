import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { errorCodes, FoundationError, isFoundationError, RemoteError, toError } from './errors.ts'

describe('FoundationError', () => {
  it('carries its code, whether a retry can help, details and cause', () => {
    const cause = new Error('ECONNREFUSED')
    const error = new FoundationError('FND_DIAL_FAILED', 'Dial failed', {
      details: { reason: 'refused' },
      cause,
    })
    assert.equal(error.code, 'FND_DIAL_FAILED')
    assert.equal(error.retryable, true)
    assert.deepEqual(error.details, { reason: 'refused' })
    assert.equal(error.cause, cause)
  })

  it('is recognised by its brand, as another copy of the package would make it', () => {
    const foreign = Object.defineProperty(new Error('x'), Symbol.for('foundation-ts.error'), {
      value: true,
    })
    assert.equal(isFoundationError(foreign), true)
    assert.equal(isFoundationError(new Error('x')), false)
    assert.equal(isFoundationError({ code: 'FND_TIMED_OUT' }), false)
  })
})

describe('RemoteError', () => {
  it('says where it was thrown and keeps the code of the other side', () => {
    const error = new RemoteError('b', { name: 'TypeError', message: 'no', code: 'E_NO' })
    assert.equal(error.nodeName, 'b')
    assert.equal(error.remoteName, 'TypeError')
    assert.equal(error.remoteCode, 'E_NO')
    assert.equal(error.remoteStack, undefined)
    assert.ok(isFoundationError(error))
  })
})

describe('toError()', () => {
  it('keeps errors and wraps anything else', () => {
    const error = new Error('x')
    assert.equal(toError(error), error)
    assert.equal(toError('text').message, 'text')
  })
})

describe('docs/reference/errors.md', () => {
  it('lists exactly the codes of the table, with their meaning and whether to retry', () => {
    const page = readFileSync(new URL('../../docs/reference/errors.md', import.meta.url), 'utf8')
    const rows = [...page.matchAll(/^\| `(FND_\w+)` \| (yes|no) \| (.+?) \|/gm)].map(
      ([, code, retry, meaning]) => [code, { retryable: retry === 'yes', meaning }] as const,
    )
    assert.deepEqual(Object.fromEntries(rows), { ...errorCodes })
  })
})

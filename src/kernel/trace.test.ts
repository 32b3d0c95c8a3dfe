import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { describe, it } from 'node:test'
import { carriedTrace, currentTrace, keepContext, provideTraces, runInTrace } from './trace.ts'

describe('a trace', () => {
  it('is there in all the work it began, also after a wait, and nowhere else', async () => {
    const trace = { correlationId: 'r-1' }
    const later = runInTrace(trace, async () => {
      assert.equal(currentTrace(), trace)
      await new Promise(setImmediate)
      return currentTrace()
    })
    assert.equal(currentTrace(), undefined)
    assert.equal(await later, trace)
  })

  it('can be left: work of another cause does not inherit it', () => {
    runInTrace({ correlationId: 'r-1' }, () => {
      runInTrace(undefined, () => {
        assert.equal(currentTrace(), undefined)
      })
      assert.equal(currentTrace()?.correlationId, 'r-1')
    })
  })

  it('is kept for work that another message begins, with what other libraries carry', () => {
    const trace = { correlationId: 'r-1' }
    const other = new AsyncLocalStorage<string>()
    const kept = other.run('theirs', () => runInTrace(trace, keepContext))
    runInTrace({ correlationId: 'r-2' }, () => {
      assert.deepEqual(
        kept(() => [currentTrace(), other.getStore()]),
        [trace, 'theirs'],
      )
      assert.equal(currentTrace()?.correlationId, 'r-2')
    })
  })

  it('can come from another library, which leaves what was carried in place', () => {
    const takeBack = provideTraces(() => ({ traceparent: '00-1-2-01' }))
    try {
      runInTrace({ correlationId: 'r-1', traceparent: '00-1-1-01' }, () => {
        assert.deepEqual(currentTrace(), { correlationId: 'r-1', traceparent: '00-1-2-01' })
        assert.deepEqual(carriedTrace(), { correlationId: 'r-1', traceparent: '00-1-1-01' })
      })
    } finally {
      takeBack()
    }
    assert.equal(currentTrace(), undefined)
  })
})

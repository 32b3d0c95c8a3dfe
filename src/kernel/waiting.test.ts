import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sleep, systemHost, type Host } from './host.ts'
import { deferred, within } from './waiting.ts'

/** A host whose timers fire only by hand; `open` counts those neither fired nor cancelled. */
function manualHost(): Host & { fire: () => void; open: () => number } {
  const timers = new Set<() => void>()
  return {
    ...systemHost,
    after: (_delayMs, run) => {
      timers.add(run)
      return { cancel: () => timers.delete(run) }
    },
    fire: () => {
      for (const run of [...timers]) {
        timers.delete(run)
        run()
      }
    },
    open: () => timers.size,
  }
}

describe('within()', () => {
  it('gives what the work gives and leaves no timer', async () => {
    const host = manualHost()
    assert.equal(await within(host, Promise.resolve(1), { what: 'x', timeoutMs: 5 }), 1)
    assert.equal(host.open(), 0)
  })

  it('rejects with FND_TIMED_OUT, naming the work, when the deadline is first', async () => {
    const host = manualHost()
    const waiting = within(host, deferred<number>().promise, { what: 'ready()', timeoutMs: 5 })
    host.fire()
    await assert.rejects(waiting, {
      code: 'FND_TIMED_OUT',
      message: 'ready() took longer than 5 ms',
    })
  })

  it('rethrows the reason of the signal untouched', async () => {
    const reason = { why: 'mine' }
    const aborter = new AbortController()
    const waiting = within(manualHost(), deferred<number>().promise, {
      what: 'x',
      signal: aborter.signal,
    })
    aborter.abort(reason)
    await assert.rejects(waiting, (thrown) => thrown === reason)
    await assert.rejects(
      within(manualHost(), Promise.resolve(1), { what: 'x', signal: aborter.signal }),
      (thrown) => thrown === reason,
    )
  })
})

describe('sleep()', () => {
  it('tells whether it slept or was aborted', async () => {
    const host = manualHost()
    const slept = sleep(host, 5)
    host.fire()
    assert.equal(await slept, true)
    const aborter = new AbortController()
    const aborted = sleep(host, 5, aborter.signal)
    aborter.abort()
    assert.equal(await aborted, false)
    assert.equal(await sleep(host, 5, aborter.signal), false)
    assert.equal(host.open(), 0)
  })
})

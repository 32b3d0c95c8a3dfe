import assert from 'node:assert/strict'
import process from 'node:process'
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

describe('within(), when nobody waits', () => {
  it('leaves no rejection unhandled when the signal had aborted before', async () => {
    const unhandled: unknown[] = []
    const onUnhandled = (reason: unknown): void => {
      unhandled.push(reason)
    }
    process.on('unhandledRejection', onUnhandled)
    const work = Promise.reject(new Error('the work failed as well'))
    const waiting = within(manualHost(), work, { what: 'x', signal: AbortSignal.abort('mine') })
    await assert.rejects(waiting, (thrown) => thrown === 'mine')
    await new Promise(setImmediate)
    process.off('unhandledRejection', onUnhandled)
    assert.deepEqual(unhandled, [])
  })
})

describe('systemHost', () => {
  it('takes a delay longer than a timer can hold for a long one, not for none', async () => {
    let fired = 0
    const timers = [Infinity, 2 ** 40].map((delayMs) =>
      systemHost.after(delayMs, () => (fired += 1)),
    )
    await sleep(systemHost, 20)
    for (const timer of timers) timer.cancel()
    assert.equal(fired, 0)
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
